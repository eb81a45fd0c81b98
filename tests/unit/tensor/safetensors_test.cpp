#include <bit>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/file.h>
#include <bascule/tensor/safetensors.h>

#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A file by its parts; the length field is the header's unless given.
std::string file_of(const std::string& header, std::size_t data_bytes = 0,
                    std::uint64_t length = ~std::uint64_t{0}) {
  if (length == ~std::uint64_t{0}) length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\1');
}

Result<std::shared_ptr<const SafetensorsFile>> open_bytes(const TempFolder& folder,
                                                          const std::string& bytes) {
  const std::string path = folder / "model.safetensors";
  if (Status status = write_atomically(path, bytes); !status.ok())
    return std::move(status).take_error();
  return SafetensorsFile::open(path);
}

TEST(Safetensors, RoundTrip) {
  const TempFolder folder;
  const std::string path = folder / "model.safetensors";
  const std::vector<float> floats = {1.5F, -2, 3, 4, 5, 6};
  const std::vector<std::int64_t> longs = {1, std::int64_t{1} << 40};
  const std::vector<std::int32_t> ints = {7};
  const std::vector<double> doubles = {0.1};
  const std::vector<std::uint8_t> bytes = {1, 2, 255};
  SafetensorsWriter writer;
  writer.add("bytes", {3}, std::span(bytes));
  writer.add("floats", {2, 3}, std::span(floats));
  writer.add("longs", {2}, std::span(longs));
  writer.add("scalar", {}, std::span(doubles));
  writer.add("ints", {1}, std::span(ints));
  writer.add("empty", {0, 9}, std::span<const float>());
  writer.set_metadata("type", "item-knn \"x\"\n\xc3\xa9");
  ASSERT_TRUE(writer.write(path).ok());

  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const SafetensorsFile& f = **file;
  EXPECT_EQ(f.path(), path);
  EXPECT_EQ(f.tensors().size(), 6U);
  EXPECT_EQ(f.tensors().at("floats").shape, (Shape{2, 3}));
  EXPECT_EQ(f.metadata().at("type"), "item-knn \"x\"\n\xc3\xa9");
  EXPECT_THAT(*f.get<float>("floats", 2), ElementsAre(1.5F, -2, 3, 4, 5, 6));
  EXPECT_THAT(*f.get<std::int64_t>("longs"), ElementsAre(1, std::int64_t{1} << 40));
  EXPECT_THAT(*f.get<std::int32_t>("ints"), ElementsAre(7));
  EXPECT_THAT(*f.get<double>("scalar", 0), ElementsAre(0.1));
  EXPECT_THAT(*f.get<std::uint8_t>("bytes"), ElementsAre(1, 2, 255));
  EXPECT_TRUE(f.get<float>("empty", 2)->empty());
}

TEST(Safetensors, GetSaysWhatDoesNotFit) {
  const TempFolder folder;
  const auto file =
      open_bytes(folder, file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4));
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto message = [](const auto& result) {
    EXPECT_EQ(result.error().code, Code::kBadData);
    return result.error().message;
  };
  EXPECT_THAT(message((*file)->get<float>("b")), HasSubstr("\"b\" is missing"));
  EXPECT_THAT(message((*file)->get<double>("a")), HasSubstr("is F32, not F64"));
  EXPECT_THAT(message((*file)->get<float>("a", 2)), HasSubstr("has shape [1], not 2 dimensions"));
}

TEST(Safetensors, WriterIsDeterministicAlignedAndReproducesTheGoldenFile) {
  const std::vector<float> w = {1, 2};
  const std::vector<std::uint8_t> b = {9};
  const std::vector<std::int64_t> i = {-1};
  // Made by Python's json.dumps(separators=(",", ":")) and struct.pack.
  std::string golden = file_of(
      R"({"__metadata__":{"a":"1","k":"v"},"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("w":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},)"
      R"("b":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}}   )");
  golden += std::string("\xff\xff\xff\xff\xff\xff\xff\xff\0\0\x80\x3f\0\0\0\x40\x09", 17);
  for (const bool reversed : {false, true}) {
    SafetensorsWriter writer;
    const auto add = [&](int which) {
      if (which == 0) writer.add("b", {1}, std::span(b));
      if (which == 1) writer.add("w", {2, 1}, std::span(w));
      if (which == 2) writer.add("i", {1}, std::span(i));
    };
    for (int n = 0; n < 3; ++n) add(reversed ? 2 - n : n);
    writer.set_metadata(reversed ? "k" : "a", reversed ? "v" : "1");
    writer.set_metadata(reversed ? "a" : "k", reversed ? "1" : "v");
    const TempFolder folder;
    ASSERT_TRUE(writer.write(folder / "f").ok());
    EXPECT_EQ(*read_file(folder / "f", 10000), golden);
  }
}

