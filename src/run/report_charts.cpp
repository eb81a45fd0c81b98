// Charts as inline SVG. Coordinates are pixels at the drawn width; the style sheet scales them.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "run/report_parts.h"

namespace bascule::detail {
namespace {

constexpr double kWidth = 820;
constexpr double kCharWidth = 8.2;  // of the 13-pixel font, digits of the wider families
constexpr std::size_t kMaxLabel = 36;
constexpr std::size_t kColors = 6;
// Beyond these, differences of doubles overflow or vanish.
constexpr double kLargest = 1e300, kSmallest = 1e-300;

// At most kMaxLabel code points.
std::string shortened(std::string_view text) {
  std::size_t points = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80) continue;
    if (++points > kMaxLabel) return std::string(text.substr(0, i)) + "…";
  }
  return std::string(text);
}

double text_width(std::string_view text) {
  const auto points = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  });
  return static_cast<double>(points) * kCharWidth;
}

std::string open_figure(std::string_view title, double height) {
  const std::string safe = escape_html(title);
  return fmt::format(
      "<figure class=\"card\"><figcaption>{0}</figcaption>\n"
      "<svg viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" aria-label=\"{0}\">\n",
      safe, kWidth, height);
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::string tick_text(double value) {
  return fmt::format("{:.6g}", value == 0 ? 0 : value);  // never "-0"
}

// From data to pixels along one axis; a logarithmic one has ticks at exponents of ten.
struct Axis {
  std::vector<double> ticks;
  double from = 0, to = 0;  // pixels of the first and last tick
  bool logarithmic = false;

  [[nodiscard]] double at_tick(double tick) const {
    return from + (tick - ticks.front()) / (ticks.back() - ticks.front()) * (to - from);
  }
  [[nodiscard]] double at(double value) const {
    return at_tick(logarithmic ? std::log10(value) : value);
  }
  [[nodiscard]] std::string text(double tick) const {
    return logarithmic ? fmt::format("{:.3g}", std::pow(10, tick)) : tick_text(tick);
  }
};

// Whole numbers in full with separators (91,804), others to four digits.
std::string value_text(double value) {
  constexpr double kExact = 1e15;
  if (!(std::abs(value) < kExact) || value != std::floor(value))
    return fmt::format("{:.4g}", value);
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (std::ptrdiff_t at = std::ssize(digits) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return (value < 0 ? "-" : "") + digits;
}

bool is_point(double x, double y, bool log_x) {
  // False for NaN.
  return std::abs(x) <= kLargest && std::abs(y) <= kLargest && (!log_x || x >= kSmallest);
}

std::string draw_axes(const LineChart& chart, const Axis& x, const Axis& y) {
  constexpr double kGap = 8, kBaseline = 4;
  std::string svg;
  for (const double tick : y.ticks)
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text class=\"soft\" text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        x.from, x.to, y.at(tick), y.at(tick), x.from - kGap, y.at(tick) + kBaseline,
        tick_text(tick));
  for (const double tick : x.ticks)
    svg += fmt::format(
        "<text class=\"soft\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        x.at_tick(tick), y.from + 20, x.text(tick));
  svg += fmt::format(
      "<text class=\"soft\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n"
      "<text class=\"soft\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
      (x.from + x.to) / 2, y.from + 42, escape_html(chart.x_label), kGap, y.to - 14,
      escape_html(chart.y_label));
  return svg;
}

std::string draw_series(const LineChart::Series& series, std::size_t color, const Axis& x,
                        const Axis& y) {
  const std::size_t count = std::min(series.x.size(), series.y.size());
  std::string path, dots;
  bool pen_down = false;
  for (std::size_t i = 0; i < count; ++i) {
    const bool point = is_point(series.x[i], series.y[i], x.logarithmic);
    if (point) {
      const double px = x.at(series.x[i]), py = y.at(series.y[i]);
      path += fmt::format("{}{:.1f} {:.1f}", pen_down ? 'L' : 'M', px, py);
      dots += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"var(--c{})\">"
          "<title>{}: {:.6g} at {:.6g}</title></circle>\n",
          px, py, color, escape_html(series.name), series.y[i], series.x[i]);
    }
    pen_down = point;
  }
  if (!series.joined) return dots;
  constexpr std::size_t kMaxDots = 100;  // beyond it the line alone is clearer
  return fmt::format(
      "<path d=\"{}\" fill=\"none\" stroke=\"var(--c{})\" stroke-width=\"2\" "
      "stroke-linejoin=\"round\"/>\n{}",
      path, color, count <= kMaxDots ? dots : "");
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
      case '\t':
        out += ' ';
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += "\xef\xbf\xbd";
        else
          out += c;
    }
  }
  return out;
}

