#include <cstdlib>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/catalogue.h>

#include "file_text.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Sets a variable of the environment for the length of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value.empty() ? unsetenv(name) : setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_.empty() ? unsetenv(name_) : setenv(name_, old_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
};

TEST(Catalogue, EntriesAreWellFormed) {
  std::set<std::string_view> names;
  for (const KnownSet& set : known_sets()) {
    EXPECT_TRUE(names.insert(set.name).second) << set.name;
    EXPECT_FALSE(set.terms.empty()) << set.name;
    EXPECT_TRUE(set.origin.starts_with("http")) << set.name;
    EXPECT_GT(set.rows, 0) << set.name;
    EXPECT_EQ(set.task == "ratings", set.users > 0) << set.name;
    EXPECT_TRUE(!set.files.empty() || !set.note.empty()) << set.name;
    EXPECT_TRUE(!set.archive || set.files.size() == 1) << set.name;
    for (const SetFile& file : set.files) {
      EXPECT_TRUE(file.url.ends_with(file.name)) << file.url;
      EXPECT_EQ(file.url[file.url.size() - file.name.size() - 1], '/');
      if (file.checksum.empty()) continue;
      const bool md5 = file.checksum.starts_with("md5:");
      EXPECT_TRUE(md5 || file.checksum.starts_with("sha256:")) << file.checksum;
      const std::string_view digits = file.checksum.substr(file.checksum.find(':') + 1);
      EXPECT_EQ(digits.size(), md5 ? 32U : 64U) << file.checksum;
      EXPECT_EQ(digits.find_first_not_of("0123456789abcdef"), std::string_view::npos);
    }
  }
  for (const char* name :
       {"bookcrossing", "ml-100k", "ml-1m", "ml-10m", "ml-20m", "ml-25m", "ml-latest-small",
        "gowalla", "netflix", "fashion-mnist", "mnist", "cifar-10"})
    EXPECT_NE(known_set(name), nullptr) << name;
  EXPECT_EQ(known_set("ml-30m"), nullptr);
}

TEST(Catalogue, SearchesOptionThenEnvironmentThenCache) {
  const Variable data("BASCULE_DATA", "/env"), cache("XDG_CACHE_HOME", "/cache");
  EXPECT_THAT(data_dirs("/option"), ElementsAre("/option", "/env", "/cache/bascule/data"));
  EXPECT_THAT(data_dirs(), ElementsAre("/env", "/cache/bascule/data"));
  const Variable no_cache("XDG_CACHE_HOME", ""), home("HOME", "/home/me");
  EXPECT_EQ(data_cache_dir(), "/home/me/.cache/bascule/data");
  const Variable no_home("HOME", "");
  EXPECT_EQ(data_cache_dir(), "");
}

TEST(Catalogue, FindsASetInTheFirstFolderThatHasIt) {
  const TempFolder first, second;
  std::filesystem::create_directories(second / "movielens/ml-tiny");
  std::filesystem::create_directories(second / "books");
  const std::vector<std::string> dirs = {first.path(), second.path()};
  EXPECT_EQ(find_set("books", dirs).value(), second / "books");
  EXPECT_EQ(find_set("ml-tiny", dirs).value(), second / "movielens/ml-tiny");
  std::filesystem::create_directories(first / "books");
  EXPECT_EQ(find_set("books", dirs).value(), first / "books");
  write_text(first / "mine.csv", "x");
  EXPECT_EQ(find_set(first / "mine.csv", {}).value(), first / "mine.csv");
  EXPECT_EQ(find_set("mine.csv", dirs).value(), first / "mine.csv");
}

TEST(Catalogue, SaysWhereItSearchedAndWhatHelps) {
  const TempFolder folder;
  const auto missing = find_set("ml-1m", {folder.path()});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kBadData);
  EXPECT_THAT(missing.error().message, HasSubstr(folder / "ml-1m"));
  EXPECT_THAT(missing.error().message, HasSubstr(folder / "movielens/ml-1m"));
  EXPECT_THAT(missing.error().message, HasSubstr("bascule data fetch ml-1m"));
  EXPECT_THAT(missing.error().message, HasSubstr("data make"));
  EXPECT_THAT(find_set("netflix", {}).error().message, HasSubstr("no longer published"));
  EXPECT_FALSE(find_set("", {folder.path()}).ok());
  // A path upwards is not looked for inside the folders.
  std::filesystem::create_directories(folder / "a");
  EXPECT_FALSE(find_set("../a", {folder / "a"}).ok());
}

}  // namespace
}  // namespace bascule
