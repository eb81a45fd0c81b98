#include <cstring>
#include <map>
#include <regex>

#include <gtest/gtest.h>
#include <unistd.h>

#include <bascule/base/file.h>
#include <bascule/run/events.h>

#include "temp_folder.h"

namespace bascule {
namespace {

// A second implementation, bit by bit and with no code shared: CRC-32C and a protobuf reader.
std::uint32_t slow_masked_crc(const std::string& bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const std::uint32_t input = (static_cast<unsigned char>(c) >> bit) & 1U;
      const std::uint32_t out = (crc ^ input) & 1U;
      crc = (crc >> 1) ^ (out != 0 ? 0x82f63b78U : 0U);
    }
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

struct Reader {
  std::string bytes;
  std::size_t at = 0;

  [[nodiscard]] bool done() const { return at == bytes.size(); }
  std::string take(std::size_t n) {
    EXPECT_LE(n, bytes.size() - at);
    at += n;
    return bytes.substr(at - n, n);
  }
  template <class T>
  T raw() {
    T value{};
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    ADD_FAILURE() << "varint too long";
    return value;
  }
  // Fields of one message: raw bytes of each by number; every field may occur once.
  std::map<std::uint64_t, std::string> message() {
    std::map<std::uint64_t, std::string> fields;
    while (!done()) {
      const std::uint64_t key = varint();
      std::string content;
      switch (key & 7) {
        case 0: {
          const std::size_t from = at;
          varint();
          content = bytes.substr(from, at - from);
          break;
        }
        case 1:
          content = take(8);
          break;
        case 2:
          content = take(varint());
          break;
        case 5:
          content = take(4);
          break;
        default:
          ADD_FAILURE() << "wire type " << (key & 7);
          return fields;
      }
      EXPECT_TRUE(fields.emplace(key >> 3, content).second);
    }
    return fields;
  }
};

std::vector<std::map<std::uint64_t, std::string>> read_events(const std::string& path) {
  Reader file{*read_file(path, 1 << 20)};
  std::vector<std::map<std::uint64_t, std::string>> events;
  while (!file.done()) {
    const std::string length_bytes = file.take(8);
    const auto length = Reader{length_bytes}.raw<std::uint64_t>();
    EXPECT_EQ(file.raw<std::uint32_t>(), slow_masked_crc(length_bytes));
    const std::string event = file.take(length);
    EXPECT_EQ(file.raw<std::uint32_t>(), slow_masked_crc(event));
    events.push_back(Reader{event}.message());
  }
  return events;
}

TEST(Events, CanBeReadBackByAnotherDecoder) {
  const TempFolder folder;
  auto writer = EventWriter::create(folder.path());
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE(writer->add_scalar("train_loss", 1, 0.25F, 1700000000.5).ok());
  const std::string long_tag(300, 't');  // two bytes of length
  ASSERT_TRUE(writer->add_scalar(long_tag, std::int64_t{1} << 40, -3.5F, 1.0).ok());
  ASSERT_TRUE(writer->add_scalar("", 0, 0).ok());

  const auto events = read_events(writer->path());
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].at(3), "brain.Event:2");
  EXPECT_GT(Reader{events[0].at(1)}.raw<double>(), 1.6e9);
  EXPECT_EQ(Reader{events[1].at(1)}.raw<double>(), 1700000000.5);
  EXPECT_EQ(Reader{events[1].at(2)}.varint(), 1U);
  const auto first = Reader{Reader{events[1].at(5)}.message().at(1)}.message();
  EXPECT_EQ(first.at(1), "train_loss");
  EXPECT_EQ(Reader{first.at(2)}.raw<float>(), 0.25F);
  EXPECT_EQ(Reader{events[2].at(2)}.varint(), std::uint64_t{1} << 40);
  const auto second = Reader{Reader{events[2].at(5)}.message().at(1)}.message();
  EXPECT_EQ(second.at(1), long_tag);
  EXPECT_EQ(Reader{second.at(2)}.raw<float>(), -3.5F);
}

TEST(Events, NamesFollowTheConvention) {
  const TempFolder folder;
  const auto first = EventWriter::create(folder.path());
  const auto second = EventWriter::create(folder.path());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->path(), second->path());
  const std::string name = first->path().substr(folder.path().size() + 1);
  EXPECT_TRUE(std::regex_match(name, std::regex("events\\.out\\.tfevents\\.[0-9]{10}\\..+\\." +
                                                std::to_string(::getpid()) + "\\.[0-9]+")))
      << name;
  EXPECT_EQ(EventWriter::create(folder / "none").error().code, Code::kFailed);
}

}  // namespace
}  // namespace bascule
