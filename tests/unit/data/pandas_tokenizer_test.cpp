#include "data/pandas_tokenizer.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bascule {
namespace {

using Rows = std::vector<std::vector<std::string>>;

/// The rows below the header, cut or filled up to its width as in a data frame.
std::optional<Rows> tokenize(const std::string& text) {
  PandasTokenizer tokenizer(text, ';', true);
  PandasRow row;
  Rows rows;
  std::size_t columns = 0;
  for (bool header = true; tokenizer.next(row); header = false) {
    if (header) {
      columns = row.size();
      continue;
    }
    if (row.skipped) continue;
    rows.emplace_back();
    for (std::size_t i = 0; i < columns; ++i) rows.back().emplace_back(row[i]);
  }
  if (tokenizer.open_quote()) return std::nullopt;
  return rows;
}

// Made by tests/golden/pandas_rows_golden.py.
TEST(PandasTokenizer, CutsRandomDirtyFilesAsPandasDoes) {
  std::ifstream file(BASCULE_TEST_DIR "/golden/pandas_rows_golden.json");
  const auto golden = nlohmann::json::parse(file);
  ASSERT_EQ(golden.at("cases").size(), 400U);
  for (const auto& one : golden.at("cases")) {
    const std::string text = one.at("text");
    const auto rows = tokenize(text);
    if (one.contains("error")) {
      EXPECT_FALSE(rows) << text;
      continue;
    }
    ASSERT_TRUE(rows) << text;
    EXPECT_EQ(*rows, one.at("rows").get<Rows>()) << text;
  }
}

}  // namespace
}  // namespace bascule
