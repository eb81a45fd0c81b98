#include "data/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/base/text.h>

namespace bascule {
namespace {

constexpr std::size_t kMaxRank = 32;  // NumPy's own bound

Error bad(const std::string& name, std::string_view why) {
  return {Code::kBadData, fmt::format("{}: {}", name, why)};
}

/// The header's text: a Python dict of exactly three known keys, in any order.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  bool parse(NpyHeader& header) {
    if (!take('{')) return false;
    bool descr = false, order = false, shape = false;
    while (!take('}')) {
      const auto key = quoted();
      if (!key || !take(':')) return false;
      if (*key == "descr" && !descr) {
        descr = true;
        const auto code = quoted();
        if (!code || !set_npy_dtype(*code, header)) return false;
      } else if (*key == "fortran_order" && !order) {
        order = true;
        header.fortran_order = word("True");
        if (!header.fortran_order && !word("False")) return false;
      } else if (*key == "shape" && !shape) {
        shape = true;
        if (!parse_shape(header.shape)) return false;
      } else {
        return false;
      }
      if (!take(',') && !peek('}')) return false;
    }
    skip_blanks();
    return descr && order && shape && text_.empty();
  }

 private:
  void skip_blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool peek(char c) {
    skip_blanks();
    return text_.starts_with(c);
  }
  bool take(char c) {
    if (!peek(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view expected) {
    skip_blanks();
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  std::optional<std::string_view> quoted() {
    skip_blanks();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return std::nullopt;
    const std::size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return inside;
  }
  std::optional<std::int64_t> number() {
    skip_blanks();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) return std::nullopt;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }

  bool parse_shape(std::vector<std::int64_t>& shape) {
    if (!take('(')) return false;
    while (!take(')')) {
      const auto extent = number();
      if (!extent || shape.size() == kMaxRank) return false;
      word("L");  // Python 2 wrote long integers so
      shape.push_back(*extent);
      if (!take(',') && (!peek(')') || shape.size() == 1)) return false;
    }
    return true;
  }

  std::string_view text_;
};

template <class T>
T element(const NpyView& array, std::int64_t index) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), array.data.data() + index * static_cast<std::int64_t>(sizeof(T)),
              sizeof(T));
  if (array.header.big_endian) std::reverse(bytes.begin(), bytes.end());
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// Calls body with a value of the C++ type of the elements; false for text.
template <class Body>
bool with_number_type(const NpyHeader& header, Body body) {
  switch (header.kind * 16 + header.item_size) {
    case 'b' * 16 + 1:
    case 'u' * 16 + 1:
      return body(std::uint8_t{}), true;
    case 'u' * 16 + 2:
      return body(std::uint16_t{}), true;
    case 'u' * 16 + 4:
      return body(std::uint32_t{}), true;
    case 'u' * 16 + 8:
      return body(std::uint64_t{}), true;
    case 'i' * 16 + 1:
      return body(std::int8_t{}), true;
    case 'i' * 16 + 2:
      return body(std::int16_t{}), true;
    case 'i' * 16 + 4:
      return body(std::int32_t{}), true;
    case 'i' * 16 + 8:
      return body(std::int64_t{}), true;
    case 'f' * 16 + 4:
      return body(float{}), true;
    case 'f' * 16 + 8:
      return body(double{}), true;
    default:
      return false;
  }
}

}  // namespace

bool set_npy_dtype(std::string_view code, NpyHeader& header) {
  if (code.size() < 3) return false;
  const char order = code[0];
  if (order != '<' && order != '>' && order != '|') return false;
  header.big_endian = order == '>';
  header.kind = code[1];
  std::int64_t size = 0;
  const char* last = code.data() + code.size();
  const auto [end, error] = std::from_chars(code.data() + 2, last, size);
  if (error != std::errc() || end != last || size < 0) return false;
  const bool power = size == 1 || size == 2 || size == 4 || size == 8;
  switch (header.kind) {
    case 'b':
      if (size != 1) return false;
      break;
    case 'i':
    case 'u':
      if (!power || (order == '|' && size != 1)) return false;
      break;
    case 'f':
      if ((size != 4 && size != 8) || order == '|') return false;
      break;
    case 'U':
      if (size > 4096 || order == '|') return false;
      size *= 4;
      break;
    case 'S':
      if (size > 4096) return false;
      break;
    default:
      return false;
  }
  header.item_size = size;
  return true;
}

