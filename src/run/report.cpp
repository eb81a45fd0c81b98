#include <algorithm>

#include <fmt/format.h>

#include <bascule/base/file.h>
#include <bascule/run/report.h>

#include "run/report_parts.h"

namespace bascule {
namespace {

using detail::escape_html;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b1f24;--soft:#5b6470;--line:#dfe3e8;
--c0:#2563a8;--c1:#c2570c;--c2:#2b8a57;--c3:#8a3ea8;--c4:#b3243f;--c5:#6b6f1d}
@media (prefers-color-scheme:dark){:root{--page:#14171b;--card:#1d2126;--text:#e7eaee;--soft:#9aa4b0;
--line:#333a42;--c0:#6ea8e8;--c1:#f0975a;--c2:#62c492;--c3:#c58be0;--c4:#f07f93;--c5:#c3c765}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main{max-width:860px;margin:0 auto;padding:32px 20px 48px}
h1{font-size:26px;line-height:1.25;margin:0}
h2{font-size:18px;margin:32px 0 10px}
p{margin:8px 0;max-width:70ch}
.subtitle,figcaption,th,.facts td:first-child{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 16px;
margin:12px 0;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 12px 5px 0;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;font-size:13px;overflow-wrap:normal}
tr+tr td,thead+tbody td{border-top:1px solid var(--line)}
.facts td:first-child{width:30%}
.number{text-align:right;white-space:nowrap}
figure{margin:12px 0}
figcaption{font-weight:600;font-size:13px;margin-bottom:8px}
svg{display:block;width:100%;height:auto;font-size:13px}
svg text{fill:var(--text)}
svg .soft{fill:var(--soft)}
svg .grid{stroke:var(--line)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;margin-top:6px}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:6px;
vertical-align:middle}
@media print{body{background:none}.card{break-inside:avoid}}
)css";

// Digits after a leading zero are an id (an ISBN), not a number.
bool is_number(std::string_view cell) {
  if (cell.size() > 1 && cell[0] == '0' && cell[1] >= '0' && cell[1] <= '9') return false;
  return cell.empty() ||
         (cell.find_first_of("0123456789") != std::string_view::npos &&
          cell.find_first_not_of("0123456789.,+-−±×% eEkKMGTBmµnsxh/") == std::string_view::npos);
}

// A column of empty cells is text.
bool is_number_column(const ReportTable& table, std::size_t column) {
  bool any = false;
  for (const auto& row : table.rows) {
    if (column >= row.size()) continue;
    if (!is_number(row[column])) return false;
    any = any || !row[column].empty();
  }
  return any;
}

}  // namespace

Report::Report(std::string_view title, std::string_view subtitle)
    : title_(escape_html(title)), body_(fmt::format("<h1>{}</h1>\n", title_)) {
  if (!subtitle.empty())
    body_ += fmt::format("<p class=\"subtitle\">{}</p>\n", escape_html(subtitle));
}

void Report::add_heading(std::string_view text) {
  body_ += fmt::format("<h2>{}</h2>\n", escape_html(text));
}

void Report::add_facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  body_ += "<div class=\"card\"><table class=\"facts\"><tbody>\n";
  for (const auto& [name, value] : facts)
    body_ +=
        fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escape_html(name), escape_html(value));
  body_ += "</tbody></table></div>\n";
}

void Report::add_table(const ReportTable& table) {
  std::size_t columns = table.headers.size();
  for (const auto& row : table.rows) columns = std::max(columns, row.size());
  std::vector<std::string_view> alignment;
  for (std::size_t c = 0; c < columns; ++c)
    alignment.emplace_back(is_number_column(table, c) ? " class=\"number\"" : "");
  const auto add_row = [&](const std::vector<std::string>& cells, std::string_view tag) {
    body_ += "<tr>";
    for (std::size_t c = 0; c < columns; ++c)
      body_ += fmt::format("<{0}{1}>{2}</{0}>", tag, alignment[c],
                           c < cells.size() ? escape_html(cells[c]) : "");
    body_ += "</tr>\n";
  };
  body_ += "<div class=\"card\"><table><thead>\n";
  add_row(table.headers, "th");
  body_ += "</thead><tbody>\n";
  for (const auto& row : table.rows) add_row(row, "td");
  body_ += "</tbody></table></div>\n";
}

void Report::add_chart(const BarChart& chart) {
  body_ += detail::draw(chart);
}

void Report::add_chart(const LineChart& chart) {
  body_ += detail::draw(chart);
}

std::string Report::html() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</"
      "html>\n",
      title_, kStyle, body_);
}

Status Report::write(const std::string& path) const {
  return write_atomically(path, html());
}

}  // namespace bascule
