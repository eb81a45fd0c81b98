#pragma once
// Scalars for TensorBoard: an event file in its own format, without TensorFlow.
#include <cstdint>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

/// Appends to a new file `events.out.tfevents.<unix time>.<host>.<pid>.<n>`, n counting the files
/// of this process. A record is a length (64-bit, little-endian), its masked CRC-32C, a protobuf
/// `Event`, and the masked CRC-32C of that; the layout is that of TensorFlow's
/// core/lib/io/record_writer and core/util/event.proto. A reader skips a torn last record, so
/// records are appended, not replaced.
class EventWriter {
 public:
  /// Makes the file in `folder` with its first record, "brain.Event:2". kFailed names the file.
  static Result<EventWriter> create(const std::string& folder);

  /// Appends one value of the curve `tag` ("train_loss") at `step`, stamped with the wall clock.
  Status add_scalar(std::string_view tag, std::int64_t step, float value);
  /// The same with a given time, in seconds since 1970-01-01 UTC.
  Status add_scalar(std::string_view tag, std::int64_t step, float value, double wall_time);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit EventWriter(std::string path) : path_(std::move(path)) {}
  Status append(std::string_view event);

  std::string path_;
};

}  // namespace bascule
