// Mutates valid safetensors files and reads whatever still loads. Three judges: the sanitizers, a
// second JSON parser (nothing may load that is not JSON, or says something else to it), and the
// format's layout rule.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <bascule/base/file.h>

#include "driver.h"
#include "tensor/safetensors_header.h"

namespace bascule {
namespace {

using fuzz::Random;

std::string valid_file(Random& random) {
  constexpr DType kTypes[] = {DType::kF32, DType::kF64, DType::kI32, DType::kI64, DType::kU8};
  const std::vector<std::byte> zeros(4096);
  SafetensorsWriter writer;
  const std::size_t tensors = random.below(6);
  for (std::size_t t = 0; t < tensors; ++t) {
    std::vector<std::int64_t> extents(random.below(3));
    for (auto& extent : extents) extent = static_cast<std::int64_t>(random.below(6));
    const DType dtype = kTypes[random.below(std::size(kTypes))];
    Shape shape = *Shape::make(extents);
    const auto bytes = static_cast<std::size_t>(shape.count()) * dtype_size(dtype);
    writer.add(fmt::format("t{}", t), dtype, std::move(shape), std::span(zeros).first(bytes));
  }
  if (random.below(2) == 0) writer.set_metadata("type", "item-knn");
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
  static const std::vector<std::string> tokens = {"{",
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
  const std::size_t at = random.below(header.size());
  const std::size_t length = random.below(12);
  const std::string& token = tokens[random.below(tokens.size())];
  switch (random.below(5)) {
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
      header.insert(random.below(header.size()), header.substr(at, 4 * length));
      break;
    default: {
      const auto digit = std::find_if(header.begin() + static_cast<std::ptrdiff_t>(at),
                                      header.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (digit != header.end()) *digit = static_cast<char>('0' + random.below(10));
    }
  }
  const std::uint64_t size = header.size();
  std::string result(8, '\0');
  std::memcpy(result.data(), &size, 8);
  file = result + header + file.substr(8 + header_length(file));
}

void mutate_bytes(Random& random, std::string& file) {
  switch (random.below(4)) {
    case 0:
      file[random.below(file.size())] ^= static_cast<char>(1U << random.below(8));
      break;
    case 1:
      file.resize(random.below(file.size()));
      break;
    case 2:
      file.append(random.below(16), '\0');
      break;
    default:
      file[random.below(8)] = static_cast<char>(random.next());
  }
}

// What is wrong with a file that loaded; touches all that a caller could touch.
std::string check(const detail::SafetensorsContent& content, const std::string& file) {
  std::size_t covered = 0;
  for (const auto& [name, view] : content.tensors) {
    const std::vector<std::byte> read(view.bytes.begin(), view.bytes.end());
    if (read.size() != static_cast<std::size_t>(view.shape.count()) * dtype_size(view.dtype))
      return "a tensor's bytes and shape differ";
    covered += read.size();
  }
  if (8 + header_length(file) + covered != file.size()) return "bytes of no tensor";
  const auto header = nlohmann::json::parse(file.substr(8, header_length(file)), nullptr, false);
  if (header.is_discarded()) return "a header that is no JSON";
  for (const auto& [key, value] : content.metadata)
    if (header["__metadata__"].value(key, "") != value)
      return "metadata that another reader reads otherwise";
  return {};
}

std::string mutate_and_check(Random& random, std::uint64_t& loaded) {
  std::string file = valid_file(random);
  const std::size_t edits = random.below(4);
  for (std::size_t e = 0; e < edits && file.size() > 8; ++e) {
    const bool whole = header_length(file) <= file.size() - 8 && header_length(file) > 0;
    if (whole && random.below(4) != 0)
      mutate_header(random, file);
    else
      mutate_bytes(random, file);
  }
  // An exact heap copy, so that a read past the end is seen.
  const std::vector<std::byte> exact(reinterpret_cast<const std::byte*>(file.data()),
                                     reinterpret_cast<const std::byte*>(file.data()) + file.size());
  const auto content = detail::parse_safetensors(exact, "mutated");
  if (!content.ok())
    return edits == 0 || content.error().code != Code::kBadData
               ? "refused: " + content.error().message
               : "";
  ++loaded;
  return check(*content, file);
}

int run_cases(int argc, char** argv) {
  std::uint64_t loaded = 0;
  const int status = fuzz::run(argc, argv, "mutated files, every one refused or whole",
                               [&](Random& random) { return mutate_and_check(random, loaded); });
  if (status == 0) fmt::print("{} loaded and were read\n", loaded);
  return status;
}

}  // namespace
}  // namespace bascule

int main(int argc, char** argv) {
  return bascule::run_cases(argc, argv);
}
