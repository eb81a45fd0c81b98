// What NumPy writes for an array: calls that are understood here instead of being made. An array is
// _reconstruct(ndarray, (0,), b"b") and then its state (1, shape, dtype, fortran_order, bytes), or
// since protocol 5 _frombuffer(bytes, dtype, shape, "C").
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/text.h>

#include "data/pickle_machine.h"

namespace bascule {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> choices) {
  return std::find(choices.begin(), choices.end(), text) != choices.end();
}

}  // namespace

const PickleValue* PickleMachine::item(const PickleValue& tuple, std::size_t n, Kind kind) const {
  if (tuple.kind != Kind::kTuple || n >= tuple.items.size()) return nullptr;
  const PickleValue& value = out_.values_[tuple.items[n]];
  return value.kind == kind ? &value : nullptr;
}

Status PickleMachine::push_symbol(std::string_view module, std::string_view symbol) {
  // NumPy 2 renamed numpy.core to numpy._core.
  const bool multiarray = is_one_of(module, {"numpy.core.multiarray", "numpy._core.multiarray"});
  const bool numeric = is_one_of(module, {"numpy.core.numeric", "numpy._core.numeric"});
  if (multiarray && symbol == "_reconstruct") return push_integer(kReconstruct, Kind::kSymbol);
  if (module == "numpy" && symbol == "ndarray") return push_integer(kNdarray, Kind::kSymbol);
  if (module == "numpy" && symbol == "dtype") return push_integer(kDtypeName, Kind::kSymbol);
  if (numeric && symbol == "_frombuffer") return push_integer(kFromBuffer, Kind::kSymbol);
  // How Python 3 writes bytes in protocol 2.
  if (module == "_codecs" && symbol == "encode") return push_integer(kEncode, Kind::kSymbol);
  return error(fmt::format("names \"{}.{}\", which plain data does not need: refused",
                           printable(module), printable(symbol)));
}

Status PickleMachine::reduce() {
  BASCULE_ASSIGN(const Index arguments_index, pop());
  BASCULE_ASSIGN(const Index symbol_index, pop());
  const PickleValue& symbol = out_.values_[symbol_index];
  if (symbol.kind != Kind::kSymbol || out_.values_[arguments_index].kind != Kind::kTuple)
    return error("calls something that is not a known name with a tuple");
  if (out_.values_[arguments_index].items.size() > 4) return error("more than four arguments");
  const PickleValue arguments = out_.values_[arguments_index];  // a copy: values may move
  switch (symbol.integer) {
    case kReconstruct: {
      const PickleValue* type = item(arguments, 0, Kind::kSymbol);
      if (type == nullptr || type->integer != kNdarray || arguments.items.size() != 3)
        return error("_reconstruct of something that is not an ndarray");
      return push_integer(-1, Kind::kArray);
    }
    case kDtypeName:
      return make_dtype(arguments);
    case kFromBuffer:
      return make_from_buffer(arguments);
    case kEncode:
      return make_encoded(arguments);
    default:
      return error("calls ndarray, which only _reconstruct takes");
  }
}

Status PickleMachine::make_dtype(const PickleValue& arguments) {
  const PickleValue* code = item(arguments, 0, Kind::kText);
  NpyHeader header;
  if (code == nullptr || code->text.size() > 4) return error("a dtype without its code");
  // The byte order follows with the state; numbers of one byte have none.
  const std::string ordered =
      fmt::format("{}{}", code->text.ends_with("1") ? "|" : "<", printable(code->text));
  if (!set_npy_dtype(ordered, header) || header.kind == 'S' || header.kind == 'U')
    return error(fmt::format("dtype \"{}\" is not a number", printable(code->text)));
  out_.dtypes_.push_back(std::move(header));
  return push_integer(static_cast<std::int64_t>(out_.dtypes_.size() - 1), Kind::kDtype);
}

Status PickleMachine::make_from_buffer(const PickleValue& arguments) {
  const PickleValue* data = item(arguments, 0, Kind::kText);
  const PickleValue* dtype = item(arguments, 1, Kind::kDtype);
  const PickleValue* shape = item(arguments, 2, Kind::kTuple);
  const PickleValue* order = item(arguments, 3, Kind::kText);
  if (data == nullptr || dtype == nullptr || shape == nullptr || order == nullptr ||
      arguments.items.size() != 4 || !is_one_of(order->text, {"C", "F"}))
    return error("_frombuffer without bytes, dtype, shape and order");
  PickleValue array;
  array.kind = Kind::kArray;
  BASCULE_TRY(finish_array(array, *shape, *dtype, order->text == "F", *data));
  return push(std::move(array));
}

