#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <bascule/base/config.h>

namespace bascule {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxDots = 64;

std::string place(const std::string& name, const toml::source_region& region) {
  return fmt::format("{}:{}", name, region.begin.line);
}

/// toml++ recurses over the parts of a dotted key and has no bound on them. Dots between what can
/// stand around a key are counted, in values too: those with so many have no place in a spec.
Status check_dots(std::string_view text, const std::string& name) {
  int line = 1, dots = 0;
  bool comment = false, blank = true;  // the line; so far
  for (const char c : text) {
    comment = comment || (blank && c == '#');
    blank = blank && (c == ' ' || c == '\t');
    if (std::string_view("\n,={}[]").find(c) != std::string_view::npos) dots = 0;
    if (c == '\n') {
      ++line;
      comment = false;
      blank = true;
    }
    if (c == '.' && !comment && ++dots > kMaxDots)
      return {Code::kUsage,
              fmt::format("{}:{}: a key or value has more than {} dots", name, line, kMaxDots)};
  }
  return {};
}

Result<ConfigValue> convert(const toml::node& node, const std::string& name, int depth) {
  ConfigValue value;
  value.origin = place(name, node.source());
  if (const auto* b = node.as_boolean()) {
    value.data = b->get();
  } else if (const auto* i = node.as_integer()) {
    value.data = i->get();
  } else if (const auto* f = node.as_floating_point()) {
    value.data = f->get();
  } else if (const auto* s = node.as_string()) {
    value.data = s->get();
  } else if (const auto* list = node.as_array(); list != nullptr && depth < kMaxDepth) {
    ConfigValue::List items;
    for (const toml::node& element : *list) {
      BASCULE_ASSIGN(ConfigValue item, convert(element, name, depth + 1));
      items.push_back(std::move(item));
    }
    value.data = std::move(items);
  } else {
    return Error{Code::kUsage, fmt::format("{}: dates, times and tables are not values here",
                                           place(name, node.source()))};
  }
  return value;
}

Status flatten(const toml::table& table, const std::string& prefix, const std::string& name,
               int depth, std::map<std::string, ConfigValue>& out) {
  if (depth > kMaxDepth) return {Code::kUsage, fmt::format("{}: nested too deeply", name)};
  for (const auto& [key, node] : table) {
    const std::string path =
        prefix.empty() ? std::string(key.str()) : fmt::format("{}.{}", prefix, key.str());
    if (const auto* inner = node.as_table()) {
      BASCULE_TRY(flatten(*inner, path, name, depth + 1, out));
    } else if (const auto* list = node.as_array(); list != nullptr && list->is_array_of_tables()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        const toml::table& entry = *(*list)[i].as_table();
        const std::string entry_path = fmt::format("{}[{}]", path, i);
        if (entry.empty())
          out.insert_or_assign(entry_path,
                               ConfigValue{ConfigValue::List{}, place(name, entry.source())});
        BASCULE_TRY(flatten(entry, entry_path, name, depth + 1, out));
      }
    } else {
      BASCULE_ASSIGN(ConfigValue value, convert(node, name, 0));
      out.insert_or_assign(path, std::move(value));
    }
  }
  return {};
}

KeyInfo bounded(KeyType type, std::string name, std::string fallback, keys::Bound low,
                keys::Bound high, std::string help) {
  return {std::move(name), type, std::move(fallback), std::move(help), {}, low, high};
}

}  // namespace

namespace keys {

KeyInfo flag(std::string name, bool fallback, std::string help) {
  return bounded(KeyType::kBool, std::move(name), fallback ? "true" : "false", {}, {},
                 std::move(help));
}

KeyInfo word(std::string name, std::string fallback, std::string help,
             std::vector<std::string> choices) {
  KeyInfo key =
      bounded(KeyType::kText, std::move(name), std::move(fallback), {}, {}, std::move(help));
  key.choices = std::move(choices);
  return key;
}

KeyInfo integer(std::string name, std::string fallback, Bound low, Bound high, std::string help) {
  return bounded(KeyType::kInt, std::move(name), std::move(fallback), low, high, std::move(help));
}

KeyInfo number(std::string name, std::string fallback, Bound low, Bound high, std::string help) {
  return bounded(KeyType::kFloat, std::move(name), std::move(fallback), low, high, std::move(help));
}

KeyInfo words(std::string name, std::string fallback, std::string help) {
  return bounded(KeyType::kTextList, std::move(name), std::move(fallback), {}, {}, std::move(help));
}

KeyInfo integers(std::string name, std::string fallback, Bound low, Bound high, std::string help) {
  return bounded(KeyType::kIntList, std::move(name), std::move(fallback), low, high,
                 std::move(help));
}

KeyInfo numbers(std::string name, std::string fallback, Bound low, Bound high, std::string help) {
  return bounded(KeyType::kFloatList, std::move(name), std::move(fallback), low, high,
                 std::move(help));
}

}  // namespace keys

std::string ConfigValue::to_toml() const {
  struct Print {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t i) const { return fmt::format("{}", i); }
    std::string operator()(double d) const {
      const std::string text = fmt::format("{}", d);  // the shortest that reads back the same
      const bool looks_whole = text.find_first_not_of("-0123456789") == std::string::npos;
      return looks_whole ? text + ".0" : text;
    }
    std::string operator()(const std::string& s) const {
      std::ostringstream text;
      text << toml::toml_formatter(
          toml::value<std::string>(s),
          toml::toml_formatter::default_flags & ~toml::format_flags::allow_multi_line_strings);
      return text.str();
    }
    std::string operator()(const List& list) const {
      std::string text = "[";
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) text += ", ";
        text += list[i].to_toml();
      }
      return text + "]";
    }
  };
  return std::visit(Print{}, data);
}

Result<Config> Config::parse(std::string_view toml_text, const std::string& name) {
  Config config;
  BASCULE_TRY(check_dots(toml_text, name));
  try {
    const toml::table table = toml::parse(toml_text, name);
    BASCULE_TRY(flatten(table, "", name, 0, config.values_));
  } catch (const toml::parse_error& error) {
    return Error{Code::kUsage, fmt::format("{}:{}:{}: {}", name, error.source().begin.line,
                                           error.source().begin.column, error.description())};
  }
  return config;
}

Status Config::set(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return {Code::kUsage, fmt::format("--set {}: expected key=value", assignment)};
  const std::string key(assignment.substr(0, equals));
  const std::string text(assignment.substr(equals + 1));
  Result<Config> parsed = parse("value = " + text, "--set " + key);
  if (parsed.ok() && parsed->values_.size() == 1 && parsed->values_.contains("value")) {
    values_[key] = parsed->values_.at("value");
    values_[key].origin = "--set " + key;
  } else {
    values_[key] = {text, "--set " + key};  // a bare word: --set data.path=ratings.csv
  }
  return {};
}

const ConfigValue* Config::find(std::string_view key) const {
  const auto it = values_.find(std::string(key));
  return it == values_.end() ? nullptr : &it->second;
}

}  // namespace bascule
