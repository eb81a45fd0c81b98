#include <string>

#include <gtest/gtest.h>

#include <bascule/data/id_table.h>

namespace bascule {
namespace {

TEST(IdTable, NumbersInOrderAndKeepsBytes) {
  IdTable table;
  EXPECT_EQ(table.size(), 0);
  EXPECT_FALSE(table.find("x"));
  EXPECT_EQ(table.intern("0012"), 0);
  EXPECT_EQ(table.intern("12"), 1);
  EXPECT_EQ(table.intern(std::string_view("a\0b", 3)), 2);
  EXPECT_EQ(table.intern(""), 3);
  EXPECT_EQ(table.intern("0012"), 0);
  EXPECT_EQ(table.size(), 4);
  EXPECT_EQ(table[0], "0012");
  EXPECT_EQ(table[2], std::string_view("a\0b", 3));
  EXPECT_EQ(table[3], "");
  EXPECT_EQ(table.find(std::string_view("a\0b", 3)), 2);
  EXPECT_FALSE(table.find("a"));
}

// All lengths around the word sizes of the hash and the comparison, strings differing in one byte.
TEST(IdTable, TellsSimilarStringsApart) {
  IdTable table;
  std::int32_t next = 0;
  for (std::size_t length = 1; length <= 70; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string id(length, 'a');
      id[at] = 'b';
      EXPECT_EQ(table.intern(id), next++) << id;
    }
    EXPECT_EQ(table.intern(std::string(length, 'a')), next++);
  }
  EXPECT_EQ(table.find(std::string(70, 'a')), next - 1);
}

TEST(IdTable, GrowsAndFindsEverything) {
  IdTable table;
  for (int i = 0; i < 300000; ++i) ASSERT_EQ(table.intern(std::to_string(i)), i);
  const IdTable copy = table;
  for (int i = 0; i < 300000; ++i) {
    ASSERT_EQ(copy.find(std::to_string(i)), i);
    ASSERT_EQ(copy[i], std::to_string(i));
  }
  EXPECT_FALSE(copy.find("300000"));
}

}  // namespace
}  // namespace bascule
