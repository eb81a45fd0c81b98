#include "data/pandas_tokenizer.h"

#include <algorithm>

namespace bascule {
namespace {

enum class State { kStartRow, kBlankRow, kStartField, kField, kQuoted, kQuoteInQuoted };

bool is_blank(char c, char separator) {
  return (c == ' ' || c == '\t') && c != separator;
}

}  // namespace

// Moves over one row, leaving its fields in text_ and ends_. False when there is none.
bool PandasTokenizer::cut(PandasRow& row) {
  text_.clear();
  ends_.clear();
  State state = State::kStartRow;
  std::size_t start = at_;
  while (at_ < file_.size()) {
    const char c = file_[at_];
    const bool line_end = c == '\n' || c == '\r';
    if (state != State::kQuoted && line_end) {
      const std::size_t end = at_++;
      if (c == '\r' && at_ < file_.size() && file_[at_] == '\n') ++at_;
      ++line_;
      if (state == State::kStartRow || state == State::kBlankRow) {
        state = State::kStartRow;
        start = at_;
        text_.clear();
        continue;
      }
      ends_.push_back(text_.size());
      row.text = file_.substr(start, end - start);
      return true;
    }
    ++at_;
    if (state == State::kStartRow || state == State::kBlankRow) {
      // A row of blanks is a blank row; before a field they belong to it, as in pandas 3.
      text_.push_back(c);
      if (is_blank(c, separator_)) {
        state = State::kBlankRow;
        continue;
      }
      text_.pop_back();
      state = text_.empty() ? State::kStartField : State::kField;
    }
    if (state == State::kQuoted) {
      if (c == '"') {
        state = State::kQuoteInQuoted;
      } else {
        text_.push_back(c);
      }
    } else if (c == separator_) {
      ends_.push_back(text_.size());
      state = State::kStartField;
    } else if (state == State::kStartField && c == '"') {
      state = State::kQuoted;
    } else {
      // A quote behind a quote is one quote; any other text behind it runs on unquoted.
      text_.push_back(c);
      state = state == State::kQuoteInQuoted && c == '"' ? State::kQuoted : State::kField;
    }
  }
  open_quote_ = state == State::kQuoted;
  if (state == State::kStartRow || state == State::kBlankRow || open_quote_) return false;
  ++line_;
  ends_.push_back(text_.size());
  row.text = file_.substr(start);
  return true;
}

bool PandasTokenizer::next(PandasRow& row) {
  if (!cut(row)) return false;
  row.line = line_;
  row.given = ends_.size();
  // The header and the first row are never too long: the latter's surplus becomes an index.
  const std::int64_t unchecked = header_ ? 2 : 1;
  row.skipped = kept_ >= unchecked && row.given > last_fields_;
  if (row.skipped) return true;
  if (kept_ == 0 && header_) header_fields_ = row.given;
  if (kept_ == 1 && header_ && row.given > header_fields_)
    index_fields_ = row.given - header_fields_;
  row.index_fields = index_fields_;
  row.fields.clear();
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    row.fields.push_back(std::string_view(text_).substr(begin, end - begin));
    begin = end;
  }
  last_fields_ = kept_ == 0 ? row.given : std::max(last_fields_, row.given);
  ++kept_;
  return true;
}

}  // namespace bascule
