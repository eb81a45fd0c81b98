#include "data/cifar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_text.h"
#include "labelled_files.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Cifar : public testing::Test {
 protected:
  std::string refusal() {
    const auto set = read_labelled(folder_.path());
    EXPECT_FALSE(set.ok());
    if (set.ok()) return {};
    EXPECT_EQ(set.error().code, Code::kBadData);
    return set.error().message;
  }
  TempFolder folder_;
};

TEST_F(Cifar, ReadsBinaryBatchesInOrder) {
  write_text(folder_ / "data_batch_1.bin", cifar_record(3, 0) + cifar_record(9, 10));
  write_text(folder_ / "data_batch_2.bin", cifar_record(1, 20));
  write_text(folder_ / "test_batch.bin", cifar_record(0, 30));
  const auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "cifar-10");
  EXPECT_EQ(set->train.sample_shape, Shape({3, 32, 32}));
  EXPECT_THAT(set->train.labels, ElementsAre(3, 9, 1));
  for (int sample = 0; sample < 3; ++sample) {
    EXPECT_EQ(set->train.bytes[static_cast<std::size_t>(sample) * 3072], sample * 10);
    EXPECT_EQ(set->train.bytes[static_cast<std::size_t>(sample) * 3072 + 3071],
              (sample * 10 + 3071) % 251);
  }
  EXPECT_EQ(set->test.samples, 1);
  EXPECT_EQ(set->test.bytes[0], 30);
  EXPECT_EQ(set->train.classes[9], "truck");
  EXPECT_EQ(set->train.classes.size(), 10U);
}

TEST_F(Cifar, TakesClassesFromTheSet) {
  write_text(folder_ / "data_batch_1.bin", cifar_record(1, 0));
  write_text(folder_ / "batches.meta.txt", "cat\r\ndog\r\n\r\n");
  const auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_THAT(set->train.classes, ElementsAre("cat", "dog"));
  write_text(folder_ / "data_batch_1.bin", cifar_record(0, 0) + cifar_record(2, 0));
  EXPECT_THAT(refusal(), HasSubstr("data_batch_1.bin: byte 3073: label 2 is out of range"));
}

TEST_F(Cifar, RefusesCutAndEmptyBatches) {
  const std::string whole = cifar_record(1, 0) + cifar_record(2, 0);
  for (const std::size_t length : {0UL, 1UL, 3072UL, 3074UL, 6145UL}) {
    write_text(folder_ / "data_batch_1.bin", whole.substr(0, length));
    EXPECT_THAT(refusal(), HasSubstr("whole records")) << length;
  }
  write_text(folder_ / "data_batch_1.bin", cifar_record(10, 0));
  EXPECT_THAT(refusal(), HasSubstr("byte 0: label 10"));
}

TEST_F(Cifar, PicklesEqualTheBinaryVersion) {
  const std::string first = cifar_record(3, 0);
  const std::string second = cifar_record(9, 10);
  write_text(folder_ / "data_batch_1", cifar_pickle({3, 9}, first.substr(1) + second.substr(1)));
  write_text(folder_ / "test_batch", cifar_pickle({4}, first.substr(1)));
  const auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "cifar-10-python");
  EXPECT_THAT(set->train.labels, ElementsAre(3, 9));
  EXPECT_EQ(set->train.bytes[3072], 10);
  EXPECT_EQ(set->test.samples, 1);
  EXPECT_EQ(set->train.classes[0], "airplane");
  write_text(folder_ / "data_batch_1", cifar_pickle({3}, first.substr(1) + second.substr(1)));
  EXPECT_THAT(refusal(), HasSubstr("its shape needs 3072"));
  write_text(folder_ / "data_batch_1", cifar_pickle({3, 70}, first.substr(1) + second.substr(1)));
  EXPECT_THAT(refusal(), HasSubstr("out of range"));
  write_text(folder_ / "data_batch_1", "\x80\x02}.");
  EXPECT_THAT(refusal(), HasSubstr("keys data and labels"));
}

TEST_F(Cifar, HoldsNoTargets) {
  write_text(folder_ / "data_batch_1.bin", cifar_record(1, 0));
  LabelledReadOptions options;
  options.task = LabelledTask::kRegression;
  const auto set = read_labelled(folder_.path(), options);
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().code, Code::kUsage);
}

}  // namespace
}  // namespace bascule
