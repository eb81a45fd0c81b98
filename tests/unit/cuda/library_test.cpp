// Libraries opened at run time, with one that every machine has in place of CUDA's.
#include "devices/cuda/library.h"

#include <gtest/gtest.h>

namespace bascule::cuda {
namespace {

struct Table {
  Entry<double(double)> cosine{"cos"};
  Entry<double(double)> other{"cos"};
};
template <class Visit>
void for_each_entry(Table& table, const Visit& visit) {
  visit(table.cosine);
  visit(table.other);
}

TEST(CudaLibrary, FillsATable) {
  const auto library = Library::open({"libnot-there.so.2", "libm.so.6"});
  ASSERT_TRUE(library.ok()) << library.error().message;
  Table table;
  ASSERT_TRUE(library->fill(table).ok());
  EXPECT_EQ(table.cosine.function(0), 1);
}

TEST(CudaLibrary, SaysWhatIsMissing) {
  const auto none = Library::open({"libnot-there.so.2", "libnot-there.so.1"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::kNoDevice);
  EXPECT_EQ(none.error().message, "neither libnot-there.so.2 nor libnot-there.so.1 was found");
  EXPECT_EQ(Library::open({"libnot-there.so.2"}).error().message,
            "libnot-there.so.2 was not found");
  Table table;
  table.other.name = "not_a_function";
  const Status status = Library::open({"libm.so.6"})->fill(table);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "libm.so.6 has no not_a_function");
}

TEST(CudaLibrary, ChecksVersions) {
  EXPECT_TRUE(check_major("cuX", 13, 12, 13).ok());
  EXPECT_EQ(check_major("cuX", 11, 12, 13).error().message,
            "cuX 11 is too old: 12 to 13 are known");
  EXPECT_EQ(check_major("cuX", 14, 12, 13).error().message,
            "cuX 14 is too new: 12 to 13 are known");
}

}  // namespace
}  // namespace bascule::cuda
