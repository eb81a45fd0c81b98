#include "data/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_text.h"
#include "labelled_files.h"

namespace bascule {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = PickleValue::Kind;

std::string refusal(const std::string& bytes) {
  const auto pickle = Pickle::read(bytes, "p");
  EXPECT_FALSE(pickle.ok());
  if (pickle.ok()) return {};
  EXPECT_EQ(pickle.error().code, Code::kBadData);
  return pickle.error().message;
}

// The files are written by tests/unit/files/pickles.py.
class NumpyPickle : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(NumpyPickle, IsReadAsData) {
  const auto [major, protocol] = GetParam();
  const std::string bytes = contents_of(
      fmt::format(BASCULE_TEST_DIR "/unit/files/pickle_numpy{}_p{}.pkl", major, protocol));
  const auto pickle = Pickle::read(bytes, "p");
  ASSERT_TRUE(pickle.ok()) << pickle.error().message;
  const NpyView* data = pickle->array(*pickle->find("data"));
  ASSERT_NE(data, nullptr);
  EXPECT_THAT(data->header.shape, ElementsAre(2, 12));
  EXPECT_EQ(data->header.kind, 'u');
  ASSERT_EQ(data->data.size(), 24U);
  for (std::size_t i = 0; i < 24; ++i)
    EXPECT_EQ(static_cast<unsigned char>(data->data[i]), i * 11 % 256);
  EXPECT_THAT(pickle->integers(*pickle->find("labels")).value(), ElementsAre(7, 300));
  EXPECT_THAT(pickle->integers(*pickle->find("wide")).value(), ElementsAre(-5, 70000));
  const NpyView* big = pickle->array(*pickle->find("big"));
  ASSERT_NE(big, nullptr);
  EXPECT_THAT(npy_floats(*big, "p").value(), ElementsAre(1.5F, -2.0F));
  const NpyView* fortran = pickle->array(*pickle->find("fortran"));
  ASSERT_NE(fortran, nullptr);
  EXPECT_TRUE(fortran->header.fortran_order);
  EXPECT_THAT(npy_integers(*fortran, "p").value(), ElementsAre(1, 3, 2, 4));
  EXPECT_EQ(pickle->find("name")->text, "caf\xc3\xa9");
  EXPECT_EQ(pickle->find("ratio")->number, 0.25);
  EXPECT_EQ(pickle->find("flag")->kind, Kind::kBool);
  EXPECT_EQ(pickle->find("flag")->integer, 1);
  EXPECT_EQ(pickle->find("nothing")->kind, Kind::kNone);
  EXPECT_EQ(pickle->find("huge")->integer, std::int64_t{1} << 40);
  EXPECT_EQ(pickle->find("negative")->integer, -(std::int64_t{1} << 35));
  EXPECT_EQ(pickle->find("pair")->kind, Kind::kTuple);
  EXPECT_EQ(pickle->at(pickle->find("pair")->items[1]).text, "x");
  EXPECT_EQ(pickle->find("missing"), nullptr);
  // Whatever is cut off is missed.
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_THAT(refusal(bytes.substr(0, length)), HasSubstr("byte ")) << length;
}

INSTANTIATE_TEST_SUITE_P(Written, NumpyPickle,
                         testing::Combine(testing::Values(1, 2), testing::Values(2, 3, 4, 5)));

TEST(Pickle, RefusesEveryOtherOpcode) {
  const std::string plain =
      "(.GJKMNRTUXabcehjqrstu})]BC"s + "\x80\x85\x86\x87\x88\x89\x8a\x8c\x8d\x8e\x93\x94\x95\x96"s;
  for (int opcode = 0; opcode < 256; ++opcode) {
    if (plain.find(static_cast<char>(opcode)) != std::string::npos) continue;
    const std::string bytes = "\x80\x02N"s + static_cast<char>(opcode) + std::string(16, '\0');
    EXPECT_THAT(refusal(bytes), HasSubstr(fmt::format("byte 3, opcode 0x{:02x}: plain data does "
                                                      "not need this opcode",
                                                      opcode)));
  }
  // PROTO comes first, and nowhere else.
  EXPECT_THAT(refusal("\x80\x02N\x80\x02."s), HasSubstr("byte 3, opcode 0x80"));
}

TEST(Pickle, RefusesEveryOtherName) {
  EXPECT_THAT(refusal("\x80\x02"
                      "cos\nsystem\nU\x02ls\x85R."s),
              HasSubstr("byte 2, opcode 0x63: names \"os.system\""));
  EXPECT_THAT(refusal("\x80\x04\x8c\x08"
                      "builtins\x8c\x04"
                      "eval\x93."s),
              HasSubstr("opcode 0x93: names \"builtins.eval\""));
  EXPECT_THAT(refusal("\x80\x02"
                      "cnumpy\nload\n."s),
              HasSubstr("numpy.load"));
  EXPECT_THAT(refusal("\x80\x02"
                      "cnumpy\nndarray\nK\1\x85R."s),
              HasSubstr("calls ndarray"));
  EXPECT_THAT(refusal("\x80\x02U\1xK\1\x85R."s), HasSubstr("not a known name"));
  EXPECT_THAT(refusal("\x80\x02}N\x85"
                      "b."s),
              HasSubstr("sets the state"));
}

TEST(Pickle, RefusesBrokenPrograms) {
  EXPECT_THAT(refusal(""), HasSubstr("not a pickle"));
  EXPECT_THAT(refusal("\x80\x01."s), HasSubstr("protocol 1"));
  EXPECT_THAT(refusal("\x80\x06N."s), HasSubstr("protocol 6"));
  EXPECT_THAT(refusal("(lp0\n."), HasSubstr("not a pickle"));
  EXPECT_THAT(refusal("\x80\x02."s), HasSubstr("stack"));
  EXPECT_THAT(refusal("\x80\x02NN."s), HasSubstr("stack"));
  EXPECT_THAT(refusal("\x80\x02(N."s), HasSubstr("stack"));
  EXPECT_THAT(refusal("\x80\x02N.N"s), HasSubstr("bytes follow"));
  EXPECT_THAT(refusal("\x80\x02Nt."s), HasSubstr("no mark"));
  EXPECT_THAT(refusal("\x80\x02N\x86."s), HasSubstr("the stack is empty"));
  EXPECT_THAT(refusal("\x80\x02N(\x85."s), HasSubstr("the stack is empty"));
  EXPECT_THAT(refusal("\x80\x02NNa."s), HasSubstr("another kind"));
  EXPECT_THAT(refusal("\x80\x02}(Nu."s), HasSubstr("without a value"));
  EXPECT_THAT(refusal("\x80\x02h\1."s), HasSubstr("memo entry 1"));
  EXPECT_THAT(refusal("\x80\x02Nr\xff\xff\xff\x7f."s), HasSubstr("memo beyond"));
  EXPECT_THAT(refusal("\x80\x02T\xff\xff\xff\xff."s), HasSubstr("4294967295 bytes wanted"));
  EXPECT_THAT(refusal("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff."s), HasSubstr("cut short"));
  EXPECT_THAT(refusal("\x80\x04\x95\xff\0\0\0\0\0\0\0N."s), HasSubstr("a frame"));
  EXPECT_THAT(refusal("\x80\x02\x8a\x09"
                      "123456789."s),
              HasSubstr("64 bits"));
  EXPECT_THAT(refusal("\x80\x02" + std::string(65, '(')), HasSubstr("byte 66"));
  EXPECT_THAT(refusal("\x80\x02" + std::string((1 << 20) + 1, 'N')), HasSubstr("a million"));
  EXPECT_THAT(refusal("\x80\x02Nq\0"s + std::string(std::size_t{3} << 20, 'h')),
              HasSubstr("memo entry 104"));
}

TEST(Pickle, RefusesArraysThatLie) {
  const std::string array =
      "\x80\x02"
      "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R"s;
  const auto dtype = [](const std::string& code, const std::string& order) {
    return "cnumpy\ndtype\nU"s + static_cast<char>(code.size()) + code + "K\0K\1\x87R(K\3U\1"s +
           order + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s;
  };
  const auto state = [&](const std::string& shape, const std::string& type,
                         const std::string& data) {
    return "(K\1"s + shape + type + "\x89U"s + static_cast<char>(data.size()) + data + "tb";
  };
  EXPECT_TRUE(Pickle::read(array + state("K\2\x85", dtype("u1", "|"), "ab") + ".", "p").ok());
  EXPECT_THAT(refusal(array + state("K\3\x85", dtype("u1", "|"), "ab") + "."),
              HasSubstr("its shape needs 3"));
  EXPECT_THAT(refusal(array + state("J\xff\xff\xff\xff\x85", dtype("u1", "|"), "ab") + "."),
              HasSubstr("shape too large"));
  EXPECT_THAT(refusal(array + state("N\x85", dtype("u1", "|"), "ab") + "."),
              HasSubstr("shape is not integers"));
  EXPECT_THAT(refusal(array + state("K\2\x85", dtype("O8", "|"), "ab") + "."),
              HasSubstr("dtype \"O8\""));
  EXPECT_THAT(refusal(array + state("K\2\x85", dtype("V2", "|"), "ab") + "."),
              HasSubstr("is not a number"));
  EXPECT_THAT(refusal(array + state("K\2\x85", dtype("u1", "?"), "ab") + "."),
              HasSubstr("byte order"));
  const std::string good = state("K\2\x85", dtype("u1", "|"), "ab");
  EXPECT_THAT(refusal(array + good + good + "."), HasSubstr("twice"));
  EXPECT_THAT(refusal(array + "K\1b."), HasSubstr("state is not"));
}

TEST(Pickle, ContainersMayHoldThemselves) {
  const std::string bytes = "\x80\x02]q\0h\0a."s;  // a list whose only item is itself
  const auto pickle = Pickle::read(bytes, "p");
  ASSERT_TRUE(pickle.ok()) << pickle.error().message;
  EXPECT_EQ(&pickle->at(pickle->root().items[0]), &pickle->root());
  EXPECT_FALSE(pickle->integers(pickle->root()).ok());
  const std::string unbuilt =
      "\x80\x02"
      "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R."s;
  const auto empty = Pickle::read(unbuilt, "p");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->array(empty->root()), nullptr);
}

}  // namespace
}  // namespace bascule
