// The opcodes: which there are, what follows them, and what each does.
#include "data/pickle_machine.h"

#include <utility>

#include <fmt/format.h>

namespace bascule {
namespace {

constexpr std::size_t kMaxDepth = 64;

// Opcodes by their names in pickletools.py.
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96
};

}  // namespace

Error PickleMachine::error(std::string_view why) const {
  const bool inside = opcode_ < bytes_.size();
  return {Code::kBadData,
          fmt::format("{}: byte {}, opcode 0x{:02x}: {}", out_.name_, opcode_,
                      inside ? static_cast<unsigned char>(bytes_[opcode_]) : 0, why)};
}

Status PickleMachine::run() {
  if (bytes_.size() < 2 || static_cast<unsigned char>(bytes_[0]) != kProto)
    return error("not a pickle of protocol 2 to 5");
  if (bytes_[1] < 2 || bytes_[1] > 5)
    return error(
        fmt::format("protocol {} is not read, only 2 to 5", static_cast<unsigned char>(bytes_[1])));
  for (at_ = 2; at_ < bytes_.size();) {
    opcode_ = at_++;
    const auto opcode = static_cast<unsigned char>(bytes_[opcode_]);
    if (opcode != kStop) {
      BASCULE_TRY(step(opcode));
      continue;
    }
    if (stack_.size() != 1 || !marks_.empty()) return error("ends with a stack that is not one");
    if (at_ != bytes_.size()) return error("bytes follow the end");
    out_.root_ = stack_.front();
    return {};
  }
  opcode_ = bytes_.size();
  return error("ends without the opcode that says so");
}

Status PickleMachine::step(unsigned char opcode) {
  switch (opcode) {
    case kFrame: {
      BASCULE_ASSIGN(const std::uint64_t size, unsigned_argument(8));
      if (size > bytes_.size() - at_) return error("a frame reaches beyond the end");
      return {};
    }
    case kNone:
      return push({});
    case kNewTrue:
    case kNewFalse:
      return push_integer(opcode == kNewTrue ? 1 : 0, Kind::kBool);
    case kBinInt: {
      BASCULE_ASSIGN(const std::uint64_t bits, unsigned_argument(4));
      return push_integer(static_cast<std::int32_t>(bits));
    }
    case kBinInt1:
    case kBinInt2: {
      BASCULE_ASSIGN(const std::uint64_t value, unsigned_argument(opcode == kBinInt1 ? 1 : 2));
      return push_integer(static_cast<std::int64_t>(value));
    }
    case kLong1:
      return push_long();
    case kBinFloat:
      return push_float();
    case kShortBinString:
    case kShortBinBytes:
    case kShortBinUnicode: {
      BASCULE_ASSIGN(const std::string_view text, bytes_argument(1));
      return push_text(text);
    }
    case kBinString:
    case kBinBytes:
    case kBinUnicode: {
      BASCULE_ASSIGN(const std::string_view text, bytes_argument(4));
      return push_text(text);
    }
    case kBinBytes8:
    case kBinUnicode8:
    case kByteArray8: {
      BASCULE_ASSIGN(const std::string_view text, bytes_argument(8));
      return push_text(text);
    }
    default:
      return step_container(opcode);
  }
}

Status PickleMachine::step_container(unsigned char opcode) {
  PickleValue fresh;
  switch (opcode) {
    case kMark:
      if (marks_.size() == kMaxDepth) return error("nested deeper than 64");
      marks_.push_back(stack_.size());
      return {};
    case kEmptyList:
      fresh.kind = Kind::kList;
      return push(std::move(fresh));
    case kEmptyDict:
      fresh.kind = Kind::kDict;
      return push(std::move(fresh));
    case kEmptyTuple:
      return push_tuple(0);
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return push_tuple(static_cast<std::size_t>(opcode - kTuple1) + 1);
    case kTuple: {
      BASCULE_ASSIGN(fresh.items, pop_to_mark());
      fresh.kind = Kind::kTuple;
      return push(std::move(fresh));
    }
    case kAppend: {
      BASCULE_ASSIGN(const Index item, pop());
      return append({item}, Kind::kList);
    }
    case kSetItem: {
      BASCULE_ASSIGN(const Index value, pop());
      BASCULE_ASSIGN(const Index key, pop());
      return append({key, value}, Kind::kDict);
    }
    case kAppends:
    case kSetItems: {
      BASCULE_ASSIGN(const std::vector<Index> items, pop_to_mark());
      return append(items, opcode == kAppends ? Kind::kList : Kind::kDict);
    }
    default:
      return step_memo(opcode);
  }
}

Status PickleMachine::step_memo(unsigned char opcode) {
  const bool is_long = opcode == kLongBinPut || opcode == kLongBinGet;
  switch (opcode) {
    case kMemoize:
      return put(memo_.size());
    case kBinPut:
    case kLongBinPut: {
      BASCULE_ASSIGN(const std::uint64_t slot, unsigned_argument(is_long ? 4 : 1));
      return put(slot);
    }
    case kBinGet:
    case kLongBinGet: {
      BASCULE_ASSIGN(const std::uint64_t slot, unsigned_argument(is_long ? 4 : 1));
      return get(slot);
    }
    default:
      return step_object(opcode);
  }
}

Status PickleMachine::step_object(unsigned char opcode) {
  switch (opcode) {
    case kGlobal: {
      BASCULE_ASSIGN(const std::string_view module, line_argument());
      BASCULE_ASSIGN(const std::string_view symbol, line_argument());
      return push_symbol(module, symbol);
    }
    case kStackGlobal: {
      BASCULE_ASSIGN(const Index symbol, pop());
      BASCULE_ASSIGN(const Index module, pop());
      return push_symbol(out_.values_[module].text, out_.values_[symbol].text);
    }
    case kReduce:
      return reduce();
    case kBuild:
      return build();
    default:
      return error("plain data does not need this opcode: refused");
  }
}

Result<std::uint64_t> PickleMachine::unsigned_argument(std::size_t size) {
  if (bytes_.size() - at_ < size) return error("cut short");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes_[at_ + i])} << (8 * i);
  at_ += size;
  return value;
}

Result<std::string_view> PickleMachine::bytes_argument(std::size_t length_size) {
  BASCULE_ASSIGN(const std::uint64_t length, unsigned_argument(length_size));
  if (length > bytes_.size() - at_)
    return error(
        fmt::format("cut short: {} bytes wanted, {} are left", length, bytes_.size() - at_));
  const std::string_view text = bytes_.substr(at_, length);
  at_ += length;
  return text;
}

Result<std::string_view> PickleMachine::line_argument() {
  const std::size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) return error("cut short");
  const std::string_view line = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  return line;
}

}  // namespace bascule
