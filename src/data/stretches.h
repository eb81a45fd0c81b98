#pragma once
// Cuts an input file into stretches that can be read side by side.
#include <string_view>
#include <vector>

#include <bascule/base/status.h>

#include "data/layout.h"
#include "data/source.h"

namespace bascule {

/// An opened source and what is known about it before its rows are read.
struct Input {
  const Source* source = nullptr;
  Layout layout;
  char newline = '\n';
  std::string_view whole;  ///< without byte order mark
  std::string_view body;   ///< without header
  std::int64_t head_lines = 0;
};
Result<Input> prepare_input(const Source& source, const RatingsOptions& options);

/// Pieces of about half a MiB that end where lines (kNetflix: blocks of an item) end.
std::vector<std::string_view> cut(const Input& input);

}  // namespace bascule
