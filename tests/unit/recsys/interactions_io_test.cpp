#include <functional>
#include <limits>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/recsys/interactions_io.h>

#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The tensors of a file, to be damaged one at a time. Three users and four items.
struct Parts {
  std::optional<std::vector<std::int64_t>> offsets = {{0, 2, 2, 5}};
  std::optional<std::vector<std::int32_t>> indices = {{0, 3, 1, 2, 3}};
  std::optional<std::vector<float>> values = {{5, 1, 2, 3, 4}};
  std::optional<std::vector<std::int64_t>> time = std::nullopt;
  std::optional<std::string> items = "4";
};

template <class T>
std::vector<T> none() {
  return {};
}

template <class T>
void add(SafetensorsWriter& writer, const char* name, const std::optional<std::vector<T>>& tensor) {
  if (tensor)
    writer.add(name, Shape{static_cast<std::int64_t>(tensor->size())}, std::span(*tensor));
}

Result<std::shared_ptr<const SafetensorsFile>> file_of(const TempFolder& folder,
                                                       const Parts& parts) {
  SafetensorsWriter writer;
  if (parts.items) writer.set_metadata("items", *parts.items);
  add(writer, "interactions.offsets", parts.offsets);
  add(writer, "interactions.indices", parts.indices);
  add(writer, "interactions.values", parts.values);
  add(writer, "interactions.time", parts.time);
  BASCULE_TRY(writer.write(folder / "model.safetensors"));
  return SafetensorsFile::open(folder / "model.safetensors");
}

TEST(InteractionsIo, RoundTrip) {
  const auto matrix =
      Compressed::make(3, 4, {0, 2, 2, 5}, {0, 3, 1, 2, 3}, {5, 1, 2, 3, 4}).value();
  const std::vector<std::int64_t> time = {10, 20, 30, 40, -5};
  for (const bool timed : {false, true}) {
    const TempFolder folder;
    SafetensorsWriter writer;
    save_interactions(writer, matrix.view(), timed ? std::span(time) : std::span<std::int64_t>());
    ASSERT_TRUE(writer.write(folder / "m").ok());
    const auto file = SafetensorsFile::open(folder / "m").value();
    const auto stored = load_interactions(*file);
    ASSERT_TRUE(stored.ok()) << stored.error().message;
    EXPECT_EQ(stored->matrix.majors, 3);
    EXPECT_EQ(stored->matrix.minors, 4);
    const Compressed again = copy(stored->matrix);
    EXPECT_EQ(again.offsets(), matrix.offsets());
    EXPECT_EQ(again.indices(), matrix.indices());
    EXPECT_EQ(again.values(), matrix.values());
    if (timed) {
      EXPECT_THAT(stored->time, ElementsAre(10, 20, 30, 40, -5));
    } else {
      EXPECT_TRUE(stored->time.empty());
    }
  }
}

TEST(InteractionsIo, NobodyAndNothing) {
  const TempFolder folder;
  const auto file =
      file_of(folder, {.offsets = {{0}}, .indices = none<std::int32_t>(), .values = none<float>()})
          .value();
  const auto stored = load_interactions(*file);
  ASSERT_TRUE(stored.ok()) << stored.error().message;
  EXPECT_EQ(stored->matrix.majors, 0);
  EXPECT_EQ(stored->matrix.nonzeros(), 0);
}

