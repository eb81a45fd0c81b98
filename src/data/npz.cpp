#include "data/npz.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "data/npy.h"
#include "data/npz_archive.h"

namespace bascule {
namespace {

constexpr std::int64_t kMaxRatio = 100;
constexpr std::size_t kMaxExamples = 3;

Error bad(const std::string& path, std::string_view why) {
  return {Code::kBadData, fmt::format("{}: {}", path, why)};
}

Status vector_shaped(const NpyView& array, const std::string& where) {
  if (array.header.shape.size() != 1 || array.header.fortran_order)
    return bad(where, "not a one-dimensional array");
  return {};
}

/// A one-dimensional array of integers.
Result<std::vector<std::int64_t>> integers(NpzArchive& archive, const char* name) {
  const std::string where = archive.where(name);
  BASCULE_ASSIGN(const std::string bytes, archive.member(name));
  BASCULE_ASSIGN(const NpyView array, read_npy(bytes, where));
  BASCULE_TRY(vector_shaped(array, where));
  return npy_integers(array, where);
}

Result<std::vector<float>> floats(NpzArchive& archive, const char* name) {
  const std::string where = archive.where(name);
  BASCULE_ASSIGN(const std::string bytes, archive.member(name));
  BASCULE_ASSIGN(const NpyView array, read_npy(bytes, where));
  BASCULE_TRY(vector_shaped(array, where));
  return npy_floats(array, where);
}

Result<std::string> text(NpzArchive& archive, const char* name) {
  BASCULE_ASSIGN(const std::string bytes, archive.member(name));
  BASCULE_ASSIGN(const NpyView array, read_npy(bytes, archive.where(name)));
  return npy_text(array, archive.where(name));
}

struct SparseArrays {
  bool by_column = false;
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int64_t> pointers, indices;
  std::vector<float> values;
};

Status check(const SparseArrays& m, const std::string& path) {
  const std::int64_t major = m.by_column ? m.columns : m.rows;
  const std::int64_t minor = m.by_column ? m.rows : m.columns;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (m.rows < 0 || m.columns < 0 || m.rows > kMost || m.columns > kMost)
    return bad(path, "shape out of range");
  const auto count = static_cast<std::int64_t>(m.values.size());
  if (static_cast<std::int64_t>(m.pointers.size()) != major + 1)
    return bad(path, "length of indptr does not fit the shape");
  if (m.indices.size() != m.values.size()) return bad(path, "indices and data differ in length");
  if (m.pointers.front() != 0 || m.pointers.back() != count)
    return bad(path, "indptr does not span the data");
  for (std::size_t i = 1; i < m.pointers.size(); ++i)
    if (m.pointers[i] < m.pointers[i - 1]) return bad(path, "indptr decreases");
  for (const std::int64_t index : m.indices)
    if (index < 0 || index >= minor) return bad(path, "an index is out of range");
  return {};
}

Result<SparseArrays> read_arrays(const std::string& path, std::int64_t max_bytes) {
  BASCULE_ASSIGN(NpzArchive archive, NpzArchive::open(path, max_bytes, kMaxRatio));
  SparseArrays m;
  BASCULE_ASSIGN(const std::string format, text(archive, "format.npy"));
  if (format != "csr" && format != "csc")
    return bad(path, fmt::format("sparse format \"{}\" is not read, only csr and csc", format));
  m.by_column = format == "csc";
  BASCULE_ASSIGN(const auto shape, integers(archive, "shape.npy"));
  if (shape.size() != 2) return bad(path, "not a matrix");
  m.rows = shape[0];
  m.columns = shape[1];
  BASCULE_ASSIGN(m.pointers, integers(archive, "indptr.npy"));
  BASCULE_ASSIGN(m.indices, integers(archive, "indices.npy"));
  BASCULE_ASSIGN(m.values, floats(archive, "data.npy"));
  BASCULE_TRY(check(m, path));
  return m;
}

std::int32_t intern_number(IdTable& table, std::int64_t number) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return table.intern({text.data(), static_cast<std::size_t>(end - text.data())});
}

void count_bad_rating(ReadReport& report, const std::string& path, std::int64_t entry,
                      float value) {
  Malformed& kind = report.malformed["bad_rating"];
  ++kind.count;
  if (kind.examples.size() < kMaxExamples)
    kind.examples.push_back({path, entry, fmt::format("{}", value)});
}

}  // namespace

Result<Ratings> read_npz_ratings(const std::string& path, const RatingsOptions& options) {
  BASCULE_ASSIGN(const SparseArrays m, read_arrays(path, options.max_bytes));
  Ratings result;
  Interactions& out = result.interactions;
  ReadReport& report = result.report;
  report.format = "npz";
  report.files = {path};
  report.rows = static_cast<std::int64_t>(m.values.size());
  for (std::size_t major = 0; major + 1 < m.pointers.size(); ++major) {
    for (std::int64_t at = m.pointers[major]; at < m.pointers[major + 1]; ++at) {
      const auto entry = static_cast<std::size_t>(at);
      const float value = m.values[entry];
      if (!std::isfinite(value)) {
        if (options.strict) return bad(path, fmt::format("entry {}: bad_rating", at + 1));
        count_bad_rating(report, path, at + 1, value);
        continue;
      }
      ++report.good;
      if (value < options.min_rating) continue;
      const auto outer = static_cast<std::int64_t>(major);
      const std::int64_t inner = m.indices[entry];
      out.user.push_back(intern_number(out.users, m.by_column ? inner : outer));
      out.item.push_back(intern_number(out.items, m.by_column ? outer : inner));
      out.value.push_back(value);
    }
  }
  report.kept = out.size();
  return result;
}

}  // namespace bascule
