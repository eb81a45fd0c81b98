#pragma once
// items.tsv and users.tsv of a run: the ids (and titles) that belong to the model's indices.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/file.h>
#include <bascule/base/status.h>

namespace bascule {

struct IdLine {
  std::string id;
  std::string title;  ///< empty where there is none
};

/// Looks up ids in the file itself: opening costs one fast pass over the bytes and no hash table,
/// so that a single recommendation starts quickly. A header line (`id`, or `id\ttitle`), then a
/// line per index; tab, newline, CR and backslash are written as \t \n \r \\.
class IdFile {
 public:
  IdFile() = default;
  /// kBadData when the file is missing, has another header or does not end with a line end.
  static Result<IdFile> open(const std::string& path);

  [[nodiscard]] std::int64_t size() const { return lines_; }
  /// The index of `id`, by a search through the file.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view id) const;
  /// Requires 0 <= index < size().
  [[nodiscard]] IdLine at(std::int64_t index) const;
  /// kBadData, naming the file, unless it has `expected` lines; `what` is "items" or "users".
  [[nodiscard]] Status check_size(std::int64_t expected, std::string_view what) const;

 private:
  [[nodiscard]] std::string_view body() const { return file_.text().substr(body_begin_); }
  [[nodiscard]] std::int64_t line_ends_before(std::size_t position) const;

  MappedFile file_;
  std::size_t body_begin_ = 0;
  std::int64_t lines_ = 0;
  std::vector<std::int64_t> ends_before_;  // line ends of the body before each block
};

/// Gives the id or title that belongs to an index.
using TextAt = std::function<std::string_view(std::int64_t index)>;

/// Writes such a file atomically; without `title_at` it has ids only.
Status write_id_file(const std::string& path, std::int64_t count, const TextAt& id_at,
                     const TextAt& title_at = {});

}  // namespace bascule
