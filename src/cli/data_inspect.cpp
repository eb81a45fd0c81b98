#include <ctime>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/data/catalogue.h>
#include <bascule/data/inspect.h>
#include <bascule/data/titles.h>

#include "cli/context.h"
#include "cli/data_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Options {
  std::string path;
  RatingsOptions ratings;
};

std::string day(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  if (gmtime_r(&time, &utc) == nullptr) return fmt::format("{} s", seconds);
  return fmt::format("{:%Y-%m-%d}", utc);
}

/// What was read and what could not be: the part that ratings and item tables share.
nlohmann::ordered_json to_json(const ReadReport& report) {
  nlohmann::ordered_json malformed = nlohmann::ordered_json::object();
  nlohmann::ordered_json examples = nlohmann::ordered_json::object();
  for (const auto& [kind, entry] : report.malformed) {
    malformed[kind] = entry.count;
    for (const Malformed::Example& e : entry.examples)
      examples[kind].push_back({{"file", e.file}, {"line", e.line}, {"text", e.text}});
  }
  return {{"format", report.format}, {"encoding", report.encoding}, {"files", report.files},
          {"rows", report.rows},     {"good", report.good},         {"malformed", malformed},
          {"examples", examples}};
}

nlohmann::ordered_json to_json(const Inspection& found) {
  nlohmann::ordered_json histogram = nlohmann::ordered_json::object();
  for (const auto& [value, count] : found.histogram) histogram[fmt::format("{:g}", value)] = count;
  nlohmann::ordered_json document = to_json(found.report);
  document["holds"] = "ratings";
  document["users"] = found.users;
  document["items"] = found.items;
  document["density"] = found.density;
  document["duplicates"] = found.duplicates;
  document["histogram"] = histogram;
  if (found.has_time) document["time"] = {found.first_time, found.last_time};
  return document;
}

void print_histogram(const Inspection& found) {
  constexpr std::int64_t kBar = 40;
  constexpr std::size_t kMostValues = 20;
  std::int64_t most = 1;
  for (const auto& [value, count] : found.histogram) most = std::max(most, count);
  Table table({{"rating", Table::Align::kRight}, {"count", Table::Align::kRight}, {""}});
  std::size_t shown = 0;
  std::int64_t hidden = found.other_values;
  for (const auto& [value, count] : found.histogram) {
    if (++shown > kMostValues) {
      hidden += count;
      continue;
    }
    table.add({fmt::format("{:g}", value), with_commas(count),
               std::string(static_cast<std::size_t>(count * kBar / most), '#')});
  }
  if (hidden > 0) table.add({"others", with_commas(hidden), ""});
  fmt::print("\n{}", table.to_string());
}

void print_report(const std::string& path, const ReadReport& report) {
  fmt::print("{}\n", path);
  fmt::print("format      {}, {}, {} file{}\n", report.format, report.encoding, report.files.size(),
             report.files.size() == 1 ? "" : "s");
  fmt::print("rows        {}, of which {} malformed\n", with_commas(report.rows),
             with_commas(report.malformed_rows()));
  for (const auto& [kind, entry] : report.malformed) {
    fmt::print("  {} × {}\n", with_commas(entry.count), kind);
    for (const Malformed::Example& e : entry.examples)
      fmt::print("    {}:{}: {}\n", terminal_safe(e.file), e.line, terminal_safe(e.text));
  }
}

/// A table of titles that lies beside ratings (BX-Books.csv, movies.csv).
Status show_titles(const std::string& path, const Titles& titles, const Options& options,
                   const Context& context) {
  if (options.ratings.strict) {
    for (const auto& [kind, entry] : titles.report.malformed) {
      const Malformed::Example& first = entry.examples.front();
      return {Code::kBadData, fmt::format("{}:{}: {}", first.file, first.line, kind)};
    }
  }
  if (context.json) {
    nlohmann::ordered_json document = to_json(titles.report);
    document["holds"] = "titles";
    document["users"] = 0;
    document["items"] = titles.ids.size();
    document["duplicates"] = titles.duplicates;
    document["histogram"] = nlohmann::ordered_json::object();
    print_json(document);
    return {};
  }
  print_report(path, titles.report);
  fmt::print("titles      {}\nduplicates  {}\n", with_commas(titles.ids.size()),
             with_commas(titles.duplicates));
  return {};
}

Status inspect_path(const Options& options, const Context& context) {
  BASCULE_ASSIGN(const std::string path, find_set(options.path, context.search_dirs()));
  Result<Inspection> inspected = inspect(path, options.ratings);
  if (!inspected.ok()) {
    const Result<Titles> titles = read_titles(path, options.ratings.pandas_compatible);
    if (titles.ok()) return show_titles(path, *titles, options, context);
    return inspected.error();
  }
  const Inspection found = std::move(inspected).value();
  if (found.report.rows > 0 && found.report.good == 0) {
    const auto& [kind, entry] = *found.report.malformed.begin();
    const Malformed::Example& first = entry.examples.front();
    return {Code::kBadData, fmt::format("{}:{}: {}; no row can be read as {}", first.file,
                                        first.line, kind, found.report.format)};
  }
  if (context.json) {
    print_json(to_json(found));
    return {};
  }
  print_report(path, found.report);
  fmt::print("users       {}\nitems       {}\ndensity     {:.4g}\nduplicates  {}\n",
             with_commas(found.users), with_commas(found.items), found.density,
             with_commas(found.duplicates));
  if (found.has_time)
    fmt::print("time        {} to {}\n", day(found.first_time), day(found.last_time));
  print_histogram(found);
  return {};
}

}  // namespace

void add_data_inspect(CLI::App& data, Context& context) {
  CLI::App* verb = data.add_subcommand(
      "inspect", "what a file of ratings or titles holds and what is wrong with it");
  auto options = std::make_shared<Options>();
  std::vector<std::string> formats = {"auto"};
  for (const FormatInfo& format : ratings_formats()) formats.emplace_back(format.name);
  verb->add_option("PATH", options->path, "file, folder or known set")->required();
  verb->add_option("--format", options->ratings.format, "layout, when it is not to be recognised")
      ->check(CLI::IsMember(formats));
  verb->add_option("--user-column", options->ratings.user_column, "name or number (csv, tsv)");
  verb->add_option("--item-column", options->ratings.item_column, "name or number (csv, tsv)");
  verb->add_option("--rating-column", options->ratings.rating_column, "name or number (csv, tsv)");
  verb->add_option("--time-column", options->ratings.time_column, "name or number (csv, tsv)");
  verb->add_option("--part", options->ratings.part, "ready-made part of the set")
      ->check(CLI::IsMember({"train", "valid", "test"}));
  verb->add_flag("--pandas", options->ratings.pandas_compatible,
                 "skip the rows that pandas.read_csv skips");
  verb->add_flag("--strict", options->ratings.strict, "a malformed row is an error");
  verb->callback([options, &context] {
    context.action = [options, &context] { return inspect_path(*options, context); };
  });
}

}  // namespace bascule::cli
