#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/run/id_file.h>

#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> awkward_ids() {
  return {"059035342X",  "0590353",        "",     "a\tb",
          "line\nend",   "back\\slash",    "\\t",  "\r",
          "caf\xc3\xa9", "tab\t",          "\n\n", std::string("nul\0x", 5),
          "059035342x",  "title is an id", "id",   "1000000"};
}

TEST(IdFile, FindsAndGivesBackEveryAwkwardId) {
  const TempFolder folder;
  const std::string path = folder / "items.tsv";
  const auto ids = awkward_ids();
  const auto count = static_cast<std::int64_t>(ids.size());
  const auto id_at = [&](std::int64_t i) {
    return std::string_view(ids[static_cast<std::size_t>(i)]);
  };
  // Titles are the ids shifted by one: a search must not be misled by a title.
  const auto title_at = [&](std::int64_t i) { return id_at((i + 1) % count); };
  for (const bool with_titles : {false, true}) {
    ASSERT_TRUE(write_id_file(path, count, id_at, with_titles ? TextAt(title_at) : TextAt()).ok());
    const auto file = IdFile::open(path);
    ASSERT_TRUE(file.ok()) << file.error().message;
    ASSERT_EQ(file->size(), count);
    for (std::int64_t i = 0; i < count; ++i) {
      EXPECT_EQ(file->find(id_at(i)), i);
      EXPECT_EQ(file->at(i).id, id_at(i));
      EXPECT_EQ(file->at(i).title, with_titles ? title_at(i) : "");
    }
    for (const char* absent : {"05903534", "59035342X", "059035342X\t", "b", "end", "title", "idx"})
      EXPECT_EQ(file->find(absent), std::nullopt) << absent;
  }
  EXPECT_THAT(*read_file(path, 10000),
              HasSubstr("id\ttitle\n059035342X\t0590353\n0590353\t\n\ta\\tb\n"));
}

// Lines of very different lengths, so that blocks hold many line ends, one, or none.
TEST(IdFile, IndicesHoldAcrossBlocks) {
  const TempFolder folder;
  std::vector<std::string> ids;
  for (int i = 0; i < 3000; ++i) {
    const std::size_t length = i % 500 == 3 ? 20000 : static_cast<std::size_t>(i % 40);
    ids.push_back(std::to_string(i) + std::string(length, 'x'));
  }
  for (const std::size_t exact : {4095U, 4096U, 4097U}) ids.emplace_back(exact + 1, 'y');
  const auto id_at = [&](std::int64_t i) {
    return std::string_view(ids[static_cast<std::size_t>(i)]);
  };
  const auto count = static_cast<std::int64_t>(ids.size());
  ASSERT_TRUE(write_id_file(folder / "users.tsv", count, id_at).ok());
  const auto file = IdFile::open(folder / "users.tsv");
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(file->size(), count);
  for (std::int64_t i = 0; i < count; ++i) {
    ASSERT_EQ(file->at(i).id, id_at(i)) << i;
    ASSERT_EQ(file->find(id_at(i)), i);
  }
}

TEST(IdFile, EmptyAndDamaged) {
  const TempFolder folder;
  const std::string path = folder / "items.tsv";
  ASSERT_TRUE(write_id_file(path, 0, {}).ok());
  auto file = IdFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size(), 0);
  EXPECT_EQ(file->find(""), std::nullopt);
  EXPECT_TRUE(file->check_size(0, "items").ok());
  const Status wrong = file->check_size(5, "items");
  EXPECT_EQ(wrong.error().code, Code::kBadData);
  EXPECT_THAT(wrong.error().message, HasSubstr(path + ": has 0 lines, but the model has 5 items"));
  for (const auto& [text, why] : {std::pair("", "no header"), std::pair("ids\na\n", "no header"),
                                  std::pair("id\na\nb", "cut short")}) {
    ASSERT_TRUE(write_atomically(path, text).ok());
    const auto bad = IdFile::open(path);
    ASSERT_FALSE(bad.ok()) << text;
    EXPECT_EQ(bad.error().code, Code::kBadData);
    EXPECT_THAT(bad.error().message, HasSubstr(path));
    EXPECT_THAT(bad.error().message, HasSubstr(why));
  }
}

}  // namespace
}  // namespace bascule
