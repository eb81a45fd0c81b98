#include "data/row_sink.h"

#include <algorithm>

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
    case Flaw::kCount:
      break;
  }
  return "";
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
