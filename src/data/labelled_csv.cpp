#include "data/labelled_csv.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/base/text.h>
#include <bascule/data/id_table.h>

#include "data/careful_rows.h"
#include "data/folder.h"
#include "data/labelled_arrays.h"
#include "data/numbers.h"
#include "data/source.h"
#include "data/text.h"

namespace bascule {
namespace {

/// How the rows of one file are written and which columns are labels.
struct Columns {
  Dialect dialect;
  bool header = false;
  std::size_t fields = 0;
  std::vector<std::size_t> labels;
  std::vector<std::size_t> features;  // all others, ascending
};

Dialect find_dialect(std::string_view first_line, const std::string& format) {
  Dialect dialect;
  dialect.quotes = true;
  std::ptrdiff_t most = -1;
  for (const char separator : {',', '\t', ';'}) {
    if (format == "tsv" && separator != '\t') continue;
    const auto count = std::count(first_line.begin(), first_line.end(), separator);
    if (count > most) {
      most = count;
      dialect.separator = separator;
    }
  }
  return dialect;
}

/// The column that `text` names: a name of the header, else a 1-based number.
std::optional<std::size_t> find_column(const std::string& text, const Fields& first_row) {
  for (std::size_t i = 0; i < first_row.size(); ++i)
    if (first_row[i] == text) return i;
  std::size_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, number);
  if (failure != std::errc() || end != last || number < 1 || number > first_row.size())
    return std::nullopt;
  return number - 1;
}

Result<Columns> find_columns(std::string_view bytes, char newline, const std::string& name,
                             const LabelledReadOptions& options) {
  std::string_view line;
  LineCursor(bytes, newline).next(line);
  const bool unlabelled = options.task == LabelledTask::kNone;
  Columns columns;
  columns.dialect = find_dialect(line, options.format);
  Fields fields;
  if (line.size() > kMaxLine || !fields.split(line, columns.dialect) ||
      fields.size() < (unlabelled ? 1 : 2))
    return bad_labelled(name, fmt::format("line 1: not a row of {} columns: \"{}\"",
                                          unlabelled ? "any" : "two or more", excerpt(line)));
  columns.fields = fields.size();
  bool by_name = false;
  for (const std::string& label : options.label_columns) {
    const auto column = find_column(label, fields);
    if (!column)
      return Error{Code::kUsage, fmt::format("{}: there is no column \"{}\" among: {}", name, label,
                                             printable(line, 200))};
    by_name = by_name || fields[*column] == label;
    columns.labels.push_back(*column);
  }
  if (columns.labels.empty() && !unlabelled) columns.labels = {columns.fields - 1};
  float ignored = 0;
  bool numbers = true;
  for (std::size_t i = 0; i < columns.fields; ++i) {
    if (std::find(columns.labels.begin(), columns.labels.end(), i) != columns.labels.end())
      continue;
    columns.features.push_back(i);
    numbers = numbers && parse_decimal(fields[i], ignored);
  }
  if (columns.features.empty() || columns.features.size() + columns.labels.size() != columns.fields)
    return Error{Code::kUsage, name + ": every column is a label, or one is named twice"};
  // A name that is a number ("1" in a row of numbers) does not make the row a header.
  columns.header = !numbers || (by_name && !parse_decimal(fields[columns.labels[0]], ignored));
  return columns;
}

/// The rows of one file.
class CsvPart {
 public:
  CsvPart(const Columns& columns, LabelledTask task, IdTable& classes)
      : columns_(columns), task_(task), classes_(classes) {}

  /// Keeps the row if it is good.
  Flaw take(const Fields& row) {
    const std::size_t before = features_.size();
    const std::size_t targets_before = targets_.size();
    float value = 0;
    for (const std::size_t column : columns_.features) {
      if (!parse_decimal(row[column], value)) {
        features_.resize(before);
        return Flaw::kBadNumber;
      }
      features_.push_back(value);
    }
    const Flaw flaw = take_label(row);
    if (flaw == Flaw::kCount) return flaw;
    features_.resize(before);
    targets_.resize(targets_before);
    return flaw;
  }

  Status finish(const std::string& name, LabelledData& part) {
    const auto width = static_cast<std::int64_t>(columns_.features.size());
    part.samples = static_cast<std::int64_t>(features_.size()) / width;
    if (part.samples == 0) return bad_labelled(name, "holds no good row");
    part.sample_shape = Shape({width});
    BASCULE_ASSIGN(part.floats, Buffer<float>::make(features_.size()));
    std::memcpy(part.floats.data(), features_.data(), features_.size() * sizeof(float));
    part.labels = std::move(labels_);
    part.targets = std::move(targets_);
    part.target_width =
        task_ == LabelledTask::kRegression ? static_cast<std::int64_t>(columns_.labels.size()) : 0;
    return {};
  }

