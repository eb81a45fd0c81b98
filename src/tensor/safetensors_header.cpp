// Reading the header strictly: everything in it is consumed and checked, nothing is skipped.
#include "tensor/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include <bascule/base/checked.h>
#include <bascule/base/text.h>

namespace bascule::detail {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

constexpr std::size_t kMaxRank = 64;
constexpr std::size_t kMaxDepth = 8;  // the format needs 3

struct Extent {
  std::int64_t begin = 0, end = 0;
  const std::string* name = nullptr;
};

class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> data, const std::string& path)
      : data_(data), path_(path) {}

  Result<SafetensorsContent> read(std::string_view header);

 private:
  [[nodiscard]] Error bad(std::string_view what) const {
    return {Code::kBadData, fmt::format("{}: {}", path_, what)};
  }
  [[nodiscard]] Error bad_tensor(std::string_view name, std::string_view what) const {
    return bad(fmt::format("tensor \"{}\": {}", printable(name), what));
  }
  [[nodiscard]] Error bad_json(simdjson::error_code code) const {
    return bad(fmt::format("header is not valid JSON: {}", simdjson::error_message(code)));
  }
  Status read_root(ondemand::object root);
  Status read_metadata(ondemand::object object);
  Status read_tensor(const std::string& name, ondemand::object object);
  Result<std::vector<std::int64_t>> read_integers(const std::string& name, ondemand::value value,
                                                  std::size_t max_count) const;
  Status add_tensor(const std::string& name, DType dtype, Shape shape,
                    const std::vector<std::int64_t>& offsets);
  Status check_layout();

  std::span<const std::byte> data_;
  const std::string& path_;
  SafetensorsContent content_;
  std::vector<Extent> extents_;
};

Result<SafetensorsContent> HeaderReader::read(std::string_view header) {
  const simdjson::padded_string padded(header);
  ondemand::parser parser;
  if (padded.data() == nullptr || parser.allocate(header.size(), kMaxDepth) != simdjson::SUCCESS)
    return Error{Code::kFailed, fmt::format("{}: out of memory for its header", path_)};
  ondemand::document document;
  if (const auto code = parser.iterate(padded).get(document)) return bad_json(code);
  ondemand::object root;
  if (const auto code = document.get_object().get(root)) return bad_json(code);
  BASCULE_TRY(read_root(root));
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
    return bad("header has text after its JSON object");
  BASCULE_TRY(check_layout());
  return std::move(content_);
}

Status HeaderReader::read_root(ondemand::object root) {
  bool has_metadata = false;
  for (auto entry : root) {
    ondemand::field field;
    if (const auto code = std::move(entry).get(field)) return bad_json(code);
    std::string_view key;
    if (const auto code = field.unescaped_key().get(key)) return bad_json(code);
    const std::string name(key);
    ondemand::object object;
    if (field.value().get_object().get(object) != simdjson::SUCCESS)
      return bad_tensor(name, "is not a JSON object");
    if (name == kMetadataKey) {
      if (has_metadata) return bad("header has __metadata__ twice");
      has_metadata = true;
      BASCULE_TRY(read_metadata(object));
    } else {
      BASCULE_TRY(read_tensor(name, object));
    }
  }
  return {};
}

Status HeaderReader::read_metadata(ondemand::object object) {
  for (auto entry : object) {
    ondemand::field field;
    if (const auto code = std::move(entry).get(field)) return bad_json(code);
    std::string_view key, value;
    if (const auto code = field.unescaped_key().get(key)) return bad_json(code);
    std::string name(key);
    if (field.value().get_string().get(value) != simdjson::SUCCESS)
      return bad(fmt::format("metadata \"{}\" is not a string", printable(name)));
    const auto [at, added] = content_.metadata.emplace(std::move(name), value);
    if (!added) return bad(fmt::format("metadata \"{}\" occurs twice", printable(at->first)));
  }
  return {};
}

Result<std::vector<std::int64_t>> HeaderReader::read_integers(const std::string& name,
                                                              ondemand::value value,
                                                              std::size_t max_count) const {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS)
    return bad_tensor(name, "shape and data_offsets must be lists");
  std::vector<std::int64_t> integers;
  for (auto element : array) {
    std::int64_t number = 0;
    if (element.get_int64().get(number) != simdjson::SUCCESS || number < 0)
      return bad_tensor(name, "shape and data_offsets must hold integers from 0 to 2^63 - 1");
    if (integers.size() == max_count)
      return bad_tensor(name, fmt::format("list of more than {} numbers", max_count));
    integers.push_back(number);
  }
  return integers;
}

