#include "data/npy.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

namespace bascule {
namespace {

std::string npy(const std::string& header, const std::string& data, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += version;
  bytes += '\0';
  const auto length = static_cast<std::uint32_t>(header.size());
  bytes.append(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4);
  return bytes + header + data;
}

template <class T>
std::string raw(std::initializer_list<T> values) {
  std::string bytes;
  for (const T value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

std::string dict(const std::string& descr, const std::string& shape,
                 const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

TEST(Npy, ReadsEveryNumericType) {
  const auto integers = [](const std::string& descr, const std::string& data) {
    const std::string bytes = npy(dict(descr, "(2,)"), data);
    const auto view = read_npy(bytes, "x");
    EXPECT_TRUE(view.ok());
    return npy_integers(*view, "x").value();
  };
  const std::vector<std::int64_t> small = {1, 100}, negative = {-1, 100};
  EXPECT_EQ(integers("|i1", raw<std::int8_t>({-1, 100})), negative);
  EXPECT_EQ(integers("<i2", raw<std::int16_t>({-1, 100})), negative);
  EXPECT_EQ(integers("<i4", raw<std::int32_t>({-1, 100})), negative);
  EXPECT_EQ(integers("<i8", raw<std::int64_t>({-1, 100})), negative);
  EXPECT_EQ(integers("|u1", raw<std::uint8_t>({1, 100})), small);
  EXPECT_EQ(integers("<u2", raw<std::uint16_t>({1, 100})), small);
  EXPECT_EQ(integers("<u4", raw<std::uint32_t>({1, 100})), small);
  EXPECT_EQ(integers("<u8", raw<std::uint64_t>({1, 100})), small);
  EXPECT_EQ(integers(">i4", std::string("\0\0\0\1\0\0\0\x64", 8)), small);
  EXPECT_EQ(integers("|b1", std::string("\1\0", 2)), (std::vector<std::int64_t>{1, 0}));
  for (const bool wide : {false, true}) {
    const std::string data = wide ? raw<double>({0.5, -2}) : raw<float>({0.5F, -2});
    const std::string bytes = npy(dict(wide ? "<f8" : "<f4", "(2,)"), data);
    const auto view = read_npy(bytes, "x");
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(npy_floats(*view, "x").value(), (std::vector<float>{0.5F, -2}));
    EXPECT_FALSE(npy_integers(*view, "x").ok());
  }
}

TEST(Npy, ReadsVersionsShapesAndText) {
  for (const char version : {1, 2, 3}) {
    const std::string bytes = npy(dict("<f4", "(1, 2)", "True"), raw<float>({1, 2}), version);
    const auto view = read_npy(bytes, "x");
    ASSERT_TRUE(view.ok()) << view.error().message;
    EXPECT_EQ(view->header.shape, (std::vector<std::int64_t>{1, 2}));
    EXPECT_TRUE(view->header.fortran_order);
  }
  const std::string bytes_text = npy(dict("|S5", "()"), std::string("csr\0\0", 5));
  EXPECT_EQ(npy_text(read_npy(bytes_text, "x").value(), "x").value(), "csr");
  const std::string unicode = npy(dict("<U3", "()"), std::string("c\0\0\0s\0\0\0r\0\0\0", 12));
  EXPECT_EQ(npy_text(read_npy(unicode, "x").value(), "x").value(), "csr");
  const std::string empty = npy(dict("<i4", "(0, 7)"), "");
  EXPECT_TRUE(read_npy(empty, "x").ok());
}

TEST(Npy, RefusesWhatItDoesNotUnderstand) {
  const auto refused = [](const std::string& header, const std::string& data = "12345678") {
    const std::string bytes = npy(header, data);
    const auto view = read_npy(bytes, "x");
    EXPECT_FALSE(view.ok()) << header;
    if (!view.ok()) {
      EXPECT_EQ(view.error().code, Code::kBadData);
    }
  };
  refused(dict("|O", "(1,)"));
  refused(dict("|O8", "(1,)"));
  refused(dict("<c8", "(1,)"));
  refused(dict("<f2", "(4,)"));
  refused(dict("<i3", "(2,)"));
  refused(dict("=i4", "(2,)"));
  refused("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }");
  refused(dict("<i4", "2"));
  refused(dict("<i4", "(2"));
  refused(dict("<i4", "(2)"));
  refused(dict("<i4", "(-2,)"));
  refused(dict("<i4", "(2,)", "0"));
  refused(dict("<i4", "(3,)"));
  refused(dict("<i4", "(1,)"));
  refused(dict("<i4", "(4611686018427387904, 4)"));
  refused(dict("<i8", "(9223372036854775807,)"));
  refused(dict("<i8", "(99999999999999999999,)"));
  refused(dict("<i4", "(2,)") + "x");
  refused("{'descr': '<i4', 'shape': (2,), }");
  refused("{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (2,), }");
  refused("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), 'more': 1}");
  refused("");
  std::string many = "(";
  for (int i = 0; i < 40; ++i) many += "1,";
  refused(dict("|i1", many + ")"), "1");
}

TEST(Npy, RefusesCutHeaders) {
  const std::string whole = npy(dict("<i4", "(2,)"), raw<std::int32_t>({1, 2}));
  ASSERT_TRUE(read_npy(whole, "x").ok());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(read_npy(std::string_view(whole).substr(0, length), "x").ok()) << length;
  std::string version = whole;
  version[6] = 4;
  EXPECT_FALSE(read_npy(version, "x").ok());
}

TEST(Npy, RefusesIntegersBeyond63Bits) {
  const std::string bytes = npy(dict("<u8", "(1,)"), raw<std::uint64_t>({std::uint64_t{1} << 63}));
  EXPECT_FALSE(npy_integers(read_npy(bytes, "x").value(), "x").ok());
}

}  // namespace
}  // namespace bascule
