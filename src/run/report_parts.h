#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <bascule/run/report.h>

namespace bascule::detail {

/// Text made safe for HTML and SVG, in elements and in quoted attributes; control characters
/// become U+FFFD.
std::string escape_html(std::string_view text);

/// Positions 1, 2 or 5 times a power of ten apart that cover [low, high]: about `count` of them,
/// the first <= low, the last >= high. A range of no length is widened.
std::vector<double> nice_ticks(double low, double high, int count);

std::string draw(const BarChart& chart);
std::string draw(const LineChart& chart);

}  // namespace bascule::detail
