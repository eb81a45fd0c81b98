#pragma once
// Writing synthetic rows in the layouts of the field.
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/synthetic.h>

#include "data/synthetic_rows.h"

namespace bascule {

/// Where and how rows are written; shared by the layouts.
struct SyntheticOutput {
  const SyntheticRows& rows;
  const SyntheticOptions& options;
  std::string folder;
  ThreadPool& pool;
  std::vector<std::string> files;  ///< names of what was written

  [[nodiscard]] bool cancelled() const {
    return options.cancel != nullptr && options.cancel->load();
  }
  [[nodiscard]] static Error interrupted() { return {Code::kInterrupted, "stopped by the user"}; }
};

Status write_bookcrossing(SyntheticOutput& out);
Status write_movielens(SyntheticOutput& out);
Status write_csv(SyntheticOutput& out);
Status write_netflix(SyntheticOutput& out);

/// Users by number in the file: result[n] is the inside number of the n-th user.
std::vector<std::int32_t> user_order(const SyntheticOutput& out);
/// A seeded permutation of [0, listed) whose first items() entries are the places of the rated
/// items.
std::vector<std::int32_t> item_places(const SyntheticOutput& out, std::int64_t listed);
/// The n-th of `count` ids spread over [first, first + span), ascending.
std::int64_t spread_id(std::int64_t n, std::int64_t count, std::int64_t first, std::int64_t span);
/// Ratings as text, by level; with one decimal when `decimals`.
std::vector<std::string> level_texts(const SyntheticRows& rows, bool decimals);
void append_number(std::string& text, std::int64_t number);

}  // namespace bascule
