#pragma once
// A report as one HTML file: tables and charts, readable in light and dark, no script, nothing
// fetched from elsewhere. All text is escaped, so names from data files may be given as they are.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

/// Horizontal bars from zero, in the order given: a histogram, the times of stages.
struct BarChart {
  struct Bar {
    std::string label;
    double value = 0;  ///< drawn; negative and non-finite values draw nothing
    std::string text;  ///< written at the end of the bar; empty: the value
  };
  std::string title;
  std::vector<Bar> bars;
};

/// Curves or points over a common axis: losses over epochs. Points that are not finite leave a gap.
struct LineChart {
  struct Series {
    std::string name;
    std::vector<double> x, y;  ///< of equal length; what is longer is ignored
    bool joined = true;        ///< by a line; else points alone
  };
  std::string title, x_label, y_label;
  std::vector<Series> series;  ///< up to 6 are told apart by colour
  bool log_x = false;          ///< equal ratios are equally far apart; only x > 0 are points
};

struct ReportTable {
  std::vector<std::string> headers;
  std::vector<std::vector<std::string>> rows;  ///< missing cells are empty
};

/// Collects the parts from top to bottom.
class Report {
 public:
  explicit Report(std::string_view title, std::string_view subtitle = {});

  void add_heading(std::string_view text);
  /// Two columns, name and value.
  void add_facts(const std::vector<std::pair<std::string, std::string>>& facts);
  /// Columns whose cells are all numbers (units and "%" allowed) are set to the right.
  void add_table(const ReportTable& table);
  void add_chart(const BarChart& chart);
  void add_chart(const LineChart& chart);

  [[nodiscard]] std::string html() const;
  /// Writes html() in one step; kFailed names the file.
  [[nodiscard]] Status write(const std::string& path) const;

 private:
  std::string title_;
  std::string body_;
};

}  // namespace bascule
