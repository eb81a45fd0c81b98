#include <charconv>
#include <string>

#include <fmt/format.h>

#include <bascule/recsys/interactions_io.h>

namespace bascule {
namespace {

constexpr const char* kItemsKey = "items";

}  // namespace

void save_interactions(SafetensorsWriter& writer, const CompressedView& matrix,
                       std::span<const std::int64_t> time) {
  const std::int64_t count = matrix.nonzeros();
  const auto n = static_cast<std::size_t>(count);
  writer.set_metadata(kItemsKey, std::to_string(matrix.minors));
  writer.add("interactions.offsets", Shape{matrix.majors + 1},
             std::span(matrix.offsets, static_cast<std::size_t>(matrix.majors) + 1));
  writer.add("interactions.indices", Shape{count}, std::span(matrix.indices, n));
  writer.add("interactions.values", Shape{count}, std::span(matrix.values, n));
  if (!time.empty()) writer.add("interactions.time", Shape{count}, time);
}

Result<StoredInteractions> load_interactions(const SafetensorsFile& file) {
  BASCULE_ASSIGN(const auto offsets, file.get<std::int64_t>("interactions.offsets"));
  BASCULE_ASSIGN(const auto indices, file.get<std::int32_t>("interactions.indices"));
  BASCULE_ASSIGN(const auto values, file.get<float>("interactions.values"));
  const auto bad = [&](const std::string& why) {
    return Error{Code::kBadData, fmt::format("{}: {}", file.path(), why)};
  };
  const auto items = file.metadata().find(kItemsKey);
  if (items == file.metadata().end()) return bad("the number of items is missing");
  std::int64_t minors = -1;
  const char* const end = items->second.data() + items->second.size();
  const auto parsed = std::from_chars(items->second.data(), end, minors);
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad("the number of items is no number");
  const std::int64_t majors = static_cast<std::int64_t>(offsets.size()) - 1;
  if (Status status = check_compressed(majors, minors, offsets, indices, values); !status.ok())
    return bad(status.error().message);
  StoredInteractions stored;
  stored.matrix = {majors, minors, offsets.data(), indices.data(), values.data()};
  if (file.tensors().contains("interactions.time")) {
    BASCULE_ASSIGN(stored.time, file.get<std::int64_t>("interactions.time"));
    if (stored.time.size() != indices.size()) return bad("interactions.time has the wrong length");
  }
  return stored;
}

}  // namespace bascule