Status HeaderReader::read_tensor(const std::string& name, ondemand::object object) {
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  std::optional<std::vector<std::int64_t>> offsets;
  for (auto entry : object) {
    ondemand::field field;
    if (const auto code = std::move(entry).get(field)) return bad_json(code);
    std::string_view key_view;
    if (const auto code = field.unescaped_key().get(key_view)) return bad_json(code);
    const std::string key(key_view);
    if (key == "dtype" && !dtype) {
      std::string_view text;
      if (field.value().get_string().get(text) != simdjson::SUCCESS)
        return bad_tensor(name, "dtype is not a string");
      dtype = dtype_from_name(text);
      if (!dtype)
        return bad_tensor(name, fmt::format("dtype \"{}\" is not supported", printable(text)));
    } else if (key == "shape" && !shape) {
      BASCULE_ASSIGN(auto integers, read_integers(name, field.value(), kMaxRank));
      auto made = Shape::make(std::move(integers));
      if (!made.ok()) return bad_tensor(name, made.error().message);
      shape = std::move(*made);
    } else if (key == "data_offsets" && !offsets) {
      BASCULE_ASSIGN(offsets, read_integers(name, field.value(), 2));
    } else {
      return bad_tensor(name, fmt::format("key \"{}\" is unknown or occurs twice", printable(key)));
    }
  }
  if (!dtype || !shape || !offsets || offsets->size() != 2)
    return bad_tensor(name, "needs dtype, shape and two data_offsets");
  return add_tensor(name, *dtype, std::move(*shape), *offsets);
}

Status HeaderReader::add_tensor(const std::string& name, DType dtype, Shape shape,
                                const std::vector<std::int64_t>& offsets) {
  const std::int64_t begin = offsets[0], end = offsets[1];
  if (begin > end || end > static_cast<std::int64_t>(data_.size()))
    return bad_tensor(name, "data_offsets do not lie in the file");
  const auto bytes = checked_mul(shape.count(), static_cast<std::int64_t>(dtype_size(dtype)));
  if (!bytes || *bytes != end - begin)
    return bad_tensor(name, fmt::format("{} bytes do not make {}{}", end - begin, dtype_name(dtype),
                                        shape.to_string()));
  TensorView view{
      dtype, std::move(shape),
      data_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))};
  const auto [at, added] = content_.tensors.emplace(name, std::move(view));
  if (!added) return bad_tensor(name, "occurs twice");
  extents_.push_back({begin, end, &at->first});
  return {};
}

// The tensors must cover the data exactly: no byte without an owner, none with two.
Status HeaderReader::check_layout() {
  std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::int64_t covered = 0;
  for (const Extent& extent : extents_) {
    if (extent.begin < covered) return bad_tensor(*extent.name, "overlaps another tensor");
    if (extent.begin > covered) return bad_tensor(*extent.name, "leaves a hole before it");
    covered = extent.end;
  }
  if (covered != static_cast<std::int64_t>(data_.size()))
    return bad(fmt::format("{} bytes after the last tensor",
                           static_cast<std::int64_t>(data_.size()) - covered));
  return {};
}

}  // namespace

Result<SafetensorsContent> parse_safetensors(std::span<const std::byte> file,
                                             const std::string& path) {
  const auto bad = [&](std::string_view what) {
    return Error{Code::kBadData, fmt::format("{}: {}", path, what)};
  };
  if (file.size() < kLengthBytes) return bad("is too short to be a safetensors file");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  const auto rest = file.subspan(kLengthBytes);
  if (length > kMaxHeaderBytes)
    return bad(
        fmt::format("header of {} bytes is longer than the {} allowed", length, kMaxHeaderBytes));
  if (length > rest.size())
    return bad(fmt::format("header of {} bytes does not fit in the file (cut short?)", length));
  const std::string_view header(reinterpret_cast<const char*>(rest.data()), length);
  if (!header.starts_with('{')) return bad("header does not start with '{'");
  return HeaderReader(rest.subspan(length), path).read(header);
}

}  // namespace bascule::detail
