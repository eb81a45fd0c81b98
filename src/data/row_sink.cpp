#include "data/row_sink.h"

#include <span>

#include <fmt/format.h>

#include "data/text.h"

namespace bascule {

std::string_view flaw_name(Flaw flaw) {
  switch (flaw) {
    case Flaw::kTooFewFields:
      return "too_few_fields";
    case Flaw::kTooManyFields:
      return "too_many_fields";
    case Flaw::kBadRating:
      return "bad_rating";
    case Flaw::kEmptyId:
      return "empty_id";
    case Flaw::kIdTooLong:
      return "id_too_long";
    case Flaw::kBadId:
      return "bad_id";
    case Flaw::kBadTime:
      return "bad_time";
    case Flaw::kUnclosedQuote:
      return "unclosed_quote";
    case Flaw::kNulByte:
      return "nul_byte";
    case Flaw::kLineTooLong:
      return "line_too_long";
    case Flaw::kNoItem:
      return "no_item";
    case Flaw::kBadNumber:
      return "bad_number";
    case Flaw::kEmptyLabel:
      return "empty_label";
    case Flaw::kCount:
      break;
  }
  return "";
}

void RowSink::flush() {
  std::array<std::int32_t, IdTable::kBatch> numbers;
  ids_.items.intern_batch(std::span(items_).first(waiting_), numbers.data());
  for (std::size_t i = 0; i < waiting_; ++i) {
    rows_.item.push_back(numbers[i]);
    rows_.full |= numbers[i] < 0;
  }

  // Files are mostly sorted by user: equal neighbours are looked up once.
  std::array<std::string_view, IdTable::kBatch> distinct;
  std::array<std::uint8_t, IdTable::kBatch> which;
  std::size_t count = 0;
  for (std::size_t i = 0; i < waiting_; ++i) {
    if (count == 0 || distinct[count - 1] != users_[i]) distinct[count++] = users_[i];
    which[i] = static_cast<std::uint8_t>(count - 1);
  }
  ids_.users.intern_batch(std::span(distinct).first(count), numbers.data());
  for (std::size_t i = 0; i < waiting_; ++i) {
    rows_.user.push_back(numbers[which[i]]);
    rows_.full |= numbers[which[i]] < 0;
  }
  waiting_ = 0;
}

void FlawLog::add(Flaw flaw, std::int64_t line, std::string_view row) {
  if (total_++ == 0) first_ = flaw;
  Entry& entry = entries_[static_cast<std::size_t>(flaw)];
  ++entry.count;
  if (entry.examples.size() < kExamples) entry.examples.push_back({"", line, excerpt(row)});
}

void FlawLog::report(const std::string& file, std::int64_t lines_before, ReadReport& report) const {
  for (std::size_t kind = 0; kind < entries_.size(); ++kind) {
    const Entry& entry = entries_[kind];
    if (entry.count == 0) continue;
    Malformed& malformed = report.malformed[std::string(flaw_name(static_cast<Flaw>(kind)))];
    malformed.count += entry.count;
    for (const Malformed::Example& example : entry.examples)
      if (malformed.examples.size() < kExamples)
        malformed.examples.push_back({file, example.line + lines_before, example.text});
  }
}

Error FlawLog::first_as_error(const std::string& file, std::int64_t lines_before) const {
  const Malformed::Example& example = entries_[static_cast<std::size_t>(first_)].examples.front();
  return {Code::kBadData, fmt::format("{}:{}: {}: {}", file, example.line + lines_before,
                                      flaw_name(first_), example.text)};
}

}  // namespace bascule