Status PickleMachine::make_encoded(const PickleValue& arguments) {
  const PickleValue* text = item(arguments, 0, Kind::kText);
  const PickleValue* codec = item(arguments, 1, Kind::kText);
  if (text == nullptr || codec == nullptr || arguments.items.size() != 2 ||
      !is_one_of(codec->text, {"latin1", "latin-1"}))
    return error("encodes something else than a text as latin1");
  std::string bytes;
  bytes.reserve(text->text.size());
  for (std::size_t i = 0; i < text->text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text->text[i]);
    if (byte >= 0x80) {  // UTF-8 of U+0080 to U+00FF is two bytes: c2 or c3, and the low six bits
      const unsigned char low =
          i + 1 < text->text.size() ? static_cast<unsigned char>(text->text[i + 1]) : 0;
      if ((byte != 0xc2 && byte != 0xc3) || (low & 0xc0) != 0x80)
        return error("a text that latin1 cannot write");
      byte = static_cast<unsigned char>((byte & 3) << 6 | (low & 0x3f));
      ++i;
    }
    bytes.push_back(static_cast<char>(byte));
  }
  // One text may be encoded again and again: what comes of it stays within the file's size.
  encoded_ += bytes.size();
  if (encoded_ > bytes_.size()) return error("encodes more bytes than the file has");
  out_.texts_.push_back(std::move(bytes));
  return push_text(out_.texts_.back());
}

Status PickleMachine::build() {
  BASCULE_ASSIGN(const Index state_index, pop());
  BASCULE_ASSIGN(const Index object_index, pop());
  stack_.push_back(object_index);
  const PickleValue& state = out_.values_[state_index];
  PickleValue& object = out_.values_[object_index];
  if (object.kind == Kind::kDtype) return build_dtype(object, state);
  if (object.kind == Kind::kArray) return build_array(object, state);
  return error("sets the state of something that has none");
}

Status PickleMachine::build_dtype(PickleValue& dtype, const PickleValue& state) {
  // (version, byte order, subarray, names, fields, item size, alignment, flags)
  const PickleValue* order = item(state, 1, Kind::kText);
  if (order == nullptr || !is_one_of(order->text, {"<", ">", "|", "="}))
    return error("a dtype without a byte order");
  for (const std::size_t n : {std::size_t{2}, std::size_t{3}, std::size_t{4}})
    if (item(state, n, Kind::kNone) == nullptr) return error("a dtype of records");
  out_.dtypes_[static_cast<std::size_t>(dtype.integer)].big_endian = order->text == ">";
  return {};
}

Status PickleMachine::build_array(PickleValue& array, const PickleValue& state) {
  const PickleValue* shape = item(state, 1, Kind::kTuple);
  const PickleValue* dtype = item(state, 2, Kind::kDtype);
  const PickleValue* order = item(state, 3, Kind::kBool);
  const PickleValue* data = item(state, 4, Kind::kText);
  if (array.integer >= 0) return error("an array gets its elements twice");
  if (shape == nullptr || dtype == nullptr || order == nullptr || data == nullptr)
    return error("an array's state is not version, shape, dtype, order and bytes");
  return finish_array(array, *shape, *dtype, order->integer != 0, *data);
}

Status PickleMachine::finish_array(PickleValue& array, const PickleValue& shape,
                                   const PickleValue& dtype, bool fortran_order,
                                   const PickleValue& data) {
  NpyHeader header = out_.dtypes_[static_cast<std::size_t>(dtype.integer)];
  header.fortran_order = fortran_order;
  if (shape.items.size() > 32) return error("an array of more than 32 dimensions");
  for (const Index extent : shape.items) {
    if (out_.values_[extent].kind != Kind::kInt) return error("an array's shape is not integers");
    header.shape.push_back(out_.values_[extent].integer);
  }
  auto view = npy_view(std::move(header), data.text, "array");
  if (!view.ok()) return error(view.error().message);
  out_.arrays_.push_back(std::move(view).value());
  array.integer = static_cast<std::int64_t>(out_.arrays_.size() - 1);
  return {};
}

}  // namespace bascule
