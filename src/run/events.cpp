#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <span>

#include <fmt/format.h>
#include <unistd.h>

#include <bascule/base/crc32c.h>
#include <bascule/base/file.h>
#include <bascule/run/events.h>

namespace bascule {
namespace {

// Protobuf field numbers of Event, Summary and Summary.Value.
constexpr std::uint32_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5;
constexpr std::uint32_t kValue = 1;
constexpr std::uint32_t kTag = 1, kSimpleValue = 2;
// Protobuf wire types.
constexpr std::uint32_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

void put_varint(std::string& out, std::uint64_t value) {
  constexpr std::uint64_t kMore = 0x80;
  for (; value >= kMore; value >>= 7) out += static_cast<char>((value & (kMore - 1)) | kMore);
  out += static_cast<char>(value);
}

void put_key(std::string& out, std::uint32_t field, std::uint32_t wire_type) {
  put_varint(out, field << 3 | wire_type);
}

// Little-endian, as this machine is.
template <class T>
void put_raw(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

void put_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  put_key(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(bytes)));
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

std::string event_at(double wall_time) {
  std::string event;
  put_key(event, kWallTime, kFixed64);
  put_raw(event, wall_time);
  return event;
}

}  // namespace

Result<EventWriter> EventWriter::create(const std::string& folder) {
  static std::atomic<int> serial{0};
  EventWriter writer(fmt::format("{}/events.out.tfevents.{}.{}.{}.{}", folder,
                                 static_cast<std::int64_t>(now()), host_name(), ::getpid(),
                                 serial.fetch_add(1)));
  BASCULE_TRY(write_atomically(writer.path_, ""));
  std::string event = event_at(now());
  put_bytes(event, kFileVersion, "brain.Event:2");
  BASCULE_TRY(writer.append(event));
  return writer;
}

Status EventWriter::add_scalar(std::string_view tag, std::int64_t step, float value) {
  return add_scalar(tag, step, value, now());
}

Status EventWriter::add_scalar(std::string_view tag, std::int64_t step, float value,
                               double wall_time) {
  std::string point;
  put_bytes(point, kTag, tag);
  put_key(point, kSimpleValue, kFixed32);
  put_raw(point, value);
  std::string summary;
  put_bytes(summary, kValue, point);
  std::string event = event_at(wall_time);
  put_key(event, kStep, kVarint);
  put_varint(event, static_cast<std::uint64_t>(step));
  put_bytes(event, kSummary, summary);
  return append(event);
}

Status EventWriter::append(std::string_view event) {
  std::string record;
  put_raw(record, static_cast<std::uint64_t>(event.size()));
  put_raw(record, masked_crc(record));
  record += event;
  put_raw(record, masked_crc(event));
  return append_durably(path_, record);
}

}  // namespace bascule
