#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/base/file.h>
#include <bascule/data/synthetic.h>

#include "data/synthetic_files.h"
#include "data/synthetic_rows.h"

namespace bascule {
namespace {

using Facts = FullBookCrossing;

// Keeps inside numbers in 32 bits and a user's draws in 28.
constexpr std::int64_t kMostUsers = 1 << 28, kMostItems = 1 << 23,
                       kMostRatings = std::int64_t{1} << 33;

Error usage(std::string message) {
  return {Code::kUsage, std::move(message)};
}

Status check(const SyntheticOptions& o) {
  if (o.users < 1 || o.items < 1 || o.ratings < 1)
    return usage("users, items and ratings must be positive");
  if (o.users > kMostUsers || o.items > kMostItems || o.ratings > kMostRatings)
    return usage(fmt::format("at most {} users, {} items and {} ratings can be made", kMostUsers,
                             kMostItems, kMostRatings));
  const auto pairs = checked_mul(o.users, o.items);
  if (pairs && o.ratings > *pairs)
    return usage(
        fmt::format("{} ratings do not fit {} users times {} items", o.ratings, o.users, o.items));
  if (o.min_user_ratings < 1 || o.min_user_ratings > o.items)
    return usage(fmt::format("ratings per user must lie between 1 and {}", o.items));
  const auto least = checked_mul(o.users, o.min_user_ratings);
  if (!least || o.ratings < *least)
    return usage(fmt::format("{} ratings are too few for {} users with {} each", o.ratings, o.users,
                             o.min_user_ratings));
  if (o.listed_items < 0 || o.listed_items > kMostItems) return usage("too many listed items");
  const double count = (o.highest - o.lowest) / o.step + 1;
  if (!(o.step > 0) || !(count >= 1) || !(count <= 100) || std::abs(o.lowest) > 1e6)
    return usage("ratings must run from the lowest to the highest in at most 100 steps");
  const bool full_sizes = o.users == Facts::kKeptUsers && o.items == Facts::kKeptItems &&
                          o.ratings == Facts::kKeptRows &&
                          o.layout == SyntheticLayout::kBookCrossing;
  if (o.full_bookcrossing && !full_sizes)
    return usage("the full Book-Crossing shape has sizes and a layout of its own");
  return {};
}

Status write_layout(SyntheticOutput& out) {
  switch (out.options.layout) {
    case SyntheticLayout::kBookCrossing:
      return write_bookcrossing(out);
    case SyntheticLayout::kMovieLens:
      return write_movielens(out);
    case SyntheticLayout::kNetflix:
      return write_netflix(out);
    case SyntheticLayout::kCsv:
      return write_csv(out);
  }
  return usage("unknown layout");
}

constexpr const char* kNote = "SYNTHETIC.txt";

/// For those who find the files later: nobody gave these ratings.
Status write_note(const SyntheticOutput& out) {
  const SyntheticRows& rows = out.rows;
  return write_atomically(
      (std::filesystem::path(out.folder) / kNote).string(),
      fmt::format("{} synthetic ratings of {} users and {} items, made by bascule (seed {})\n",
                  rows.rows(), rows.users(), rows.items(), out.options.seed));
}

}  // namespace

Result<SyntheticOptions> synthetic_layout(std::string_view name) {
  SyntheticOptions o;
  if (name == "bookcrossing") {
    o.layout = SyntheticLayout::kBookCrossing;
    o.highest = 10;
  } else if (name == "movielens") {
    o.layout = SyntheticLayout::kMovieLens;
    o.lowest = o.step = 0.5;
  } else if (name == "netflix") {
    o.layout = SyntheticLayout::kNetflix;
  } else if (name != "csv") {
    return usage(
        fmt::format("no layout \"{}\": there are bookcrossing, movielens, netflix, csv", name));
  }
  return o;
}

Result<SyntheticOptions> synthetic_preset(std::string_view name) {
  if (name == "bookcrossing") {
    BASCULE_ASSIGN(SyntheticOptions o, synthetic_layout("bookcrossing"));
    o.users = Facts::kKeptUsers;
    o.items = Facts::kKeptItems;
    o.ratings = Facts::kKeptRows;
    o.listed_items = Facts::kListed;
    o.full_bookcrossing = true;
    return o;
  }
  if (name == "ml-20m") {
    BASCULE_ASSIGN(SyntheticOptions o, synthetic_layout("movielens"));
    o.users = 138493;
    o.items = 26744;
    o.ratings = 20000263;
    o.listed_items = 27278;
    o.min_user_ratings = 20;
    return o;
  }
  if (name == "netflix") {
    BASCULE_ASSIGN(SyntheticOptions o, synthetic_layout("netflix"));
    o.users = 480189;
    o.items = 17770;
    o.ratings = 100480507;
    return o;
  }
  return usage(
      fmt::format("no synthetic set like \"{}\": there are bookcrossing, ml-20m, netflix", name));
}

Result<SyntheticReport> make_synthetic(const SyntheticOptions& options, const std::string& folder,
                                       ThreadPool& pool) {
  BASCULE_TRY(check(options));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return Error{Code::kFailed, fmt::format("cannot make {}: {}", folder, error.message())};
  const std::unique_ptr<SyntheticRows> rows =
      options.full_bookcrossing ? full_bookcrossing_rows(options) : plain_rows(options);
  SyntheticOutput out{*rows, options, folder, pool, {}};
  BASCULE_TRY(write_layout(out));
  BASCULE_TRY(write_note(out));
  SyntheticReport report;
  report.rows = rows->rows();
  report.users = rows->users();
  report.items = rows->items();
  report.files = std::move(out.files);
  return report;
}

bool is_synthetic(const std::string& path) {
  std::error_code error;
  std::filesystem::path folder(path);
  if (!std::filesystem::is_directory(folder, error)) folder = folder.parent_path();
  return std::filesystem::is_regular_file(folder / kNote, error);
}

}  // namespace bascule