 private:
  Flaw take_label(const Fields& row) {
    switch (task_) {
      case LabelledTask::kClassification:
        return take_class(row[columns_.labels[0]]);
      case LabelledTask::kRegression:
        return take_targets(row);
      case LabelledTask::kNone:
        break;
    }
    return Flaw::kCount;
  }
  Flaw take_targets(const Fields& row) {
    float value = 0;
    for (const std::size_t column : columns_.labels) {
      if (!parse_decimal(row[column], value)) return Flaw::kBadNumber;
      targets_.push_back(value);
    }
    return Flaw::kCount;
  }
  Flaw take_class(std::string_view label) {
    if (label.empty()) return Flaw::kEmptyLabel;
    labels_.push_back(classes_.intern(label));
    return Flaw::kCount;
  }

  const Columns& columns_;
  LabelledTask task_;
  IdTable& classes_;
  std::vector<float> features_, targets_;
  std::vector<std::int32_t> labels_;
};

Status read_file(const std::string& path, const LabelledReadOptions& options, IdTable& classes,
                 ReadReport& report, LabelledData& part) {
  BASCULE_ASSIGN(const Source source, Source::open(path, options.max_bytes));
  BASCULE_ASSIGN(const std::string_view bytes, without_bom(path, source.bytes()));
  const char newline = newline_of(bytes);
  BASCULE_ASSIGN(const Columns columns, find_columns(bytes, newline, path, options));
  CsvPart rows(columns, options.task, classes);
  CarefulRows careful(columns.dialect, static_cast<int>(columns.fields), newline, false);
  FlawLog flaws;
  std::int64_t line = 0;
  const auto take = [&](const Fields& fields, bool) {
    return line == 1 && columns.header ? Flaw::kCount : rows.take(fields);
  };
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p < end) {
    ++line;
    const CarefulRows::Step step = careful.read({p, static_cast<std::size_t>(end - p)}, take);
    if (step.flaw != Flaw::kCount) {
      flaws.add(step.flaw, line, step.text);
      if (options.strict) return flaws.first_as_error(path, 0);
    }
    if (classes.size() > kMaxClasses)
      return bad_labelled(path,
                          fmt::format("line {}: more than {} classes; is the label in another "
                                      "column, or is it a target to regress on?",
                                      line, kMaxClasses));
    p = step.next;
  }
  report.files.push_back(path);
  report.rows += flaws.total();
  flaws.report(path, 0, report);
  return rows.finish(path, part);
}

std::optional<std::int64_t> as_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The classes in ascending order; `number` gets the position of every id of the table.
std::vector<std::string> ordered_classes(const IdTable& table, std::vector<std::int32_t>& number) {
  const auto count = static_cast<std::size_t>(table.size());
  std::vector<std::pair<std::int64_t, std::int32_t>> keys(count);
  bool integers = true;
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = static_cast<std::int32_t>(i);
    const auto value = as_integer(table[id]);
    integers = integers && value.has_value();
    keys[i] = {value.value_or(0), id};
  }
  std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    if (integers && a.first != b.first) return a.first < b.first;
    return table[a.second] < table[b.second];
  });
  std::vector<std::string> names;
  number.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    number[static_cast<std::size_t>(keys[i].second)] = static_cast<std::int32_t>(i);
    names.emplace_back(table[keys[i].second]);
  }
  return names;
}

std::string part_file(const std::string& folder, std::string_view part) {
  for (const std::string_view ending : {".csv", ".tsv"})
    if (std::string file = find_file(folder, fmt::format("{}{}", part, ending)); !file.empty())
      return file;
  return {};
}

}  // namespace

Status read_labelled_csv(const std::string& path, const LabelledReadOptions& options,
                         LabelledSet& set) {
  if (options.task == LabelledTask::kClassification && options.label_columns.size() > 1)
    return {Code::kUsage, fmt::format("{}: {} label columns; a class is one column", path,
                                      options.label_columns.size())};
  IdTable classes;
  const auto read = [&](const std::string& file, LabelledData& part) {
    return read_file(file, options, classes, set.report, part);
  };
  if (std::filesystem::is_directory(path)) {
    const std::string train = part_file(path, "train");
    if (train.empty()) return bad_labelled(path, "holds no train.csv or train.tsv");
    const std::string test = part_file(path, "test");
    if (!options.test_only || test.empty()) {
      BASCULE_TRY(read(train, set.train));
      if (const std::string file = part_file(path, "valid"); !file.empty())
        BASCULE_TRY(read(file, set.valid.emplace()));
    }
    if (!test.empty()) BASCULE_TRY(read(test, set.test));
  } else {
    BASCULE_TRY(read(path, set.train));
  }
  std::vector<std::int32_t> number;
  std::vector<std::string> names = ordered_classes(classes, number);
  const auto renumber = [&](LabelledData& part) {
    for (std::int32_t& label : part.labels) label = number[static_cast<std::size_t>(label)];
  };
  renumber(set.train);
  renumber(set.test);
  if (set.valid) renumber(*set.valid);
  return finish_set(set, std::move(names));
}

bool is_csv_folder(const std::string& folder) {
  return !part_file(folder, "train").empty();
}

}  // namespace bascule