std::vector<double> nice_ticks(double low, double high, int count) {
  // A range too short for its place on the number line has no ticks that differ.
  const double scale = std::max(std::abs(low), std::abs(high));
  if (high - low <= std::max(scale * 1e-9, kSmallest)) {
    const double half = scale <= kSmallest ? 1 : scale / 2;
    low -= half;
    high += half;
  }
  const double raw = (high - low) / std::max(count, 1);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double factor = raw / power;
  const double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  std::vector<double> ticks;
  const double first = std::floor(low / step);
  const auto steps = static_cast<int>(std::ceil(high / step) - first);
  for (int i = 0; i <= steps; ++i) ticks.push_back((first + i) * step);
  return ticks;
}

std::string draw(const BarChart& chart) {
  constexpr double kRow = 26, kBarHeight = 16, kGap = 10, kBaseline = 13, kTop = 4;
  double labels = 0, texts = 0, largest = 0;
  std::vector<std::string> shown, values;
  for (const auto& bar : chart.bars) {
    shown.push_back(shortened(bar.label));
    values.push_back(bar.text.empty() ? value_text(bar.value) : shortened(bar.text));
    labels = std::max(labels, text_width(shown.back()));
    texts = std::max(texts, text_width(values.back()));
    if (std::isfinite(bar.value)) largest = std::max(largest, bar.value);
  }
  const double left = labels + kGap, room = kWidth - left - texts - kGap;
  std::string svg =
      open_figure(chart.title, 2 * kTop + kRow * static_cast<double>(chart.bars.size()));
  double y = kTop;
  for (std::size_t i = 0; i < chart.bars.size(); ++i, y += kRow) {
    const double value = chart.bars[i].value;
    const bool drawn = std::isfinite(value) && value > 0;
    const double length = drawn ? std::max(value / largest * room, 1.0) : 0;
    svg += fmt::format(
        "<text text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>"
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" rx=\"2\" "
        "fill=\"var(--c0)\"/>"
        "<text class=\"soft\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        labels, y + kBaseline, escape_html(shown[i]), left, y, length, kBarHeight,
        left + length + kGap / 2, y + kBaseline, escape_html(values[i]));
  }
  return svg + "</svg></figure>\n";
}

std::string draw(const LineChart& chart) {
  constexpr double kHeight = 320, kTop = 34, kBottom = 52, kLeft = 76, kRight = 20;
  constexpr int kTicks = 6;
  Range xs, ys;
  for (const auto& series : chart.series) {
    for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
      if (!is_point(series.x[i], series.y[i], chart.log_x)) continue;
      xs.include(chart.log_x ? std::log10(series.x[i]) : series.x[i]);
      ys.include(series.y[i]);
    }
  }
  std::string svg = open_figure(chart.title, kHeight);
  if (xs.low > xs.high) {
    return svg + fmt::format(
                     "<text class=\"soft\" x=\"{:.0f}\" y=\"{:.0f}\" "
                     "text-anchor=\"middle\">no data</text></svg></figure>\n",
                     kWidth / 2, kHeight / 2);
  }
  const Axis x{nice_ticks(xs.low, xs.high, kTicks), kLeft, kWidth - kRight, chart.log_x};
  const Axis y{nice_ticks(ys.low, ys.high, kTicks), kHeight - kBottom, kTop};
  svg += draw_axes(chart, x, y);
  std::string legend;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    svg += draw_series(chart.series[i], i % kColors, x, y);
    legend += fmt::format("<span><i style=\"background:var(--c{})\"></i>{}</span>", i % kColors,
                          escape_html(chart.series[i].name));
  }
  return fmt::format("{}</svg>\n<div class=\"legend\">{}</div></figure>\n", svg, legend);
}

}  // namespace bascule::detail
