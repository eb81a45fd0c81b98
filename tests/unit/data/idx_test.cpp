#include "data/idx.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "file_text.h"
#include "labelled_files.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class IdxSet : public testing::Test {
 protected:
  void write_train(const std::string& images, const std::string& labels) {
    write_text(folder_ / "train-images-idx3-ubyte", images);
    write_text(folder_ / "train-labels-idx1-ubyte", labels);
  }
  std::string refusal() {
    const auto set = read_labelled(folder_.path());
    EXPECT_FALSE(set.ok());
    if (set.ok()) return {};
    EXPECT_EQ(set.error().code, Code::kBadData);
    return set.error().message;
  }
  TempFolder folder_;
};

TEST_F(IdxSet, ReadsImagesAndLabelsOfBothParts) {
  write_train(idx_file({2, 2, 3}, std::string("abcdefghijkl")), idx_file({2}, {3, 1}));
  const std::string packed = folder_ / "t10k-images-idx3-ubyte.gz";
  gzFile file = gzopen(packed.c_str(), "wb");
  const std::string images = idx_file({1, 2, 3}, "ABCDEF");
  gzwrite(file, images.data(), static_cast<unsigned>(images.size()));
  gzclose(file);
  write_text(folder_ / "t10k-labels-idx1-ubyte", idx_file({1}, {0}));
  const auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "idx");
  EXPECT_EQ(set->train.samples, 2);
  EXPECT_EQ(set->train.sample_shape, Shape({1, 2, 3}));
  ASSERT_EQ(set->train.bytes.size(), 12U);
  EXPECT_EQ(set->train.bytes[7], 'h');
  EXPECT_THAT(set->train.labels, ElementsAre(3, 1));
  EXPECT_THAT(set->train.classes, ElementsAre("0", "1", "2", "3"));
  EXPECT_EQ(set->test.samples, 1);
  EXPECT_EQ(set->test.bytes[5], 'F');
  EXPECT_EQ(set->test.classes, set->train.classes);
  EXPECT_EQ(set->report.good, 3);
  EXPECT_FALSE(set->valid);
}

TEST_F(IdxSet, ReadsOneFileAndWideNumbers) {
  const std::string images = folder_ / "train-images-idx2-ubyte";
  write_text(images, idx_file({2, 2}, std::string("\xff\xff\0\x05\0\0\1\0", 8), 0x0b));
  write_text(folder_ / "train-labels-idx1-ubyte", idx_file({2}, {1, 0}));
  const auto set = read_labelled(images);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_FALSE(set->train.holds_bytes());
  EXPECT_EQ(set->train.sample_shape, Shape({2}));
  EXPECT_THAT(set->train.floats.span(), ElementsAre(-1, 5, 0, 256));
}

TEST_F(IdxSet, RefusesLies) {
  const std::string images = idx_file({2, 1, 2}, "abcd");
  const std::string labels = idx_file({2}, {0, 1});
  write_train(images, idx_file({3}, {0, 1, 2}));
  EXPECT_THAT(refusal(), HasSubstr("3 labels for 2 samples"));
  write_train(idx_file({3, 1, 2}, "abcd"), labels);
  EXPECT_THAT(refusal(), HasSubstr("holds 4 bytes of elements, its shape needs 6"));
  write_train(idx_file({0xffffffff, 0xffffffff, 0xffffffff}, "abcd"), labels);
  EXPECT_THAT(refusal(), HasSubstr("shape too large"));
  write_train(idx_file({0xffffffff, 0, 1}, ""), labels);
  EXPECT_THAT(refusal(), HasSubstr("no samples"));
  write_train(idx_file({2, 1, 2}, "abcd", 7), labels);
  EXPECT_THAT(refusal(), HasSubstr("byte 0: not the magic number"));
  write_train(idx_file({2, 1, 1, 1, 2}, "abcd"), labels);
  EXPECT_THAT(refusal(), HasSubstr("byte 3: rank 5"));
  write_train(images, idx_file({2}, std::string("\xff\xff\xff\xff\0\0\0\0", 8), 0x0c));
  EXPECT_THAT(refusal(), HasSubstr("label -1 of sample 0"));
  write_train(images, idx_file({2}, std::string("\0\0\0\0\x7f\xff\xff\xff", 8), 0x0c));
  EXPECT_THAT(refusal(), HasSubstr("label 2147483647 of sample 1"));
  write_train(idx_file({2, 1}, std::string("\x7f\x80\0\0\0\0\0\0", 8), 0x0d), labels);
  EXPECT_THAT(refusal(), HasSubstr("sample 0 is not finite"));
  for (std::size_t length = 0; length < images.size(); ++length) {
    write_train(images.substr(0, length), labels);
    EXPECT_THAT(refusal(), HasSubstr("train-images")) << length;
  }
  write_train(images, labels);
  std::filesystem::remove(folder_ / "train-labels-idx1-ubyte");
  EXPECT_THAT(refusal(), HasSubstr("no file of labels"));
}

TEST_F(IdxSet, PartsMustBeAlike) {
  write_train(idx_file({1, 1, 2}, "ab"), idx_file({1}, {0}));
  write_text(folder_ / "t10k-images-idx3-ubyte", idx_file({1, 2, 1}, "AB"));
  write_text(folder_ / "t10k-labels-idx1-ubyte", idx_file({1}, {0}));
  EXPECT_THAT(refusal(), HasSubstr("another part"));
}

}  // namespace
}  // namespace bascule
