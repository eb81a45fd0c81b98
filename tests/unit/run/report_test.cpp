#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/file.h>
#include <bascule/run/report.h>

#include "run/report_parts.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

// Tags are properly nested and every attribute is quoted; returns what is wrong, or nothing.
std::string check_markup(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return "a tag without end";
    const std::string tag = html.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag[0] == '!' || name == "meta" || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.push_back(name);
    } else if (open.empty() || open.back() != tag.substr(1)) {
      return "</" + tag.substr(1) + "> does not close " + (open.empty() ? "" : open.back());
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " is not closed";
}

constexpr const char* kHostile = "<script>alert('x')</script>\" onload=\"x & \x1b[2J";

TEST(Report, EscapesEverythingEverywhere) {
  Report report(kHostile, kHostile);
  report.add_heading(kHostile);
  report.add_facts({{kHostile, kHostile}});
  report.add_table({{kHostile}, {{kHostile}}});
  report.add_chart(BarChart{kHostile, {{kHostile, 1, kHostile}}});
  report.add_chart(LineChart{kHostile, kHostile, kHostile, {{kHostile, {1, 2}, {1, 2}}}});
  const std::string html = report.html();
  EXPECT_EQ(check_markup(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("\" onload")));
  EXPECT_THAT(html, Not(HasSubstr("\x1b")));
  EXPECT_THAT(html, HasSubstr("<h1>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload="));
}

TEST(Report, FetchesNothing) {
  Report report("Title");
  report.add_chart(BarChart{"bars", {{"a", 1, ""}}});
  const std::string html = report.html();
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* word : {"http:", "https:", "src=", "url(", "@import", "<link", "<script"})
    EXPECT_THAT(html, Not(HasSubstr(word)));
}

TEST(Report, BarsAreInProportion) {
  const std::string svg = detail::draw(BarChart{"t",
                                                {{"a", 2468000, ""},
                                                 {"b", 1234000, "two"},
                                                 {"c", 0, ""},
                                                 {"d", -1234, ""},
                                                 {"e", 0.0 / 0.0, "nan"}}});
  std::vector<double> widths;
  for (std::size_t at = svg.find("<rect"); at != std::string::npos; at = svg.find("<rect", at + 1))
    widths.push_back(std::stod(svg.substr(svg.find("width=\"", at) + 7)));
  ASSERT_EQ(widths.size(), 5U);
  EXPECT_GT(widths[0], 500);
  EXPECT_NEAR(widths[1], widths[0] / 2, 0.1);
  EXPECT_EQ(widths[2], 0);
  EXPECT_EQ(widths[3], 0);
  EXPECT_EQ(widths[4], 0);
  EXPECT_THAT(svg, HasSubstr(">two</text>"));
  EXPECT_THAT(svg, HasSubstr(">-1,234</text>"));
  EXPECT_THAT(svg, HasSubstr(">2,468,000</text>"));
}

TEST(Report, LinesRiseAndBreakWhereValuesAreMissing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string svg =
      detail::draw(LineChart{"t", "epoch", "loss", {{"s", {0, 10, 20, 30}, {0, 1, nan, 1, 7}}}});
  // x ticks 0 … 30 on 76 … 800 pixels, y ticks 0 … 1 on 268 … 34.
  EXPECT_THAT(svg, HasSubstr("d=\"M76.0 268.0L317.3 34.0M800.0 34.0\""));
  EXPECT_EQ(check_markup(svg), "");
  EXPECT_THAT(detail::draw(LineChart{"t", "", "", {{"s", {1}, {nan}}}}), HasSubstr("no data"));
  EXPECT_EQ(check_markup(detail::draw(LineChart{"t", "", "", {{"s", {1}, {5}}}})), "");
}

TEST(Report, PointsAloneAndRatios) {
  LineChart chart{
      "t", "λ", "ndcg", {{"trial", {1, 100, 0, 10000, -5}, {0, 1, 7, 0.5, 9}, false}}, true};
  const std::string svg = detail::draw(chart);
  // 1 … 10,000 on 76 … 800 pixels, 0 … 1 on 268 … 34; what is not above 0 is left out.
  EXPECT_THAT(svg, Not(HasSubstr("<path")));
  EXPECT_THAT(svg, HasSubstr("cx=\"76.0\" cy=\"268.0\""));
  EXPECT_THAT(svg, HasSubstr("cx=\"438.0\" cy=\"34.0\""));
  EXPECT_THAT(svg, HasSubstr("cx=\"800.0\" cy=\"151.0\""));
  EXPECT_THAT(svg, HasSubstr("<title>trial: 1 at 100</title>"));
  EXPECT_THAT(svg, HasSubstr(">1e+04</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("7 at")));
  EXPECT_EQ(check_markup(svg), "");
  chart.series[0].x = {-1, -2, 0, 0, 0};
  EXPECT_THAT(detail::draw(chart), HasSubstr("no data"));
}

TEST(Report, NiceTicks) {
  EXPECT_THAT(detail::nice_ticks(0, 50, 6), ElementsAre(0, 10, 20, 30, 40, 50));
  EXPECT_THAT(detail::nice_ticks(1, 7, 6), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(detail::nice_ticks(-3, 12, 4), ElementsAre(-5, 0, 5, 10, 15));
  EXPECT_THAT(detail::nice_ticks(0, 0, 2), ElementsAre(-1, 0, 1));
  for (const auto& [low, high] : {std::pair(1e17, 1e17 + 16), std::pair(0.0, 5e-324),
                                  std::pair(-1e300, 1e300), std::pair(1e-300, 2e-300)}) {
    const auto ticks = detail::nice_ticks(low, high, 5);
    EXPECT_THAT(ticks.size(), AllOf(Ge(2U), Le(9U)));
    EXPECT_LE(ticks.front(), low);
    EXPECT_GE(ticks.back(), high);
  }
  const auto same = detail::nice_ticks(4, 4, 4);
  EXPECT_LE(same.front(), 4);
  EXPECT_GT(same.back(), same.front());
}

TEST(Report, TablesAlignNumbersAndFillGaps) {
  Report report("t");
  report.add_table({{"book", "score", "isbn"},
                    {{"Harry Potter 2", "0.864", "0439064872"}, {"short"}, {"x", "12.5 %"}}});
  const std::string html = report.html();
  EXPECT_THAT(html, HasSubstr("<th>book</th><th class=\"number\">score</th><th>isbn</th>"));
  EXPECT_THAT(html, HasSubstr("<td>Harry Potter 2</td><td class=\"number\">0.864</td>"));
  EXPECT_THAT(html, HasSubstr("<td>short</td><td class=\"number\"></td><td></td>"));
}

TEST(Report, IsWrittenWhole) {
  const TempFolder folder;
  const Report report("t");
  ASSERT_TRUE(report.write(folder / "report.html").ok());
  EXPECT_EQ(*read_file(folder / "report.html", 1 << 20), report.html());
  EXPECT_EQ(report.write(folder / "none/report.html").error().code, Code::kFailed);
}

}  // namespace
}  // namespace bascule
