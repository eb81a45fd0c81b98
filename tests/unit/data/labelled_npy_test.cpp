#include "data/labelled_npy.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <bascule/data/inspect.h>

#include "file_text.h"
#include "labelled_files.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;
using Longs = std::vector<std::int64_t>;

class LabelledNpy : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    write_text(folder_ / (name + ".npy"), bytes);
  }
  std::string refusal(Code code = Code::kBadData) {
    const auto set = read_labelled(folder_.path(), options_);
    EXPECT_FALSE(set.ok());
    if (set.ok()) return {};
    EXPECT_EQ(set.error().code, code);
    return set.error().message;
  }
  TempFolder folder_;
  LabelledReadOptions options_;
};

TEST_F(LabelledNpy, ReadsParts) {
  write("x_train", npy_file<double>("<f8", "(2, 3)", {1, 2, 3, 4, 5, 6}));
  write("y_train", npy_file<std::int64_t>("<i8", "(2, 1)", {1, 0}));
  write("x_test", npy_file<float>("<f4", "(1, 3)", {7, 8, 9}));
  write("y_test", npy_file<std::uint8_t>("|u1", "(1,)", {2}));
  const auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "npy");
  EXPECT_THAT(set->train.floats.span(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(set->train.labels, ElementsAre(1, 0));
  EXPECT_THAT(set->test.labels, ElementsAre(2));
  EXPECT_THAT(set->train.classes, ElementsAre("0", "1", "2"));
}

TEST_F(LabelledNpy, ReadsTargetsAndOneDimension) {
  options_.task = LabelledTask::kRegression;
  write("X", npy_file<std::int32_t>("<i4", "(2,)", {-1, 4}));
  write("y", npy_file<float>("<f4", "(2, 2)", {1, 2, 3, 4}));
  const auto set = read_labelled(folder_.path(), options_);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.sample_shape, Shape({1}));
  EXPECT_THAT(set->train.floats.span(), ElementsAre(-1, 4));
  EXPECT_EQ(set->train.target_width, 2);
  EXPECT_THAT(set->train.targets, ElementsAre(1, 2, 3, 4));
}

TEST_F(LabelledNpy, PutsChannelsFirst) {
  // One image of 1 x 2 pixels with the channels 1 2 3 and 4 5 6.
  write("X", npy_file<std::uint8_t>("|u1", "(1, 1, 2, 3)", {1, 2, 3, 4, 5, 6}));
  write("y", npy_file<std::int64_t>("<i8", "(1,)", {0}));
  // The second extent is 1, which says that channels come first already.
  auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.sample_shape, Shape({1, 2, 3}));
  EXPECT_THAT(set->train.bytes.span(), ElementsAre(1, 2, 3, 4, 5, 6));
  write("X", npy_file<std::uint8_t>("|u1", "(1, 2, 1, 3)", {1, 2, 3, 4, 5, 6}));
  set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.sample_shape, Shape({3, 2, 1}));
  EXPECT_THAT(set->train.bytes.span(), ElementsAre(1, 4, 2, 5, 3, 6));
  write("X", npy_file<float>("<f4", "(1, 2, 1, 3)", {1, 2, 3, 4, 5, 6}));
  set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_THAT(set->train.floats.span(), ElementsAre(1, 4, 2, 5, 3, 6));
  write("X", npy_file<std::uint8_t>("|u1", "(1, 2, 1, 2)", {1, 2, 3, 4}));
  set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.sample_shape, Shape({1, 2, 1, 2}));
}

