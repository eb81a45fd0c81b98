// Mutated ratings files: no crash, no hang, and every row counted as good or malformed.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include <bascule/data/prepare.h>

#include "data/read.h"
#include "driver.h"

namespace bascule {
namespace {

using fuzz::Random;

std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::vector<std::string> seeds() {
  std::array<std::string, 8> texts = {"\"User-ID\";\"ISBN\";\"Book-Rating\"\n",
                                      "User-ID,ISBN,Book-Rating\n",
                                      "",
                                      "userId,movieId,rating,timestamp\r\n",
                                      "",
                                      "",
                                      "",
                                      "who\twhat\trating\treview\n"};
  Random random(1);
  for (int row = 0; row < 60; ++row) {
    const std::size_t user = random.below(20);
    const std::size_t item = random.below(30);
    const std::size_t rating = random.below(11);
    const char* escaped = row % 7 == 0 ? "\\\"" : "";
    texts[0] += fmt::format("\"{}\";\"0{}X{}\";\"{}\"\n", user, item, escaped, rating);
    texts[1] +=
        fmt::format("{},{},{}\n", user, row % 9 == 0 ? "\"a \"\"b\"\", c\"" : "0385X", rating);
    texts[2] += fmt::format("{}::{}::{}::9783007{:02}\n", user, item, rating % 5 + 1, row);
    texts[3] += fmt::format("{},{},{}.5,11124860{:02}\r\n", user, item, rating % 5, row);
    texts[4] += fmt::format("{}\t{}\t{}\t8812509{:02}\n", user, item, rating % 5 + 1, row);
    if (row % 10 == 0) texts[5] += fmt::format("{}:\n", row + 1);
    texts[5] += fmt::format("{},{},2005-0{}-1{}\n", user, rating % 5 + 1, row % 9 + 1, row % 10);
    texts[6] += fmt::format("{} {} {} {}\n", row, item, item + 1, rating);
    texts[7] += fmt::format("u{}\ti{}\t{}\t\"two\nlines\"\n", user, item, rating);
  }
  std::vector<std::string> all(texts.begin(), texts.end());
  all.push_back("\xef\xbb\xbf" + texts[3]);
  all.push_back(gzip(texts[0]));
  return all;
}

void replace_line_ends(std::string& text, std::string_view to) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += to;
    } else {
      out += c;
    }
  }
  text = std::move(out);
}

// One change of a kind that files in the wild, or an attacker, come with.
void mutate(std::string& text, Random& random) {
  const std::size_t at = random.below(text.size() + 1);
  switch (random.below(14)) {
    case 0:
      for (std::size_t flips = 1 + random.below(20); flips > 0 && !text.empty(); --flips)
        text[random.below(text.size())] ^= static_cast<char>(1 << random.below(8));
      break;
    case 1:
      text.resize(at);
      break;
    case 2:
      text.insert(at, 1 + random.below(3), '\0');
      break;
    case 3:
      text.insert(at, 4000 + random.below(200), 'x');
      break;  // around the longest id
    case 4:
      text.insert(at, 1000000 + random.below(100000), 'y');
      break;
    case 5:
      text.insert(at, "\xff\xe9\xc3");
      break;
    case 6:
      text.insert(at, "\xc3\xa9\xe2\x82\xac");
      break;
    case 7:
      replace_line_ends(text, "\r");
      break;
    case 8:
      replace_line_ends(text, "\r\n");
      break;
    case 9:
      text.insert(at, 1, "\"\\;,:\t|\r\n "[random.below(10)]);
      break;
    case 10:
      text.insert(at, random.below(2) == 0 ? "nan" : "1e400");
      break;
    case 11:
      text.insert(at, text.substr(random.below(text.size() + 1), 200));
      break;
    case 12:
      text.insert(at, "99999999999999999999999999");
      break;
    default:
      if (text.size() < 8000)
        for (int doubling = 0; doubling < 9; ++doubling) text += text;
      break;
  }
}

// What is wrong with the result; empty when nothing is.
std::string check(const std::string& text, const RatingsOptions& options, ThreadPool& pool) {
  const auto ratings = read_ratings_from_memory("fuzz", text, options, pool);
  if (!ratings.ok()) return ratings.error().message.empty() ? "an error without a message" : "";
  const ReadReport& report = ratings->report;
  const Interactions& rows = ratings->interactions;
  if (report.rows != report.good + report.malformed_rows()) return "rows != good + malformed";
  if (report.kept != rows.size() || report.kept > report.good) return "kept rows do not add up";
  if (rows.item.size() != rows.user.size() || rows.value.size() != rows.user.size())
    return "columns differ in length";
  if (!rows.time.empty() && rows.time.size() != rows.user.size()) return "times differ in length";
  for (std::size_t r = 0; r < rows.user.size(); ++r) {
    if (rows.user[r] < 0 || rows.user[r] >= rows.users.size()) return "a user out of range";
    if (rows.item[r] < 0 || rows.item[r] >= rows.items.size()) return "an item out of range";
    if (!(rows.value[r] >= options.min_rating)) return "a rating below the threshold";
  }
  const auto prepared = prepare(rows, {}, pool);
  if (prepared.ok() != (rows.size() > 0)) return "prepare and the rows disagree";
  return {};
}

int run_cases(int argc, char** argv) {
  const std::vector<std::string> corpus = seeds();
  ThreadPool pool(2);
  return fuzz::run(argc, argv, "mutated files, every row counted", [&](Random& random) {
    std::string text = corpus[random.below(corpus.size())];
    for (std::size_t changes = 1 + random.below(4); changes > 0; --changes) mutate(text, random);
    RatingsOptions options;
    options.with_time = random.below(2) == 0;
    options.pandas_compatible = random.below(4) == 0;
    options.strict = random.below(8) == 0;
    if (random.below(2) == 0) options.min_rating = 4;
    options.max_bytes = std::int64_t{64} << 20;
    return check(text, options, pool);
  });
}

}  // namespace
}  // namespace bascule

int main(int argc, char** argv) {
  return bascule::run_cases(argc, argv);
}