TEST(Safetensors, NoTensorsAtAll) {
  const TempFolder folder;
  ASSERT_TRUE(SafetensorsWriter().write(folder / "f").ok());
  EXPECT_EQ(*read_file(folder / "f", 100), file_of("{}      "));
  const auto file = SafetensorsFile::open(folder / "f");
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->tensors().empty());
}

TEST(Safetensors, ReadsWhatOtherWritersMayProduce) {
  const TempFolder folder;
  // Keys in another order, spaces inside and after, escapes in names, zero-size tensors anywhere,
  // data that is not aligned.
  auto file = open_bytes(
      folder,
      file_of(R"({ "u" : {"data_offsets":[0,1],"shape":[1],"dtype":"BOOL"},)"
              R"("z0":{"dtype":"F64","shape":[0],"data_offsets":[1,1]},)"
              R"("\u0066":{"dtype":"F32","shape":[],"data_offsets":[1,5]},)"
              R"("z1":{"dtype":"I64","shape":[3,0],"data_offsets":[5,5]},"__metadata__":{} }   )",
              5));
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto first = (*file)->get<float>("f", 0);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first->data()) % alignof(float), 0U);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(first->front()), 0x01010101U);
  EXPECT_EQ((*file)->get<float>("f", 0)->data(), first->data());  // one copy, not one per call
}

struct Attack {
  const char* why;
  std::string bytes;
  const char* message;
};

std::vector<Attack> attacks() {
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const auto one = [](const std::string& body, std::size_t data) {
    return file_of("{\"a\":{" + body + "}}", data);
  };
  return {
      {"empty file", "", "too short"},
      {"shorter than a length", "1234567", "too short"},
      {"length over the limit", file_of("{}", 0, 100'000'001), "longer than"},
      {"length of 2^63", file_of("{}", 0, std::uint64_t{1} << 63), "longer than"},
      {"length over the file", file_of("{}", 0, 3), "does not fit"},
      {"cut in the header", file_of("{" + a + "}", 0, 80), "does not fit"},
      {"empty header", file_of("", 4, 0), "start with"},
      {"leading space", file_of(" {}"), "start with"},
      {"a list", file_of("[]"), "start with"},
      {"not JSON", file_of("{nonsense}"), "JSON"},
      {"open brace", file_of("{" + a, 4), "JSON"},
      {"trailing comma", file_of("{" + a + ",}", 4), "JSON"},
      {"missing comma", file_of("{" + a + a + "}", 4), "JSON"},
      {"invalid UTF-8", file_of("{\"\xff\":1}"), "JSON"},
      {"raw control byte", file_of("{\"\x01\":1}"), "JSON"},
      {"NUL padding", file_of(std::string("{}\0\0", 4)), ""},
      {"text after the object", file_of("{} {}"), "after its JSON"},
      {"depth", file_of("{\"a\":" + std::string(1'000'000, '[')), ""},
      {"depth in objects", file_of([] {
         std::string deep;
         for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
         return deep;
       }()),
       ""},
      {"tensor twice", file_of("{" + a + "," + a + "}", 4), "twice"},
      {"tensor twice, escaped", file_of("{" + a + ",\"\\u0061\"" + a.substr(3) + "}", 4), "twice"},
      {"metadata twice", file_of(R"({"__metadata__":{},"__metadata__":{}})"), "twice"},
      {"metadata key twice", file_of(R"({"__metadata__":{"k":"1","k":"2"}})"), "twice"},
      {"metadata number", file_of(R"({"__metadata__":{"k":1}})"), "not a string"},
      {"metadata object", file_of(R"({"__metadata__":{"k":{}}})"), "not a string"},
      {"metadata list", file_of(R"({"__metadata__":[]})"), "not a JSON object"},
      {"tensor is a number", file_of(R"({"a":1})"), "not a JSON object"},
      {"no dtype", one(R"("shape":[1],"data_offsets":[0,4])", 4), "needs dtype"},
      {"no shape", one(R"("dtype":"F32","data_offsets":[0,4])", 4), "needs dtype"},
      {"no offsets", one(R"("dtype":"F32","shape":[1])", 4), "needs dtype"},
      {"unknown key", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1)", 4), "unknown"},
      {"key twice", one(R"("dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4])", 4),
       "twice"},
      {"dtype unknown", one(R"("dtype":"OBJ\u001b[2J","shape":[1],"data_offsets":[0,4])", 4),
       R"(dtype "OBJ\x1b[2J" is not)"},
      {"dtype number", one(R"("dtype":1,"shape":[1],"data_offsets":[0,4])", 4), "not a string"},
      {"shape string", one(R"("dtype":"F32","shape":"1","data_offsets":[0,4])", 4), "lists"},
      {"shape fraction", one(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])", 4), "integers"},
      {"shape exponent", one(R"("dtype":"F32","shape":[1e0],"data_offsets":[0,4])", 4), "integers"},
      {"shape negative", one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", 4), "integers"},
      {"shape 2^64 + 1",
       one(R"("dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4])", 4), "integers"},
      {"shape wraps",
       one(R"("dtype":"F32","shape":[4294967296,4294967297],"data_offsets":[0,4])", 4), "too many"},
      {"bytes wrap", one(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])", 4),
       "do not make"},
      {"rank",
       one(R"("dtype":"F32","shape":[1)" +
               [] {
                 std::string ones;
                 for (int i = 0; i < 100'000; ++i) ones += ",1";
                 return ones;
               }() +
               R"(],"data_offsets":[0,4])",
           4),
       "more than 64"},
      {"one offset", one(R"("dtype":"F32","shape":[1],"data_offsets":[4])", 4), "two data_offsets"},
      {"three offsets", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,4])", 4),
       "more than 2"},
      {"offset negative", one(R"("dtype":"F32","shape":[1],"data_offsets":[-4,0])", 4), "integers"},
      {"end before begin", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])", 4), "lie in"},
      {"end past the file", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 4), "lie in"},
      {"end near 2^63",
       one(R"("dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807])", 4), "lie in"},
      {"size too small", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4),
       "do not make"},
      {"size too large", one(R"("dtype":"U8","shape":[1],"data_offsets":[0,4])", 4), "do not make"},
      {"overlap", file_of("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", 6),
       "overlaps"},
      {"same bytes twice",
       file_of("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
       "overlaps"},
      {"hole at the start", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8), "hole"},
      {"hole between",
       file_of("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})", 12), "hole"},
      {"empty tensor in a hole",
       file_of(R"({"e":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}})", 4), "hole"},
      {"bytes at the end", file_of("{" + a + "}", 5), "1 bytes after"},
      {"data without tensors", file_of("{}", 1), "1 bytes after"},
      {"data cut", file_of("{" + a + "}", 3), "lie in"},
  };
}