TEST(InteractionsIo, EachKindOfDamage) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const struct {
    const char* what;
    std::function<void(Parts&)> damage;
    const char* message;
  } cases[] = {
      {"no offsets", [](Parts& p) { p.offsets.reset(); }, "interactions.offsets"},
      {"no indices", [](Parts& p) { p.indices.reset(); }, "interactions.indices"},
      {"no values", [](Parts& p) { p.values.reset(); }, "interactions.values"},
      {"no number of items", [](Parts& p) { p.items.reset(); }, "number of items"},
      {"items no number", [](Parts& p) { p.items = "many"; }, "number of items"},
      {"items with a tail", [](Parts& p) { p.items = "4 or 5"; }, "number of items"},
      {"items too large for a number", [](Parts& p) { p.items = "99999999999999999999"; },
       "number of items"},
      {"items negative", [](Parts& p) { p.items = "-4"; }, ""},
      {"items beyond 31 bits", [](Parts& p) { p.items = "4294967296"; }, ""},
      {"fewer items than indices", [](Parts& p) { p.items = "3"; }, ""},
      {"offsets empty", [](Parts& p) { p.offsets.emplace(); }, ""},
      {"offsets do not begin at 0",
       [](Parts& p) {
         p.offsets = {{1, 2, 2, 5}};
       },
       ""},
      {"offsets fall",
       [](Parts& p) {
         p.offsets = {{0, 3, 2, 5}};
       },
       ""},
      {"offsets negative",
       [](Parts& p) {
         p.offsets = {{0, -2, 2, 5}};
       },
       ""},
      {"offsets end early",
       [](Parts& p) {
         p.offsets = {{0, 2, 2, 4}};
       },
       ""},
      {"offsets end late",
       [](Parts& p) {
         p.offsets = {{0, 2, 2, 6}};
       },
       ""},
      {"offsets enormous",
       [](Parts& p) {
         p.offsets = {{0, 2, std::numeric_limits<std::int64_t>::max(), 5}};
       },
       ""},
      {"index out of range",
       [](Parts& p) {
         p.indices = {{0, 4, 1, 2, 3}};
       },
       ""},
      {"index negative",
       [](Parts& p) {
         p.indices = {{-1, 3, 1, 2, 3}};
       },
       ""},
      {"indices fall",
       [](Parts& p) {
         p.indices = {{3, 0, 1, 2, 3}};
       },
       ""},
      {"index twice",
       [](Parts& p) {
         p.indices = {{3, 3, 1, 2, 3}};
       },
       ""},
      {"too few indices",
       [](Parts& p) {
         p.indices = {{0, 3, 1, 2}};
       },
       ""},
      {"too few values",
       [](Parts& p) {
         p.values = {{5, 1, 2, 3}};
       },
       ""},
      {"too many values",
       [](Parts& p) {
         p.values = {{5, 1, 2, 3, 4, 5}};
       },
       ""},
      {"value not a number",
       [](Parts& p) {
         p.values = {{5, kNan, 2, 3, 4}};
       },
       ""},
      {"value infinite",
       [](Parts& p) {
         p.values = {{5, 1, kInfinity, 3, 4}};
       },
       ""},
      {"time too short",
       [](Parts& p) {
         p.time = {{1, 2, 3, 4}};
       },
       "interactions.time"},
      {"time empty", [](Parts& p) { p.time.emplace(); }, "interactions.time"},
  };
  for (const auto& [what, damage, message] : cases) {
    SCOPED_TRACE(what);
    const TempFolder folder;
    Parts parts;
    damage(parts);
    const auto file = file_of(folder, parts);
    ASSERT_TRUE(file.ok()) << file.error().message;
    const auto stored = load_interactions(**file);
    ASSERT_FALSE(stored.ok());
    EXPECT_EQ(stored.error().code, Code::kBadData);
    EXPECT_THAT(stored.error().message, HasSubstr(folder / "model.safetensors"));
    EXPECT_THAT(stored.error().message, HasSubstr(message));
  }
}

TEST(InteractionsIo, WrongTypes) {
  const TempFolder folder;
  const std::vector<std::int64_t> offsets = {0, 1};
  const std::vector<std::int64_t> wide = {0};
  const std::vector<float> values = {1};
  SafetensorsWriter writer;
  writer.set_metadata("items", "1");
  writer.add("interactions.offsets", Shape{2}, std::span(offsets));
  writer.add("interactions.indices", Shape{1}, std::span(wide));
  writer.add("interactions.values", Shape{1}, std::span(values));
  ASSERT_TRUE(writer.write(folder / "m").ok());
  const auto stored = load_interactions(*SafetensorsFile::open(folder / "m").value());
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule
