#pragma once
// Row after row of a delimited file, with everything that can be unusual about one.
#include <string_view>

#include "data/fields.h"
#include "data/row_sink.h"
#include "data/text.h"

namespace bascule {

class CarefulRows {
 public:
  CarefulRows(const Dialect& dialect, int fields, char newline, bool join_lines)
      : dialect_(dialect),
        wanted_(static_cast<std::size_t>(fields)),
        newline_(newline),
        join_lines_(join_lines) {}

  struct Step {
    const char* next = nullptr;  ///< the start of the next row
    std::int64_t lines = 1;
    std::string_view text;
    Flaw flaw = Flaw::kCount;  ///< kCount when the row was taken or is blank
    bool open_quote = false;   ///< a quoted field did not end on its line
  };

  /// The row at the start of `rest`. `take` gets the fields and whether they run over several
  /// lines, keeps the row if it is good, and says what is wrong with it otherwise (kCount:
  /// nothing).
  template <class Take>
  Step read(std::string_view rest, Take&& take) {
    LineCursor cursor(rest, newline_);
    Step step;
    cursor.next(step.text);
    step.next = position(rest, cursor);
    if (step.text.empty()) return step;
    if (step.text.size() > kMaxLine) {
      step.flaw = Flaw::kLineTooLong;
    } else if (step.text.find('\0') != std::string_view::npos) {
      step.flaw = Flaw::kNulByte;
    } else if (fields_.split(step.text, dialect_)) {
      step.flaw = checked(take, false);
    } else {
      step.open_quote = true;
      step.flaw = Flaw::kUnclosedQuote;
      if (join_lines_) join(rest, cursor, take, step);
    }
    return step;
  }

 private:
  static constexpr std::size_t kMaxJoined = std::size_t{64} << 10;

  static const char* position(std::string_view rest, const LineCursor& cursor) {
    return rest.data() + (rest.size() - cursor.rest().size());
  }

  template <class Take>
  Flaw checked(Take& take, bool joined) {
    if (fields_.size() < wanted_) return Flaw::kTooFewFields;
    if (fields_.size() > wanted_) return Flaw::kTooManyFields;
    return take(fields_, joined);
  }

  // Adds lines until the quote closes; the step changes only when a good row comes of it, so that a
  // stray quote costs its own line alone.
  template <class Take>
  void join(std::string_view rest, LineCursor cursor, Take& take, Step& step) {
    std::string_view line;
    for (std::int64_t lines = 2; cursor.next(line); ++lines) {
      const auto size = static_cast<std::size_t>(line.data() + line.size() - rest.data());
      if (size > kMaxJoined || line.find('\0') != std::string_view::npos) return;
      if (line.find('"') == std::string_view::npos) continue;
      if (!fields_.split(rest.substr(0, size), dialect_)) continue;
      if (checked(take, true) != Flaw::kCount) return;
      step = {position(rest, cursor), lines, rest.substr(0, size), Flaw::kCount, true};
      return;
    }
  }

  const Dialect& dialect_;
  std::size_t wanted_;
  char newline_;
  bool join_lines_;
  Fields fields_;
};

}  // namespace bascule
