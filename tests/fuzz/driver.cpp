#include "driver.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

namespace bascule::fuzz {
namespace {

constexpr unsigned kMaxSeconds = 20;  // for one case, sanitizers and busy machine included

std::array<char, 64> reproducer;  // of the case at hand

void set_reproducer(std::uint64_t seed, std::uint64_t number) {
  *fmt::format_to_n(reproducer.data(), reproducer.size() - 1, "--seed {} --only {}\n", seed, number)
       .out = '\0';
}

void too_slow(int) {
  constexpr std::string_view kWhat = "too slow: ";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, kWhat.data(), kWhat.size());
  written = ::write(STDERR_FILENO, reproducer.data(), std::strlen(reproducer.data()));
  std::_Exit(1);
}

struct Arguments {
  std::uint64_t first = 0, end = 1000;  ///< numbers of the cases
  std::uint64_t seed = 1;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i], text = i + 1 < argc ? argv[i + 1] : "";
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return {};
    if (name == "--count") {
      arguments.end = value;
    } else if (name == "--seed") {
      arguments.seed = value;
    } else if (name == "--only") {
      arguments.first = value;
      arguments.end = value + 1;
    } else {
      return {};
    }
  }
  return arguments;
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = state_;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

int run(int argc, char** argv, std::string_view done, const Case& one) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    fmt::print(stderr, "usage: {} [--count N] [--seed S] [--only I]\n", argv[0]);
    return 2;
  }
  std::signal(SIGALRM, too_slow);
  for (std::uint64_t i = arguments->first; i < arguments->end; ++i) {
    Random random(arguments->seed * 1000003 + i);
    set_reproducer(arguments->seed, i);
    ::alarm(kMaxSeconds);
    const std::string wrong = one(random);
    ::alarm(0);
    if (!wrong.empty()) {
      fmt::print(stderr, "{}: {}", wrong, reproducer.data());
      return 1;
    }
    if (i % 1000 == 999) fmt::print("{} cases\n", i + 1);
  }
  fmt::print("{} {}\n", arguments->end - arguments->first, done);
  return 0;
}

}  // namespace bascule::fuzz
