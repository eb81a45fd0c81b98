#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <bascule/base/checked.h>
#include <bascule/base/file.h>
#include <bascule/base/text.h>
#include <bascule/tensor/safetensors.h>

#include "tensor/safetensors_header.h"

namespace bascule {
namespace {

Error refuse(const std::string& path, std::string_view name, std::string_view what) {
  return {Code::kUsage, fmt::format("{}: cannot write \"{}\": {}", path, printable(name), what)};
}

}  // namespace

void SafetensorsWriter::add(std::string name, DType dtype, Shape shape,
                            std::span<const std::byte> bytes) {
  entries_.push_back({std::move(name), dtype, std::move(shape), bytes});
}

std::int64_t SafetensorsWriter::bytes() const {
  std::int64_t total = 0;
  for (const Entry& entry : entries_) total += std::ssize(entry.bytes);
  return total;
}

void SafetensorsWriter::set_metadata(std::string key, std::string value) {
  metadata_[std::move(key)] = std::move(value);
}

Status SafetensorsWriter::write(const std::string& path) const {
  // Wide elements first, so that every tensor is aligned once the first is.
  std::vector<const Entry*> order;
  for (const Entry& entry : entries_) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    const std::size_t wide_a = dtype_size(a->dtype), wide_b = dtype_size(b->dtype);
    return wide_a != wide_b ? wide_a > wide_b : a->name < b->name;
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  for (const auto& [key, value] : metadata_) {
    if (!simdjson::validate_utf8(key) || !simdjson::validate_utf8(value))
      return refuse(path, key, "metadata is not UTF-8");
    header[detail::kMetadataKey][key] = value;
  }
  std::vector<std::span<const std::byte>> pieces(2);
  std::int64_t offset = 0;
  for (const Entry* entry : order) {
    if (!simdjson::validate_utf8(entry->name)) return refuse(path, entry->name, "is not UTF-8");
    if (entry->name == detail::kMetadataKey) return refuse(path, entry->name, "is a reserved name");
    if (header.contains(entry->name)) return refuse(path, entry->name, "was added twice");
    const auto bytes =
        checked_mul(entry->shape.count(), static_cast<std::int64_t>(dtype_size(entry->dtype)));
    if (!bytes || static_cast<std::size_t>(*bytes) != entry->bytes.size())
      return refuse(path, entry->name, "its bytes do not make its shape");
    const std::int64_t end = offset + *bytes;
    header[entry->name] = {{"dtype", dtype_name(entry->dtype)},
                           {"shape", entry->shape.extents()},
                           {"data_offsets", {offset, end}}};
    pieces.push_back(entry->bytes);
    offset = end;
  }
  std::string text = header.dump();
  text.resize(
      (text.size() + detail::kLengthBytes - 1) / detail::kLengthBytes * detail::kLengthBytes, ' ');
  if (text.size() > detail::kMaxHeaderBytes)
    return {Code::kFailed, fmt::format("{}: too many tensors for one file", path)};
  const std::uint64_t length = text.size();
  pieces[0] = std::as_bytes(std::span(&length, 1));
  pieces[1] = std::as_bytes(std::span(text));
  return write_atomically(path, pieces);
}

}  // namespace bascule
