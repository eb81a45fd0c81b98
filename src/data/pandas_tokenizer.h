#pragma once
// Rows as the C tokenizer of pandas.read_csv cuts them: no escape character, "" inside quotes is a
// quote, a quoted field may run over line ends, blank lines are passed over.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bascule {

/// A row; its text lives until the next one is read.
struct PandasRow {
  /// More fields than the row before: pandas' on_bad_lines="skip" leaves such a row out.
  bool skipped = false;
  std::int64_t line = 0;  ///< as pandas counts: rows and blank lines, from 1
  std::size_t given = 0;  ///< fields before the row was filled up
  std::string_view text;  ///< of the file
  std::vector<std::string_view> fields;
  /// Leading fields that pandas takes for an index: the first row has so many more than the header.
  std::size_t index_fields = 0;

  [[nodiscard]] std::size_t size() const { return fields.size() - index_fields; }
  std::string_view operator[](std::size_t i) const {
    return i + index_fields < fields.size() ? fields[i + index_fields] : std::string_view();
  }
};

class PandasTokenizer {
 public:
  PandasTokenizer(std::string_view file, char separator, bool header)
      : file_(file), separator_(separator), header_(header) {}
  /// False at the end of the file.
  bool next(PandasRow& row);
  /// The file ended inside quotes; pandas refuses such a file.
  [[nodiscard]] bool open_quote() const { return open_quote_; }

 private:
  bool cut(PandasRow& row);

  std::string_view file_;
  char separator_;
  bool header_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0;
  std::int64_t kept_ = 0;        // rows that were not skipped
  std::size_t last_fields_ = 0;  // of the last of them
  std::size_t header_fields_ = 0;
  std::size_t index_fields_ = 0;
  bool open_quote_ = false;
  std::string text_;               // of all fields of the row
  std::vector<std::size_t> ends_;  // of each field in text_
};

}  // namespace bascule