TEST_F(LabelledNpy, RefusesContradictions) {
  const std::string good = npy_file<std::uint8_t>("|u1", "(2, 2)", {1, 2, 3, 4});
  const std::string labels = npy_file<std::int64_t>("<i8", "(2,)", {0, 1});
  const auto with = [&](const std::string& x, const std::string& y) {
    write("X", x);
    write("y", y);
    return refusal();
  };
  write("X", good);
  EXPECT_THAT(refusal(), HasSubstr("holds no y.npy"));
  EXPECT_THAT(with(good, npy_file<std::int64_t>("<i8", "(3,)", {0, 1, 2})),
              HasSubstr("3 labels for 2 samples"));
  EXPECT_THAT(with(good, npy_file<std::int64_t>("<i8", "(2, 2)", {0, 1, 1, 0})),
              HasSubstr("2 labels a sample"));
  EXPECT_THAT(with(good, npy_file<std::int64_t>("<i8", "(2,)", {0, -1})),
              HasSubstr("label -1 of sample 1"));
  EXPECT_THAT(with(good, npy_file<std::int64_t>("<i8", "(2,)", {0, std::int64_t{1} << 40})),
              HasSubstr("label 1099511627776"));
  EXPECT_THAT(with(good, npy_file<float>("<f4", "(2,)", {0, 1})), HasSubstr("not integers"));
  EXPECT_THAT(with(npy_file<std::uint8_t>("|u1", "(0, 2)", {}), labels), HasSubstr("no samples"));
  EXPECT_THAT(with(npy_file<std::uint8_t>("|u1", "(4611686018427387904, 0)", {}), labels),
              HasSubstr("no samples"));
  EXPECT_THAT(with(npy_file<std::uint8_t>("|u1", "(4611686018427387904, 4)", {}), labels),
              HasSubstr("too large"));
  EXPECT_THAT(with(npy_file<std::uint8_t>("|u1", "()", {1}), labels), HasSubstr("rank 0"));
  EXPECT_THAT(with(npy_file<std::uint8_t>("|S0", "(4611686018427387904,)", {}), labels),
              HasSubstr("text"));
  EXPECT_THAT(with(npy_file<std::uint8_t>("|u1", "(2, 2)", {1, 2, 3, 4}, "True"), labels),
              HasSubstr("Fortran"));
  EXPECT_THAT(
      with(npy_file<float>("<f4", "(2, 1)", {1, std::numeric_limits<float>::infinity()}), labels),
      HasSubstr("sample 1 is not finite"));
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_THAT(with(good.substr(0, length), labels), HasSubstr("X.npy")) << length;
}

TEST_F(LabelledNpy, ReadsOneArchive) {
  const std::string path = folder_ / "set.npz";
  const std::vector<std::pair<std::string, std::string>> members = {
      {"x_train.npy", npy_file<std::uint8_t>("|u1", "(3, 2)", {1, 2, 3, 4, 5, 6})},
      {"y_train.npy", npy_file<std::int64_t>("<i8", "(3,)", {1, 0, 1})},
      {"x_test.npy", npy_file<std::uint8_t>("|u1", "(1, 2)", {7, 8})},
      {"y_test.npy", npy_file<std::int64_t>("<i8", "(1,)", {0})}};
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const auto& [name, bytes] : members)
    zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0),
                 0);
  zip_close(archive);
  const auto found = inspect_labelled(path);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->report.format, "npz");
  EXPECT_TRUE(found->bytes);
  EXPECT_EQ(found->sample_shape, Shape({2}));
  ASSERT_EQ(found->parts.size(), 2U);
  EXPECT_EQ(found->parts[0].name, "train");
  EXPECT_THAT(found->parts[0].histogram, ElementsAre(1, 2));
  EXPECT_EQ(found->parts[0].minimum, 1);
  EXPECT_EQ(found->parts[0].maximum, 6);
  EXPECT_EQ(found->parts[0].mean, 3.5);
  EXPECT_EQ(found->parts[1].samples, 1);
  const std::string whole = contents_of(path);
  for (std::size_t length = 0; length < whole.size(); length += 13) {
    write_text(folder_ / "cut.npz", whole.substr(0, length));
    EXPECT_FALSE(read_labelled(folder_ / "cut.npz").ok()) << length;
  }
}

TEST_F(LabelledNpy, SaysWhatIsNotThere) {
  EXPECT_THAT(refusal(), HasSubstr("no known labelled set"));
  options_.format = "hdf5";
  EXPECT_THAT(refusal(Code::kUsage), HasSubstr("no format \"hdf5\""));
  const auto missing = read_labelled(folder_ / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule
