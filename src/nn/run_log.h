#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include <bascule/nn/history.h>
#include <bascule/run/events.h>
#include <bascule/run/run_folder.h>

namespace bascule::nn {

/// The run folder while training goes on. Without a folder it writes nothing.
class RunLog {
 public:
  Status begin(const std::string& out, const std::string& spec);
  /// The history anew at the first epoch of this process, then a line more each time: after a
  /// resume there may be lines of epochs that are done again.
  Status add_epochs(const History& history);
  /// Null without a folder.
  [[nodiscard]] RunWriter* writer() { return writer_ ? &*writer_ : nullptr; }

 private:
  Status add(const EpochResult& epoch);

  std::optional<RunWriter> writer_;
  std::optional<EventWriter> events_;
  std::size_t written_ = 0;
};

}  // namespace bascule::nn
