#include "recsys/program_scores.h"

#include <algorithm>
#include <utility>

namespace bascule::detail {
namespace {

/// Of a product: programs are made for multiples of it, and for one user.
constexpr std::int64_t kTileRows = 12;

}  // namespace

ProgramScores::ProgramScores(std::shared_ptr<Device> device, Form form,
                             const CompileOptions& compile)
    : device_(std::move(device)), form_(std::move(form)), compile_(compile), store_(*device_) {}

std::unique_lock<std::mutex> ProgramScores::turn() {
  return reads_host_memory() ? std::unique_lock<std::mutex>() : std::unique_lock<std::mutex>(turn_);
}

void ProgramScores::keep(const Error& failure) {
  const std::lock_guard lock(mutex_);
  if (failed_.ok()) failed_ = failure;
}

Status ProgramScores::failed() {
  const std::lock_guard lock(mutex_);
  return failed_;
}

Result<Program> ProgramScores::take(std::int64_t users) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[users];
  if (idle.empty()) return Program::make(form_.graph(users, users * form_.items), store_, compile_);
  Program program = std::move(idle.back());
  idle.pop_back();
  return program;
}

void ProgramScores::give_back(std::int64_t users, Program program) {
  const std::lock_guard lock(mutex_);
  idle_[users].push_back(std::move(program));
}

ProgramScorer::~ProgramScorer() {
  for (auto& [users, program] : programs_) scores_.give_back(users, std::move(program));
}

std::int64_t ProgramScorer::take(const CompressedView& histories, std::int64_t first,
                                 std::int64_t last) {
  const std::int64_t users = last - first, tiles = (users + kTileRows - 1) / kTileRows;
  const std::int64_t rows = users == 1 ? 1 : tiles * kTileRows;
  rows_.clear();
  for (std::int64_t user = first; user < last; ++user) {
    if (scores_.form().plain_input) {
      rows_.add(histories.line(user));
    } else {
      rows_.add_normalised(histories.line(user));
    }
  }
  rows_.fill_up(rows);
  return rows;
}

Result<Program*> ProgramScorer::step(std::int64_t rows) {
  auto at = programs_.find(rows);
  if (at == programs_.end()) {
    BASCULE_ASSIGN(Program made, scores_.take(rows));
    at = programs_.emplace(rows, std::move(made)).first;
  }
  Program& program = at->second;
  CsrArgument x = rows_.argument();
  BASCULE_TRY(program.bind_host("x", &x));
  program.step();
  return &program;
}

Result<float*> ProgramScorer::read(std::int64_t rows) {
  const auto turn = scores_.turn();
  BASCULE_ASSIGN(Program* const program, step(rows));
  if (scores_.reads_host_memory()) {
    BASCULE_ASSIGN(void* const memory, program->memory("scores"));
    return static_cast<float*>(memory);
  }
  read_.resize(static_cast<std::size_t>(rows * scores_.form().stride));
  BASCULE_TRY(program->read("scores", std::span(read_)));
  return read_.data();
}

float* ProgramScorer::score(const CompressedView& histories, std::int64_t first,
                            std::int64_t last) {
  const ProgramScores::Form& form = scores_.form();
  const std::int64_t rows = take(histories, first, last);
  const Result<float*> scores = read(rows);
  if (!scores.ok()) {
    scores_.keep(scores.error());
    read_.assign(static_cast<std::size_t>(rows * form.stride), 0);
    return read_.data();
  }
  if (form.subtracts_input) {
    const CsrArgument x = rows_.argument();
    for (std::int64_t row = 0; row < last - first; ++row)
      for (std::int64_t at = x.offsets[row]; at < x.offsets[row + 1]; ++at)
        (*scores)[row * form.stride + x.indices[at]] -= x.values[at];
  }
  return *scores;
}

Result<NeighborLists> ProgramScorer::best(std::int64_t rows, std::int64_t users,
                                          const ListRules& rules) {
  const ProgramScores::Form& form = scores_.form();
  const auto turn = scores_.turn();
  BASCULE_ASSIGN(Program* const program, step(rows));
  BASCULE_ASSIGN(void* const memory, program->memory("scores"));
  ScoredRows scored{static_cast<const float*>(memory), users, form.stride,
                    static_cast<std::int32_t>(form.items)};
  scored.listed = rules.listed;
  const bool subtracts = !rules.exclude_history && form.subtracts_input;
  if (rules.exclude_history || subtracts) {
    const CsrArgument x = rows_.argument();
    const auto stored = static_cast<std::size_t>(x.offsets[users]);
    scored.begin = {x.offsets, static_cast<std::size_t>(users) + 1};
    scored.marked = {x.indices, stored};
    if (subtracts) scored.deductions = {x.values, stored};
  }
  return scores_.search()->best(scored, rules.k);
}

void ProgramScorer::search(const CompressedView& histories, std::int64_t first, std::int64_t last,
                           const ListRules& rules, TopLists& lists) {
  const auto found = best(take(histories, first, last), last - first, rules);
  if (!found.ok()) return scores_.keep(found.error());
  std::copy(found->ids.begin(), found->ids.end(), lists.items.begin() + first * lists.k);
  std::copy(found->scores.begin(), found->scores.end(), lists.scores.begin() + first * lists.k);
}

}  // namespace bascule::detail
