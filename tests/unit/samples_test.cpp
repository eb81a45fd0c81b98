#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/labelled.h>

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

}  // namespace
}  // namespace bascule