Result<NpyView> npy_view(NpyHeader header, std::string_view data, const std::string& name) {
  header.count = 1;
  for (const std::int64_t extent : header.shape) {
    const auto product = checked_mul(header.count, extent);
    if (!product) return bad(name, "shape too large");
    header.count = *product;
  }
  const auto size = checked_mul(header.count, header.item_size);
  if (!size || static_cast<std::uint64_t>(*size) != data.size())
    return bad(name, fmt::format("holds {} bytes of elements, its shape needs {}", data.size(),
                                 size ? fmt::format("{}", *size) : "more than 2^63"));
  return NpyView{std::move(header), data};
}

Result<NpyView> read_npy(std::string_view bytes, const std::string& name) {
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY")) return bad(name, "not a .npy array");
  const auto major = static_cast<unsigned char>(bytes[6]);
  if (major < 1 || major > 3 || bytes[7] != 0) return bad(name, "unknown version of .npy");
  const std::size_t length_size = major == 1 ? 2 : 4;
  const std::size_t begin = 8 + length_size;
  if (bytes.size() < begin) return bad(name, "ends in its header");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, length_size);
  if (length > bytes.size() - begin) return bad(name, "ends in its header");
  const std::string_view text = bytes.substr(begin, length);
  NpyHeader header;
  if (!HeaderParser(text).parse(header))
    return bad(name, fmt::format("header not understood: \"{}\"", printable(text, 120)));
  header.data_offset = begin + length;
  const std::string_view data = bytes.substr(header.data_offset);
  return npy_view(std::move(header), data, name);
}

Result<std::vector<std::int64_t>> npy_integers(const NpyView& array, const std::string& name) {
  std::vector<std::int64_t> values;
  bool fits = true;
  const bool numeric = with_number_type(array.header, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>) {
      values.resize(static_cast<std::size_t>(array.header.count));
      for (std::int64_t i = 0; i < array.header.count; ++i) {
        const T value = element<T>(array, i);
        if constexpr (std::is_same_v<T, std::uint64_t>)
          fits = fits && value <= std::numeric_limits<std::int64_t>::max();
        // NOLINTNEXTLINE(bugprone-signed-char-misuse): int8 numbers, not characters
        values[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(value);
      }
    }
  });
  if (!numeric || array.header.kind == 'f') return bad(name, "elements are not integers");
  if (!fits) return bad(name, "an integer does not fit 63 bits");
  return values;
}

Status npy_floats(const NpyView& array, const std::string& name, std::span<float> out) {
  const bool numeric = with_number_type(array.header, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < array.header.count; ++i)
      out[static_cast<std::size_t>(i)] = static_cast<float>(element<T>(array, i));
  });
  if (!numeric) return bad(name, "elements are not numbers");
  return {};
}

Result<std::vector<float>> npy_floats(const NpyView& array, const std::string& name) {
  // Of text there may be no bytes to an element, so that its count is the file's word alone.
  if (array.header.kind == 'S' || array.header.kind == 'U')
    return bad(name, "elements are not numbers");
  std::vector<float> values(static_cast<std::size_t>(array.header.count));
  BASCULE_TRY(npy_floats(array, name, values));
  return values;
}

Result<std::string> npy_text(const NpyView& array, const std::string& name) {
  const NpyHeader& header = array.header;
  if ((header.kind != 'S' && header.kind != 'U') || header.count != 1)
    return bad(name, "not a text");
  std::string text;
  if (header.kind == 'S') {
    text = array.data;
  } else {
    for (std::int64_t i = 0; i < header.item_size / 4; ++i) {
      const auto c = element<std::uint32_t>(array, i);
      text += c < 0x80 ? static_cast<char>(c) : '\x80';
    }
  }
  while (text.ends_with('\0')) text.pop_back();  // both are padded with NULs
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x1f; });
  if (!ascii) return bad(name, "text is not plain ASCII");
  return text;
}

}  // namespace bascule
