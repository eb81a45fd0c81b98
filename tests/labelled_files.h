#pragma once
// Small files of labelled data, written as their formats say.
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace bascule {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// An IDX file; `type` is the third byte of its magic number.
inline std::string idx_file(const std::vector<std::uint32_t>& extents, const std::string& data,
                            char type = 8) {
  std::string bytes(2, '\0');
  bytes += type;
  bytes += static_cast<char>(extents.size());
  for (const std::uint32_t extent : extents) bytes += big_endian(extent);
  return bytes + data;
}

template <class T>
std::string npy_file(const std::string& descr, const std::string& shape,
                     const std::vector<T>& values, const std::string& fortran = "False") {
  const std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, fortran, shape);
  std::string bytes("\x93NUMPY\1\0", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return bytes;
}

/// A record of CIFAR-10's binary version, pixel i of value (first + i) mod 251.
inline std::string cifar_record(char label, int first) {
  std::string record(1, label);
  for (int i = 0; i < 3072; ++i) record += static_cast<char>((first + i) % 251);
  return record;
}

/// A pickled batch as Python 2 wrote the published ones.
inline std::string cifar_pickle(const std::string& labels, const std::string& pixels) {
  const auto little = [](std::size_t value) {
    std::string bytes;
    for (const int shift : {0, 8, 16, 24}) bytes += static_cast<char>(value >> shift);
    return bytes;
  };
  using namespace std::string_literals;
  std::string out =
      "\x80\x02}q\x01(U\x0b"
      "batch_labelq\x02U\x04testq\x03U\x06labelsq\x04]q\x05("s;
  for (const char label : labels) out += "K"s + label;
  out +=
      "eU\x04"
      "dataq\x06"
      "cnumpy.core.multiarray\n_reconstruct\nq\x07"
      "cnumpy\nndarray\nq\x08K\0"
      "\x85U\x01"
      "b\x87Rq\x09(K\x01"s;
  out += "J" + little(labels.size()) + "M\0\x0c\x86"s;
  out +=
      "cnumpy\ndtype\nq\x0aU\x02u1K\0K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff"
      "\xff\xffK\0tb\x89T"s;
  out += little(pixels.size()) + pixels + "tbu.";
  return out;
}

}  // namespace bascule
