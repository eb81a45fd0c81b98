#include "data/archive.h"

#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zip.h>
#include <zlib.h>

#include "file_text.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::HasSubstr;

struct TarEntry {
  std::string name, content;
  char type = '0';
  std::string link = {};
};

std::string tar_header(const TarEntry& entry) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    std::memcpy(header.data() + at, text.data(), text.size());
  };
  put(0, entry.name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", entry.content.size()));
  header[156] = entry.type;
  put(157, entry.link);
  put(257, std::string("ustar\00000", 8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header;
}

std::string tar_of(const std::vector<TarEntry>& entries) {
  std::string tar;
  for (const TarEntry& entry : entries) {
    tar += tar_header(entry) + entry.content;
    tar.resize((tar.size() + 511) / 512 * 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

std::string gzip_of(const std::string& text, const std::string& path) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return contents_of(path);
}

std::string zip_of(const std::vector<TarEntry>& entries, const std::string& path) {
  std::filesystem::remove(path);
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const TarEntry& entry : entries) {
    if (entry.type == '5') {
      zip_dir_add(archive, entry.name.c_str(), 0);
      continue;
    }
    zip_source_t* source =
        zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0);
    const auto index = zip_file_add(archive, entry.name.c_str(), source, 0);
    if (entry.type == '2')
      zip_file_set_external_attributes(archive, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                       (S_IFLNK | 0777U) << 16);
  }
  zip_close(archive);
  return contents_of(path);
}

class Archive : public testing::Test {
 protected:
  /// The message of the refusal; the folder must hold nothing but the archive afterwards.
  std::string refusal(const std::string& bytes) {
    write_text(source_, bytes);
    const Status status = unpack_archive(source_, target_, limits_);
    EXPECT_FALSE(status.ok());
    if (status.ok()) return {};
    EXPECT_EQ(status.error().code, Code::kBadData);
    std::filesystem::remove(source_);
    EXPECT_EQ(folder_.entries(), 0) << status.error().message;
    return status.error().message;
  }
  void unpack(const std::string& bytes) {
    write_text(source_, bytes);
    const Status status = unpack_archive(source_, target_, limits_);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  /// Refused alike as tar and as zip.
  void expect_refused(const std::vector<TarEntry>& entries, const std::string& why) {
    EXPECT_THAT(refusal(tar_of(entries)), HasSubstr(why));
    EXPECT_THAT(refusal(zip_of(entries, source_)), HasSubstr(why));
  }

  TempFolder folder_;
  std::string source_ = folder_ / "archive", target_ = folder_ / "set";
  UnpackLimits limits_;
};

TEST_F(Archive, UnpacksTarTarGzAndZip) {
  const std::string large(1000000, 'x');
  const std::vector<TarEntry> entries = {
      {"a.txt", "first"}, {"sub/", "", '5'}, {"sub/b.txt", large}, {"other/deep/c", ""}};
  for (const std::string& bytes :
       {tar_of(entries), gzip_of(tar_of(entries), source_), zip_of(entries, source_)}) {
    unpack(bytes);
    EXPECT_EQ(contents_of(target_ + "/a.txt"), "first");
    EXPECT_EQ(contents_of(target_ + "/sub/b.txt"), large);
    EXPECT_TRUE(std::filesystem::is_regular_file(target_ + "/other/deep/c"));
    EXPECT_EQ(folder_.entries(), 2);
    std::filesystem::remove_all(target_);
  }
}

TEST_F(Archive, TheOnlyFolderIsTheSetItself) {
  unpack(tar_of({{"./", "", '5'}, {"./ml/", "", '5'}, {"./ml/u.data", "1"}, {"./ml/u.item", "2"}}));
  EXPECT_EQ(contents_of(target_ + "/u.data"), "1");
  EXPECT_EQ(folder_.entries(), 2);
}

TEST_F(Archive, AcceptsOldGnuHeaders) {
  std::string tar = tar_of({{"a", "text"}});
  std::memcpy(tar.data() + 257, "ustar  ", 8);
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i)
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[i]);
  std::memcpy(tar.data() + 148, fmt::format("{:06o}", sum).data(), 6);
  unpack(tar);
  EXPECT_EQ(contents_of(target_ + "/a"), "text");
}

TEST_F(Archive, RefusesNamesThatLeaveTheFolder) {
  expect_refused({{"/etc/x", "1"}}, "absolute name");
  expect_refused({{"../x", "1"}}, "leaves the folder");
  expect_refused({{"a/../../x", "1"}}, "leaves the folder");
  expect_refused({{"a\\..\\x", "1"}}, "backslash");
  expect_refused({{"a\nb", "1"}}, "control character");
  expect_refused({{"a//b", "1"}}, "plain form");
  expect_refused({{"a/./b", "1"}}, "plain form");
  expect_refused({{"../", "", '5'}}, "leaves the folder");
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "d/";
  expect_refused({{deep + "f", "1"}}, "too deeply");
}

TEST_F(Archive, RefusesLinksAndDevices) {
  for (const char type : {'1', '2', '3', '4', '6', '7', 'x', 'g', 'L'})
    EXPECT_THAT(refusal(tar_of({{"l", "", type, "/etc/passwd"}})), HasSubstr("not a plain file"));
  EXPECT_THAT(refusal(zip_of({{"l", "/etc/passwd", '2'}}, source_)), HasSubstr("not a plain file"));
}

TEST_F(Archive, RefusesTheSameNameTwice) {
  EXPECT_THAT(refusal(tar_of({{"a", "1"}, {"a", "2"}})), HasSubstr("occurs twice"));
  EXPECT_THAT(refusal(tar_of({{"a", "1"}, {"a/", "", '5'}})), HasSubstr("occurs twice"));
  EXPECT_THAT(refusal(tar_of({{"a", "1"}, {"a/b", "2"}})), HasSubstr("inside a file"));
  EXPECT_THAT(refusal(tar_of({{"a/b", "2"}, {"a", "1"}})), HasSubstr("occurs twice"));
  std::string zip = zip_of({{"name-1", "1"}, {"name-2", "2"}}, source_);
  for (std::size_t at = 0; (at = zip.find("name-2", at)) != std::string::npos;) zip[at + 5] = '1';
  EXPECT_THAT(refusal(zip), HasSubstr("occurs twice"));
}

TEST_F(Archive, RefusesTooMuch) {
  limits_.max_entries = 3;
  expect_refused({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}, "more than 3 entries");
  limits_ = {};
  limits_.max_bytes = 1000;
  expect_refused({{"a", std::string(600, 'x')}, {"b", std::string(600, 'y')}}, "1000 bytes");
}

TEST_F(Archive, RefusesBombs) {
  limits_.ratio_floor = 1 << 20;
  const std::vector<TarEntry> bomb = {{"zeros", std::string(8 << 20, '\0')}};
  EXPECT_THAT(refusal(gzip_of(tar_of(bomb), source_)), HasSubstr("times its size"));
  EXPECT_THAT(refusal(zip_of(bomb, source_)), HasSubstr("times its size"));
}

TEST_F(Archive, RefusesDamage) {
  const std::string tar = tar_of({{"a", std::string(5000, 'x')}, {"b", "1"}});
  for (const std::size_t length : {100U, 512U, 600U, 3000U, 6000U})
    EXPECT_FALSE(refusal(tar.substr(0, length)).empty());
  const std::string packed = gzip_of(tar, source_);
  EXPECT_FALSE(refusal(packed.substr(0, packed.size() / 2)).empty());
  std::string flipped = tar;
  flipped[3] ^= 1;
  EXPECT_THAT(refusal(flipped), HasSubstr("wrong checksum"));
  const std::string zip = zip_of({{"a", std::string(5000, 'x')}}, source_);
  EXPECT_FALSE(refusal(zip.substr(0, zip.size() - 30)).empty());
  std::string wrong = zip;
  wrong[33] ^= 0x55;  // in the deflated data
  EXPECT_FALSE(refusal(wrong).empty());
  EXPECT_THAT(refusal("a text file, not an archive\n"), HasSubstr("not an archive"));
  EXPECT_THAT(refusal(std::string(2000, 'x')), HasSubstr("neither zip nor tar"));
  EXPECT_THAT(refusal(std::string(1024, '\0')), HasSubstr("empty"));
}

TEST_F(Archive, NeverTouchesAFolderThatHoldsSomething) {
  std::filesystem::create_directory(target_);
  write_text(target_ + "/mine", "kept");
  write_text(source_, tar_of({{"mine", "other"}}));
  const Status status = unpack_archive(source_, target_);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kFailed);
  EXPECT_EQ(contents_of(target_ + "/mine"), "kept");
  EXPECT_EQ(folder_.entries(), 2);
}

}  // namespace
}  // namespace bascule