TEST(Safetensors, EveryAttackIsRefusedByName) {
  const TempFolder folder;
  for (const Attack& attack : attacks()) {
    const auto file = open_bytes(folder, attack.bytes);
    ASSERT_FALSE(file.ok()) << attack.why;
    EXPECT_EQ(file.error().code, Code::kBadData) << attack.why;
    EXPECT_THAT(file.error().message, HasSubstr("model.safetensors: ")) << attack.why;
    EXPECT_THAT(file.error().message, HasSubstr(attack.message)) << attack.why;
    EXPECT_LE(file.error().message.size(), folder.path().size() + 256) << attack.why;
  }
}

TEST(Safetensors, WriterRefusesWhatItCouldNotReadBack) {
  const TempFolder folder;
  const std::vector<float> two = {1, 2};
  const auto refused = [&](const SafetensorsWriter& writer, const char* message) {
    const Status status = writer.write(folder / "f");
    ASSERT_FALSE(status.ok()) << message;
    EXPECT_EQ(status.error().code, Code::kUsage);
    EXPECT_THAT(status.error().message, HasSubstr(message));
    EXPECT_EQ(folder.entries(), 0);
  };
  SafetensorsWriter wrong_size, twice, reserved, not_text, bad_metadata;
  wrong_size.add("a", {3}, std::span<const float>(two));
  refused(wrong_size, "do not make its shape");
  twice.add("a", {2}, std::span<const float>(two));
  twice.add("a", {1, 2}, std::span<const float>(two));
  refused(twice, "added twice");
  reserved.add("__metadata__", {2}, std::span<const float>(two));
  refused(reserved, "reserved");
  not_text.add("\xff", {2}, std::span<const float>(two));
  refused(not_text, "not UTF-8");
  bad_metadata.set_metadata("k", "\xff");
  refused(bad_metadata, "not UTF-8");
}

}  // namespace
}  // namespace bascule
