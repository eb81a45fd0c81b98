#include "data/npz.h"

#include <filesystem>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include "file_text.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string npy(const std::string& descr, const std::vector<T>& values,
                const std::string& shape = {}) {
  const std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}\n", descr,
                  shape.empty() ? fmt::format("({},)", values.size()) : shape);
  std::string bytes("\x93NUMPY\1\0", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return bytes;
}

using Members = std::map<std::string, std::string>;

/// The matrix [[5, 0, 2], [0, 0, 0], [0, 3, 0]].
Members small_csr() {
  return {{"format.npy", npy<char>("|S3", {'c', 's', 'r'}, "()")},
          {"shape.npy", npy<std::int64_t>("<i8", {3, 3})},
          {"indptr.npy", npy<std::int32_t>("<i4", {0, 2, 2, 3})},
          {"indices.npy", npy<std::int32_t>("<i4", {0, 2, 1})},
          {"data.npy", npy<float>("<f4", {5, 2, 3})}};
}

class Npz : public testing::Test {
 protected:
  Result<Ratings> read(const Members& members) {
    const std::string path = folder_ / "m.npz";
    std::filesystem::remove(path);
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    for (const auto& [name, bytes] : members)
      zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0),
                   0);
    zip_close(archive);
    return read_npz_ratings(path, options_);
  }
  std::string refusal(const Members& members) {
    const auto ratings = read(members);
    EXPECT_FALSE(ratings.ok());
    if (ratings.ok()) return {};
    EXPECT_EQ(ratings.error().code, Code::kBadData);
    return ratings.error().message;
  }
  static std::vector<std::string> triples(const Ratings& ratings) {
    const Interactions& in = ratings.interactions;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < in.user.size(); ++i)
      all.push_back(
          fmt::format("{},{},{}", in.users[in.user[i]], in.items[in.item[i]], in.value[i]));
    return all;
  }

  TempFolder folder_;
  RatingsOptions options_;
};

TEST_F(Npz, ReadsWhatSciPyWrote) {
  const auto csr = read_npz_ratings(BASCULE_TEST_DIR "/unit/files/scipy_csr.npz", options_);
  ASSERT_TRUE(csr.ok()) << csr.error().message;
  EXPECT_THAT(triples(*csr), ElementsAre("0,1,5", "0,3,2.5", "2,0,1", "2,1,4", "3,4,3"));
  EXPECT_EQ(csr->report.format, "npz");
  EXPECT_EQ(csr->report.rows, 5);
  EXPECT_EQ(csr->report.good, 5);
  const auto csc = read_npz_ratings(BASCULE_TEST_DIR "/unit/files/scipy_csc_bool.npz", options_);
  ASSERT_TRUE(csc.ok()) << csc.error().message;
  EXPECT_THAT(triples(*csc), ElementsAre("2,0,1", "0,1,1", "2,1,1", "0,3,1", "3,4,1"));
}

TEST_F(Npz, NumbersOnlyWhatPassesTheThreshold) {
  options_.min_rating = 3;
  const auto ratings = read(small_csr());
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_THAT(triples(*ratings), ElementsAre("0,0,5", "2,1,3"));
  EXPECT_EQ(ratings->interactions.items.size(), 2);
  EXPECT_EQ(ratings->report.good, 3);
  EXPECT_EQ(ratings->report.kept, 2);
}

TEST_F(Npz, ReadsUnicodeFormatAndWideIndices) {
  Members members = small_csr();
  members["format.npy"] = npy<std::uint32_t>("<U3", {'c', 's', 'r'}, "()");
  members["indptr.npy"] = npy<std::int64_t>("<i8", {0, 2, 2, 3});
  members["indices.npy"] = npy<std::int64_t>("<i8", {0, 2, 1});
  members["data.npy"] = npy<double>("<f8", {5, 2, 3});
  const auto ratings = read(members);
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_THAT(triples(*ratings), ElementsAre("0,0,5", "0,2,2", "2,1,3"));
}

