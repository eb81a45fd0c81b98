#pragma once
// Where the rows of one chunk of a file go: ids into tables of the thread, numbers into columns of
// the chunk, what is malformed into its report.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/data/id_table.h>
#include <bascule/data/read_report.h>

namespace bascule {

/// What can be wrong with a row. Names for reports: flaw_name.
enum class Flaw {
  kTooFewFields,
  kTooManyFields,
  kBadRating,
  kEmptyId,
  kIdTooLong,
  kBadId,
  kBadTime,
  kUnclosedQuote,
  kNulByte,
  kLineTooLong,
  kNoItem,
  kBadNumber,
  kEmptyLabel,
  kCount
};
std::string_view flaw_name(Flaw flaw);

inline constexpr std::size_t kMaxIdBytes = 4096;
inline constexpr std::size_t kExamples = 5;

/// Malformed rows of a chunk or a file; lines count from the start of the chunk until moved.
class FlawLog {
 public:
  void add(Flaw flaw, std::int64_t line, std::string_view row);
  [[nodiscard]] bool empty() const { return total_ == 0; }
  [[nodiscard]] std::int64_t total() const { return total_; }
  /// Adds the entries to a report, `lines_before` further down in `file`.
  void report(const std::string& file, std::int64_t lines_before, ReadReport& report) const;
  /// The first row of all. Requires !empty().
  [[nodiscard]] Error first_as_error(const std::string& file, std::int64_t lines_before) const;

 private:
  struct Entry {
    std::int64_t count = 0;
    std::vector<Malformed::Example> examples;
  };
  std::array<Entry, static_cast<std::size_t>(Flaw::kCount)> entries_;
  std::int64_t total_ = 0;
  Flaw first_ = Flaw::kCount;
};

/// Ids seen by one thread in all its chunks, as raw bytes.
struct ThreadIds {
  IdTable users, items;
};

/// The rows of one chunk. User and item numbers are those of the thread's tables.
struct ChunkRows {
  ThreadIds* ids = nullptr;
  /// Ids that the thread met first in this chunk: [users_begin, users_end) of its table.
  std::int32_t users_begin = 0, users_end = 0, items_begin = 0, items_end = 0;
  std::vector<std::int32_t> user, item;
  std::vector<float> value;
  std::vector<std::int64_t> time;
  std::int64_t lines = 0;  ///< physical lines
  std::int64_t good = 0;
  FlawLog flaws;
  bool has_nul = false, high_bytes = false, utf8 = true;
  bool open_quote = false;  ///< a quoted field did not end on its line
  bool full = false;        ///< the table of ids is full
};

class RowSink {
 public:
  RowSink(ChunkRows& rows, ThreadIds& ids, float min_rating, bool with_time)
      : rows_(rows), ids_(ids), min_rating_(min_rating), with_time_(with_time) {
    rows.ids = &ids;
    rows.users_begin = ids.users.size();
    rows.items_begin = ids.items.size();
  }
  RowSink(const RowSink&) = delete;
  RowSink& operator=(const RowSink&) = delete;
  ~RowSink() {
    flush();
    rows_.users_end = ids_.users.size();
    rows_.items_end = ids_.items.size();
  }

  /// Takes a row with ids that are not empty nor too long. The texts must live until flush().
  void add(std::string_view user, std::string_view item, float value, std::int64_t time) {
    ++rows_.good;
    if (!(value >= min_rating_)) return;
    users_[waiting_] = user;
    items_[waiting_] = item;
    rows_.value.push_back(value);
    if (with_time_) rows_.time.push_back(time);
    if (++waiting_ == IdTable::kBatch) flush();
  }
  /// Numbers the ids of the rows taken so far.
  void flush();
  void flaw(Flaw flaw, std::int64_t line, std::string_view row) {
    rows_.flaws.add(flaw, line, row);
  }

 private:
  ChunkRows& rows_;
  ThreadIds& ids_;
  float min_rating_;
  bool with_time_;
  std::size_t waiting_ = 0;
  std::array<std::string_view, IdTable::kBatch> users_, items_;
};

/// kCount when an id may be kept.
inline Flaw id_flaw(std::string_view id) {
  if (id.empty()) return Flaw::kEmptyId;
  return id.size() > kMaxIdBytes ? Flaw::kIdTooLong : Flaw::kCount;
}

}  // namespace bascule
