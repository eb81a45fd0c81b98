#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/tensor/compressed.h>

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Compressed, FlipTransposes) {
  // [[1 0 2]
  //  [0 0 3]]
  auto matrix = Compressed::make(2, 3, {0, 2, 3}, {0, 2, 2}, {1, 2, 3});
  ASSERT_TRUE(matrix.ok());
  const CscMatrix csc = to_csc(CsrMatrix(*matrix));
  EXPECT_EQ(csc.rows(), 2);
  EXPECT_EQ(csc.cols(), 3);
  EXPECT_THAT(csc.offsets(), ElementsAre(0, 1, 1, 3));
  EXPECT_THAT(csc.indices(), ElementsAre(0, 0, 1));
  EXPECT_THAT(csc.values(), ElementsAre(1, 2, 3));
  const CsrMatrix back = to_csr(csc);
  EXPECT_EQ(back.offsets(), matrix->offsets());
  EXPECT_EQ(back.indices(), matrix->indices());
}

TEST(Compressed, EmptyMatrix) {
  auto matrix = Compressed::make(0, 5, {0}, {}, {});
  ASSERT_TRUE(matrix.ok());
  EXPECT_EQ(flip(matrix->view()).majors(), 5);
  EXPECT_EQ(Compressed().majors(), 0);
}

struct BadCase {
  const char* why;
  std::int64_t majors, minors;
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  const char* message;
};

TEST(Compressed, RefusesWhatAReaderCouldTripOver) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<BadCase> cases = {
      {"offset count", 2, 3, {0, 1}, {0}, {1}, "offsets"},
      {"values missing", 1, 3, {0, 1}, {0}, {}, "values"},
      {"start", 1, 3, {1, 1}, {0}, {1}, "span"},
      {"end", 1, 3, {0, 2}, {0}, {1}, "span"},
      {"falling", 2, 3, {0, 5, 1}, {0}, {1}, "fall"},
      {"range", 1, 3, {0, 1}, {3}, {1}, "range"},
      {"negative", 1, 3, {0, 1}, {-1}, {1}, "range"},
      {"order", 1, 3, {0, 2}, {1, 0}, {1, 1}, "order"},
      {"twice", 1, 3, {0, 2}, {1, 1}, {1, 1}, "order"},
      {"nan", 1, 3, {0, 1}, {0}, {nan}, "finite"},
      {"minors", 1, std::int64_t{1} << 40, {0, 1}, {0}, {1}, "range"},
  };
  for (const BadCase& c : cases) {
    const auto result = Compressed::make(c.majors, c.minors, c.offsets, c.indices, c.values);
    ASSERT_FALSE(result.ok()) << c.why;
    EXPECT_EQ(result.error().code, Code::kBadData) << c.why;
    EXPECT_THAT(result.error().message, HasSubstr(c.message)) << c.why;
  }
}

}  // namespace
}  // namespace bascule
