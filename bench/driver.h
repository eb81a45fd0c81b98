#pragma once
// The protocol between a timing program and its runner (driver.py): a command a line on stdin, an
// answer a line on stdout, so that the runner can alternate between us and the peers in one run.
#include <iostream>
#include <sstream>
#include <string>

#include <bascule/base/status.h>

namespace bascule {

/// Answers commands with run(words) until stdin ends or one fails, whose message goes to stderr;
/// the program's exit code.
template <class Run>
int drive(const Run& run) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    const Result<std::string> answer = run(words);
    if (!answer.ok()) {
      std::cerr << answer.error().message << '\n';
      return static_cast<int>(answer.error().code);
    }
    std::cout << answer.value() << std::endl;
  }
  return 0;
}

}  // namespace bascule
