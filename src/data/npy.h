#pragma once
// NumPy's .npy format, versions 1 to 3, read by hand: data only, object arrays (pickle) are
// refused. Format: numpy/lib/format.py, "Format Version 1.0 … 3.0".
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

struct NpyHeader {
  char kind = 0;               ///< 'b' bool, 'i', 'u', 'f' numbers, 'S' bytes, 'U' UTF-32 text
  std::int64_t item_size = 0;  ///< bytes of one element
  bool big_endian = false;
  bool fortran_order = false;       ///< first index fastest
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::int64_t count = 1;           ///< elements: the product of the shape
  std::size_t data_offset = 0;      ///< where the elements begin
};

/// An array whose header and size have been checked; `data` views the bytes that were given.
struct NpyView {
  NpyHeader header;
  std::string_view data;  ///< exactly count * item_size bytes
};

/// `name` is for messages. kBadData when anything is not exactly as the format says: unknown dtype,
/// object dtype, a shape whose size overflows, missing or surplus bytes.
Result<NpyView> read_npy(std::string_view bytes, const std::string& name);

/// Puts a checked element type, as "<f4", into `header`; false when it is none that is read.
bool set_npy_dtype(std::string_view code, NpyHeader& header);
/// An array of which header (all but `count`) and elements come from elsewhere; kBadData when the
/// size of `data` is not what the shape needs.
Result<NpyView> npy_view(NpyHeader header, std::string_view data, const std::string& name);

/// Elements of an array of integers (or bools); kBadData for other kinds and for values above
/// 2^63 - 1.
Result<std::vector<std::int64_t>> npy_integers(const NpyView& array, const std::string& name);
/// Elements of a numeric array as float (bools as 0 and 1); kBadData for text.
Result<std::vector<float>> npy_floats(const NpyView& array, const std::string& name);
/// The same into `out`, which has room for all.
Status npy_floats(const NpyView& array, const std::string& name, std::span<float> out);
/// The text of a scalar of bytes or of text, ASCII only; kBadData otherwise.
Result<std::string> npy_text(const NpyView& array, const std::string& name);

}  // namespace bascule
