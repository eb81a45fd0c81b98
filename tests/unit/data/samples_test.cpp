#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/labelled.h>

#include "labelled_files.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(Samples, OfACsvFileHaveEveryColumnAsAFeature) {
  const TempFolder folder;
  const auto data = read_samples(write(folder / "x.csv", "a,b\n1,2\n3,4.5\n"));
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_EQ(data->samples, 2);
  EXPECT_EQ(data->sample_shape, Shape({2}));
  EXPECT_THAT(data->floats.span(), ElementsAre(1, 2, 3, 4.5F));
  EXPECT_TRUE(data->labels.empty());
}

TEST(Samples, OfOneColumnAreRead) {
  const TempFolder folder;
  const auto data = read_samples(write(folder / "x.tsv", "1\n2\n"));
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_THAT(data->floats.span(), ElementsAre(1, 2));
}

TEST(Samples, OfACsvFileWithALabelColumnLeaveItOut) {
  const TempFolder folder;
  LabelledReadOptions options;
  options.label_columns = {"class"};
  const auto data = read_samples(write(folder / "x.csv", "a,class,b\n1,x,2\n3,y,4\n"), options);
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_THAT(data->floats.span(), ElementsAre(1, 2, 3, 4));
}

TEST(Samples, OfAnImagesFileNeedNoLabels) {
  const TempFolder folder;
  const std::string head("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02", 16);
  const auto data = read_samples(write(folder / "some-images-idx3-ubyte", head + "abcd"));
  ASSERT_TRUE(data.ok()) << data.error().message;
  EXPECT_EQ(data->samples, 2);
  EXPECT_EQ(data->sample_shape, Shape({1, 1, 2}));
  EXPECT_EQ(data->bytes[3], 'd');
}

TEST(Samples, OfADamagedArrayAreRefusedWithItsName) {
  const TempFolder folder;
  const auto data = read_samples(write(folder / "x.npy", "\x93NUMPY\x01"));
  ASSERT_FALSE(data.ok());
  EXPECT_EQ(data.error().code, Code::kBadData);
  EXPECT_THAT(data.error().message, HasSubstr("x.npy"));
}

/// Files of a set whose training part is damaged.
class TestOnly : public testing::TestWithParam<std::vector<std::pair<std::string, std::string>>> {};

TEST_P(TestOnly, LeavesTheTrainingPartUnread) {
  const TempFolder folder;
  for (const auto& [name, bytes] : GetParam()) write(folder / name, bytes);
  EXPECT_FALSE(read_labelled(folder.path()).ok());
  LabelledReadOptions options;
  options.test_only = true;
  const auto set = read_labelled(folder.path(), options);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.samples, 0);
  EXPECT_FALSE(set->valid.has_value());
  EXPECT_EQ(set->test.samples, 1);
  ASSERT_EQ(set->test.labels.size(), 1U);
  EXPECT_FALSE(set->test.classes.empty());
  EXPECT_EQ(read_samples(folder.path())->samples, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, TestOnly,
    testing::Values(
        std::vector<std::pair<std::string, std::string>>{
            {"train-images-idx3-ubyte", "broken"},
            {"train-labels-idx1-ubyte", "broken"},
            {"t10k-images-idx3-ubyte", idx_file({1, 2, 2}, "abcd")},
            {"t10k-labels-idx1-ubyte", idx_file({1}, {3})}},
        std::vector<std::pair<std::string, std::string>>{{"data_batch_1.bin", "broken"},
                                                         {"test_batch.bin", cifar_record(1, 1)}},
        std::vector<std::pair<std::string, std::string>>{
            {"data_batch_1", "broken"},
            {"test_batch", cifar_pickle({1}, cifar_record(1, 1).substr(1))}},
        std::vector<std::pair<std::string, std::string>>{
            {"x_train.npy", "broken"},
            {"y_train.npy", "broken"},
            {"x_valid.npy", "broken"},
            {"x_test.npy", npy_file<float>("<f4", "(1, 2)", {1, 2})},
            {"y_test.npy", npy_file<std::int64_t>("<i8", "(1,)", {1})}},
        std::vector<std::pair<std::string, std::string>>{
            {"train.csv", "a,b\n"}, {"valid.csv", "a,b\n"}, {"test.csv", "a,b\n1,x\n"}}));

TEST(Samples, OfASetWithoutATestPartAreAllOfIt) {
  const TempFolder folder;
  write(folder / "train.csv", "a,b\n1,x\n2,y\n");
  LabelledReadOptions options;
  options.test_only = true;
  const auto set = read_labelled(folder.path(), options);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.samples, 2);
}

}  // namespace
}  // namespace bascule