TEST_F(Npz, CountsRatingsThatAreNotFinite) {
  Members members = small_csr();
  members["data.npy"] = npy<float>(
      "<f4", {5, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()});
  const auto ratings = read(members);
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_THAT(triples(*ratings), ElementsAre("0,0,5"));
  ASSERT_EQ(ratings->report.malformed.count("bad_rating"), 1U);
  EXPECT_EQ(ratings->report.malformed.at("bad_rating").count, 2);
  EXPECT_EQ(ratings->report.malformed.at("bad_rating").examples.front().line, 2);
  EXPECT_EQ(ratings->report.rows, 3);
  options_.strict = true;
  EXPECT_THAT(refusal(members), HasSubstr("entry 2"));
}

TEST_F(Npz, RefusesContradictions) {
  const auto with = [](const std::string& name, const std::string& bytes) {
    Members members = small_csr();
    members[name] = bytes;
    return members;
  };
  const auto i4 = [](const std::vector<std::int32_t>& v) { return npy<std::int32_t>("<i4", v); };
  EXPECT_THAT(refusal(with("indices.npy", i4({0, 3, 1}))), HasSubstr("out of range"));
  EXPECT_THAT(refusal(with("indices.npy", i4({0, -1, 1}))), HasSubstr("out of range"));
  EXPECT_THAT(refusal(with("indices.npy", i4({0, 2}))), HasSubstr("differ in length"));
  EXPECT_THAT(refusal(with("indptr.npy", i4({0, 2, 3}))), HasSubstr("length of indptr"));
  EXPECT_THAT(refusal(with("indptr.npy", i4({0, 3, 2, 3}))), HasSubstr("decreases"));
  EXPECT_THAT(refusal(with("indptr.npy", i4({0, 2, 2, 4}))), HasSubstr("does not span"));
  EXPECT_THAT(refusal(with("indptr.npy", i4({1, 2, 2, 3}))), HasSubstr("does not span"));
  EXPECT_THAT(refusal(with("shape.npy", npy<std::int64_t>("<i8", {3, 3, 3}))),
              HasSubstr("not a matrix"));
  EXPECT_THAT(refusal(with("shape.npy", npy<std::int64_t>("<i8", {std::int64_t{1} << 40, 3}))),
              HasSubstr("shape out of range"));
  EXPECT_THAT(refusal(with("shape.npy", npy<std::int64_t>("<i8", {-1, 3}))),
              HasSubstr("shape out of range"));
  EXPECT_THAT(refusal(with("format.npy", npy<char>("|S3", {'c', 'o', 'o'}, "()"))),
              HasSubstr("\"coo\""));
  EXPECT_THAT(refusal(with("data.npy", npy<float>("<f4", {5, 2, 3}, "(3, 1)"))),
              HasSubstr("one-dimensional"));
  EXPECT_THAT(refusal(with("data.npy", npy<char>("|O", {'x'}))), HasSubstr("not understood"));
  for (const auto& [name, bytes] : small_csr()) {
    Members members = small_csr();
    members.erase(name);
    EXPECT_THAT(refusal(members), HasSubstr(name));
  }
}

TEST_F(Npz, RefusesBombsAndDamage) {
  Members bomb = small_csr();
  bomb["indices.npy"] = npy<std::int32_t>("<i4", std::vector<std::int32_t>(8 << 20, 0));
  EXPECT_THAT(refusal(bomb), HasSubstr("too many bytes"));
  options_.max_bytes = 200;
  EXPECT_THAT(refusal(small_csr()), HasSubstr("too many bytes"));
  options_ = {};
  const std::string good = contents_of(BASCULE_TEST_DIR "/unit/files/scipy_csr.npz");
  const std::string path = folder_ / "cut.npz";
  for (std::size_t length = 0; length < good.size(); length += 37) {
    write_text(path, good.substr(0, length));
    EXPECT_FALSE(read_npz_ratings(path, options_).ok()) << length;
  }
  for (std::size_t at = 0; at < good.size(); at += 3) {
    std::string flipped = good;
    flipped[at] ^= 0x10;
    write_text(path, flipped);
    const auto ratings = read_npz_ratings(path, options_);  // whatever it says, within bounds
    if (ratings.ok()) {
      EXPECT_EQ(ratings->interactions.size(), 5) << at;
    }
  }
  EXPECT_FALSE(read_npz_ratings(folder_ / "missing.npz", options_).ok());
}

}  // namespace
}  // namespace bascule
