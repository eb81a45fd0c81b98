// Mutates valid safetensors files and reads whatever still loads. Three judges: the sanitizers, a
// second JSON parser (nothing may load that is not JSON), and the format's layout rule.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <bascule/base/file.h>

#include "tensor/safetensors_header.h"

namespace bascule {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
  return n == 0 ? 0 : random() % n;
}

std::string valid_file(Random& random) {
  constexpr DType kTypes[] = {DType::kF32, DType::kF64, DType::kI32, DType::kI64, DType::kU8};
  const std::vector<std::byte> zeros(4096);
  SafetensorsWriter writer;
  const std::size_t tensors = below(random, 6);
  for (std::size_t t = 0; t < tensors; ++t) {
    std::vector<std::int64_t> extents(below(random, 3));
    for (auto& extent : extents) extent = static_cast<std::int64_t>(below(random, 6));
    const DType dtype = kTypes[below(random, std::size(kTypes))];
    Shape shape = *Shape::make(extents);
    const auto bytes = static_cast<std::size_t>(shape.count()) * dtype_size(dtype);
    writer.add(fmt::format("t{}", t), dtype, std::move(shape), std::span(zeros).first(bytes));
  }
  if (below(random, 2) == 0) writer.set_metadata("type", "item-knn");
  const std::string path = fmt::format("/dev/shm/bascule-fuzz-{}", ::getpid());
  if (!writer.write(path).ok()) std::abort();
  std::string bytes = *read_file(path, 1 << 20);
  ::unlink(path.c_str());
  return bytes;
}

std::size_t header_length(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

// Edits of the header keep its length field right, so that the mutation reaches the parser.
void mutate_header(Random& random, std::string& file) {
  static const std::vector<std::string> kTokens = {"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\"",
                                                   "\\",
                                                   "\\u0061",
                                                   "0",
                                                   "-1",
                                                   "9223372036854775807",
                                                   "18446744073709551616",
                                                   "1e3",
                                                   "null",
                                                   "true",
                                                   "\"dtype\":\"F32\"",
                                                   "\"shape\":[]",
                                                   "\"data_offsets\":[0,0]",
                                                   "\"t0\":{}",
                                                   "\"__metadata__\":{}",
                                                   " ",
                                                   std::string(1, '\0')};
  std::string header = file.substr(8, header_length(file));
  const std::size_t at = below(random, header.size());
  const std::size_t length = below(random, 12);
  const std::string& token = kTokens[below(random, kTokens.size())];
  switch (below(random, 5)) {
    case 0:
      header.insert(at, token);
      break;
    case 1:
      header.erase(at, length);
      break;
    case 2:
      header.replace(at, length, token);
      break;
    case 3:
      header.insert(below(random, header.size()), header.substr(at, 4 * length));
      break;
    default: {
      const auto digit = std::find_if(header.begin() + static_cast<std::ptrdiff_t>(at),
                                      header.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (digit != header.end()) *digit = static_cast<char>('0' + below(random, 10));
    }
  }
  const std::uint64_t size = header.size();
  std::string result(8, '\0');
  std::memcpy(result.data(), &size, 8);
  file = result + header + file.substr(8 + header_length(file));
}

void mutate_bytes(Random& random, std::string& file) {
  switch (below(random, 4)) {
    case 0:
      file[below(random, file.size())] ^= static_cast<char>(1U << below(random, 8));
      break;
    case 1:
      file.resize(below(random, file.size()));
      break;
    case 2:
      file.append(below(random, 16), '\0');
      break;
    default:
      file[below(random, 8)] = static_cast<char>(random());
  }
}

// Touches all that a caller could touch; returns a sum so that nothing is optimised away.
std::size_t use(const detail::SafetensorsContent& content, const std::string& file) {
  std::size_t sum = 0, covered = 0;
  for (const auto& [name, view] : content.tensors) {
    for (const std::byte b : view.bytes) sum += static_cast<std::size_t>(b);
    if (view.bytes.size() != static_cast<std::size_t>(view.shape.count()) * dtype_size(view.dtype))
      std::abort();
    covered += view.bytes.size();
  }
  if (8 + header_length(file) + covered != file.size()) std::abort();
  if (!nlohmann::json::accept(file.substr(8, header_length(file)))) std::abort();
  for (const auto& [key, value] : content.metadata) sum += key.size() + value.size();
  return sum;
}

int run(long count, unsigned long seed) {
  Random random(seed);
  long loaded = 0;
  std::size_t sum = 0;
  double slowest = 0;
  for (long n = 0; n < count; ++n) {
    std::string file = valid_file(random);
    const std::size_t edits = below(random, 4);
    for (std::size_t e = 0; e < edits && file.size() > 8; ++e) {
      const bool whole = header_length(file) <= file.size() - 8 && header_length(file) > 0;
      if (whole && below(random, 4) != 0)
        mutate_header(random, file);
      else
        mutate_bytes(random, file);
    }
    // An exact heap copy, so that a read past the end is seen.
    const std::vector<std::byte> exact(
        reinterpret_cast<const std::byte*>(file.data()),
        reinterpret_cast<const std::byte*>(file.data()) + file.size());
    const auto start = std::chrono::steady_clock::now();
    const auto content = detail::parse_safetensors(exact, "mutated");
    if (content.ok()) {
      ++loaded;
      sum += use(*content, file);
    } else if (edits == 0 || content.error().code != Code::kBadData) {
      fmt::print(stderr, "file {}: {}\n", n, content.error().message);
      return 1;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    slowest = std::max(slowest, took.count());
  }
  fmt::print("{} files, {} loaded and read (sum {}), slowest {:.3f} ms\n", count, loaded, sum,
             slowest * 1e3);
  return slowest < 2.0 ? 0 : 1;
}

}  // namespace
}  // namespace bascule

int main(int argc, char** argv) {
  long count = 10000;
  unsigned long seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--count") == 0) count = std::strtol(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoul(argv[i + 1], nullptr, 10);
  }
  return bascule::run(count, seed);
}
