#include "data/source.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace bascule {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kPlenty = std::int64_t{1} << 40;

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string xz(const std::string& text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr,
                                    reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 19));
  return out;
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += std::to_string(i * 7919 % 100003) + "\n";
  return text;
}

class CompressedSource : public ::testing::TestWithParam<std::string (*)(const std::string&)> {};
INSTANTIATE_TEST_SUITE_P(Formats, CompressedSource, ::testing::Values(gzip, xz, zstd));

TEST_P(CompressedSource, ComesBackWhole) {
  const std::string text = sample();
  const std::string packed = GetParam()(text);
  ASSERT_LT(packed.size(), text.size());
  const auto source = Source::from_memory("f", packed, kPlenty);
  ASSERT_TRUE(source.ok()) << source.error().message;
  EXPECT_EQ(source->bytes(), text);
}

TEST_P(CompressedSource, MembersFollowEachOther) {
  const std::string packed = GetParam()("one\n") + GetParam()("") + GetParam()("two\n");
  const auto source = Source::from_memory("f", packed, kPlenty);
  ASSERT_TRUE(source.ok()) << source.error().message;
  EXPECT_EQ(source->bytes(), "one\ntwo\n");
}

TEST_P(CompressedSource, EveryTruncationIsRefused) {
  const std::string packed = GetParam()("some text that is worth packing, some text\n");
  for (std::size_t size = 6; size < packed.size(); ++size) {
    const auto source =
        Source::from_memory("cut.csv", std::string_view(packed).substr(0, size), kPlenty);
    ASSERT_FALSE(source.ok()) << size;
    EXPECT_EQ(source.error().code, Code::kBadData);
    EXPECT_THAT(source.error().message, HasSubstr("cut.csv"));
  }
}

TEST_P(CompressedSource, DamageIsRefused) {
  std::string packed = GetParam()(sample());
  for (std::size_t at = packed.size() / 4; at < packed.size() / 2; ++at) packed[at] ^= 0x5a;
  const auto source = Source::from_memory("f", packed, kPlenty);
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code, Code::kBadData);
}

TEST_P(CompressedSource, BombsAndLimitsAreRefused) {
  const std::string bomb = GetParam()(std::string(std::size_t{20} << 20, 'a'));
  const auto refused = Source::from_memory("bomb", bomb, kPlenty);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBadData);
  EXPECT_THAT(refused.error().message, HasSubstr("bomb"));

  const std::string text = sample();
  const auto size = static_cast<std::int64_t>(text.size());
  EXPECT_TRUE(Source::from_memory("f", GetParam()(text), size).ok());
  const auto limited = Source::from_memory("f", GetParam()(text), size - 1);
  ASSERT_FALSE(limited.ok());
  EXPECT_THAT(limited.error().message, HasSubstr("allowed"));
}

TEST(Source, GzipPaddingIsFineAndTrailingTextIsNot) {
  const auto padded = Source::from_memory("f", gzip("x\n") + std::string(512, '\0'), kPlenty);
  ASSERT_TRUE(padded.ok());
  EXPECT_EQ(padded->bytes(), "x\n");
  EXPECT_FALSE(Source::from_memory("f", gzip("x\n") + "junk", kPlenty).ok());
}

TEST(Source, FilesAreMappedAndMissingOnesNamed) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "bascule_source_test";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "a.csv").string();
  std::ofstream(path) << "hello";
  const auto source = Source::open(path, kPlenty);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->bytes(), "hello");
  EXPECT_FALSE(Source::open(path, 4).ok());
  std::ofstream(path, std::ios::trunc).close();
  const auto empty = Source::open(path, kPlenty);
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->bytes().empty());
  for (const std::string& bad :
       {(folder / "none").string(), folder.string(), std::string("/dev/null")}) {
    const auto refused = Source::open(bad, kPlenty);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, Code::kBadData);
    EXPECT_THAT(refused.error().message, HasSubstr(bad));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bascule
