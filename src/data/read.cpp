#include "data/read.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "data/merge.h"
#include "data/rows.h"
#include "data/stretches.h"

namespace bascule {
namespace {

struct Task {
  std::size_t input = 0;
  std::string_view stretch;
};

enum class Manner { kStretches, kJoined, kPandas };

// Whole files where a row may run over any number of lines, stretches elsewhere.
Manner manner_of(const Input& input, const RatingsOptions& options, bool join) {
  if (input.layout.kind != RowKind::kDelimited) return Manner::kStretches;
  if (options.pandas_compatible && input.layout.dialect.separator.size() == 1)
    return Manner::kPandas;
  return join ? Manner::kJoined : Manner::kStretches;
}

struct Reading {
  std::vector<Task> tasks;
  std::vector<std::unique_ptr<ThreadIds>> threads;
  std::vector<ChunkRows> chunks;
  std::vector<char> refused;  // by task: pandas would not read the file
};

void read_task(const Input& input, const Task& task, Manner manner, const RatingsOptions& options,
               ThreadIds& ids, ChunkRows& rows, char& refused) {
  const ByteKinds kinds = byte_kinds(task.stretch);
  rows.has_nul = kinds.nul;
  rows.high_bytes = kinds.high;
  if (kinds.high) rows.utf8 = is_utf8(task.stretch);
  const bool with_time =
      options.with_time && (input.layout.kind == RowKind::kNetflix ||
                            (input.layout.kind == RowKind::kDelimited && input.layout.time >= 0));
  const RowJob job{input.layout, input.newline, options.min_rating, with_time,
                   manner == Manner::kJoined};
  switch (input.layout.kind) {
    case RowKind::kNetflix:
      read_netflix(task.stretch, job, rows, ids);
      break;
    case RowKind::kList:
      read_lists(task.stretch, job, rows, ids);
      break;
    case RowKind::kDelimited:
      if (manner == Manner::kPandas) {
        refused = !read_as_pandas(task.stretch, job, rows, ids);
      } else {
        read_delimited(task.stretch, job, rows, ids);
      }
      break;
  }
  input.source->release(task.stretch);
}

Reading read_inputs(const std::vector<Input>& inputs, const RatingsOptions& options, bool join,
                    ThreadPool& pool) {
  Reading reading;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Manner manner = manner_of(inputs[i], options, join);
    if (manner == Manner::kStretches) {
      for (const std::string_view stretch : cut(inputs[i])) reading.tasks.push_back({i, stretch});
    } else {
      reading.tasks.push_back({i, manner == Manner::kPandas ? inputs[i].whole : inputs[i].body});
    }
  }
  for (int t = 0; t < pool.threads(); ++t) reading.threads.push_back(std::make_unique<ThreadIds>());
  reading.chunks.resize(reading.tasks.size());
  reading.refused.resize(reading.tasks.size(), 0);
  pool.run(static_cast<std::int64_t>(reading.tasks.size()), [&](std::int64_t t, int thread) {
    const auto at = static_cast<std::size_t>(t);
    const Input& input = inputs[reading.tasks[at].input];
    read_task(input, reading.tasks[at], manner_of(input, options, join), options,
              *reading.threads[static_cast<std::size_t>(thread)], reading.chunks[at],
              reading.refused[at]);
  });
  return reading;
}

Encoding encoding_of(const std::vector<ChunkRows>& chunks) {
  Encoding encoding = Encoding::kAscii;
  for (const ChunkRows& chunk : chunks) {
    if (!chunk.utf8) return Encoding::kLatin1;
    if (chunk.high_bytes) encoding = Encoding::kUtf8;
  }
  return encoding;
}

// Counts of all chunks, and the first malformed row as an error where the caller wants that.
Status report_rows(const std::vector<Input>& inputs, const Reading& reading, bool strict,
                   ReadReport& report) {
  std::size_t input = inputs.size();
  std::int64_t lines_before = 0;
  for (std::size_t t = 0; t < reading.tasks.size(); ++t) {
    const ChunkRows& chunk = reading.chunks[t];
    if (std::exchange(input, reading.tasks[t].input) != input || t == 0)
      lines_before = reading.tasks[t].stretch.data() == inputs[input].whole.data()
                         ? 0
                         : inputs[input].head_lines;
    const std::string& file = inputs[input].source->name();
    if (reading.refused[t])
      return {Code::kBadData,
              fmt::format("{}: ends inside a quoted field; pandas refuses it", file)};
    if (strict && !chunk.flaws.empty()) return chunk.flaws.first_as_error(file, lines_before);
    chunk.flaws.report(file, lines_before, report);
    report.good += chunk.good;
    report.rows += chunk.good + chunk.flaws.total();
    report.kept += static_cast<std::int64_t>(chunk.user.size());
    lines_before += chunk.lines;
  }
  return {};
}

}  // namespace

Result<Ratings> read_sources(const std::vector<Source>& sources, const RatingsOptions& options,
                             ThreadPool& pool) {
  Ratings ratings;
  std::vector<Input> inputs;
  for (const Source& source : sources) {
    BASCULE_ASSIGN(Input input, prepare_input(source, options));
    ratings.report.files.push_back(source.name());
    inputs.push_back(std::move(input));
  }
  ratings.report.format = inputs.empty() ? options.format : inputs.front().layout.format;

  Reading reading = read_inputs(inputs, options, false, pool);
  const auto open_quote = [](const ChunkRows& chunk) { return chunk.open_quote; };
  if (std::any_of(reading.chunks.begin(), reading.chunks.end(), open_quote))
    reading = read_inputs(inputs, options, true, pool);

  BASCULE_TRY(report_rows(inputs, reading, options.strict, ratings.report));
  const Encoding encoding = encoding_of(reading.chunks);
  ratings.report.encoding = encoding_name(encoding);
  BASCULE_ASSIGN(ratings.interactions, merge_rows(reading.chunks, encoding, pool));
  return ratings;
}

Result<Ratings> read_ratings_from_memory(const std::string& name, std::string_view bytes,
                                         const RatingsOptions& options, ThreadPool& pool) {
  BASCULE_ASSIGN(Source source, Source::from_memory(name, bytes, options.max_bytes));
  return read_sources({source}, options, pool);
}

}  // namespace bascule
