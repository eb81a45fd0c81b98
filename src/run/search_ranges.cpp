// Ranges as they are written: in a spec, and on the command line.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <bascule/run/search_space.h>

namespace bascule {
namespace {

const std::vector<std::string> kFields = {"low", "high", "scale", "choices"};

/// What is declared of one key.
using Fields = std::map<std::string, ConfigValue>;

Error wrong(const std::string& origin, const std::string& key, std::string_view what) {
  return {Code::kUsage, fmt::format("{}: the range of {} {}", origin, key, what)};
}

/// By key.
Result<std::map<std::string, Fields>> fields_by_key(const Config& declared) {
  std::map<std::string, Fields> ranges;
  for (const auto& [name, value] : declared.values()) {
    const std::size_t dot = name.rfind('.');
    const std::string field = dot == std::string::npos ? name : name.substr(dot + 1);
    if (dot == std::string::npos ||
        std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
      const auto near = nearest_word(field, kFields);
      return Error{
          Code::kUsage,
          fmt::format("{}: {}: a range has low, high and scale, or choices{}", value.origin, name,
                      near ? fmt::format("; did you mean {}?", *near) : "")};
    }
    ranges[name.substr(0, dot)][field] = value;
    if (ranges.size() > kMostRanges)
      return Error{Code::kUsage,
                   fmt::format("{}: more than {} ranges are declared", value.origin, kMostRanges)};
  }
  return ranges;
}

/// The ranges of one key of the schema.
class Reader {
 public:
  Reader(const KeyInfo& key, const Fields& fields)
      : key_(key), fields_(fields), origin_(fields.begin()->second.origin) {}

  Result<SearchRange> read() {
    SearchRange range;
    range.key = key_.name;
    range.origin = origin_;
    BASCULE_TRY(find("choices") != nullptr ? read_choices(range) : read_numbers(range));
    return range;
  }

 private:
  [[nodiscard]] const ConfigValue* find(const char* field) const {
    const auto at = fields_.find(field);
    return at == fields_.end() ? nullptr : &at->second;
  }

  /// The value as one that the key may have: of its type and within its bounds.
  [[nodiscard]] Status check(const ConfigValue& value) const {
    Config config;
    config.put(key_.name, value);
    const Result<Settings> settings = Settings::resolve(config, {key_});
    return settings.ok() ? Status() : Status(settings.error());
  }

  Status read_choices(SearchRange& range) const {
    if (fields_.size() > 1) return wrong(origin_, key_.name, "has choices and more beside them");
    const auto* list = std::get_if<ConfigValue::List>(&find("choices")->data);
    if (list == nullptr || list->empty())
      return wrong(origin_, key_.name, "needs choices = [one, or more]");
    if (list->size() > kMostChoices)
      return wrong(origin_, key_.name, fmt::format("has more than {} choices", kMostChoices));
    for (const ConfigValue& choice : *list) {
      BASCULE_TRY(check(choice));
      if (!range.choices.empty() && range.place_of(choice))
        return wrong(choice.origin, key_.name, fmt::format("has {} twice", choice.to_toml()));
      range.choices.push_back(choice);
    }
    return {};
  }

  Status read_numbers(SearchRange& range) const {
    range.integer = key_.type == KeyType::kInt;
    if (!range.integer && key_.type != KeyType::kFloat)
      return wrong(origin_, key_.name, "needs choices: its values are no numbers");
    BASCULE_TRY(read_bound("low", range.low));
    BASCULE_TRY(read_bound("high", range.high));
    if (!(range.low < range.high))
      return wrong(find("low")->origin, key_.name, "has a low that is not below its high");
    if (!std::isfinite(range.high - range.low)) return wrong(origin_, key_.name, "is too wide");
    const ConfigValue* scale = find("scale");
    if (scale == nullptr) return {};
    const auto* word = std::get_if<std::string>(&scale->data);
    if (word == nullptr || (*word != "linear" && *word != "log"))
      return wrong(scale->origin, key_.name, "needs the scale \"linear\" or \"log\"");
    range.logarithmic = *word == "log";
    if (range.logarithmic && range.low <= 0)
      return wrong(scale->origin, key_.name, "needs a low above 0 for the scale \"log\"");
    return {};
  }

  Status read_bound(const char* field, double& bound) const {
    const ConfigValue* value = find(field);
    if (value == nullptr)
      return wrong(origin_, key_.name, fmt::format("lacks {}, or choices", field));
    BASCULE_TRY(check(*value));
    const auto* whole = std::get_if<std::int64_t>(&value->data);
    bound = whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value->data);
    if (!std::isfinite(bound))
      return wrong(value->origin, key_.name, fmt::format("needs a {} that is finite", field));
    return {};
  }

  const KeyInfo& key_;
  const Fields& fields_;
  std::string origin_;
};

/// For a bound or a choice on the command line.
Result<ConfigValue> read_value(const std::string& text, const std::string& origin) {
  Config config;
  BASCULE_TRY(config.set("value=" + text));
  ConfigValue value = *config.find("value");
  value.origin = origin;
  return value;
}

std::vector<std::string> cut(std::string_view text, char at) {
  std::vector<std::string> pieces(1);
  for (const char c : text) {
    if (c == at)
      pieces.emplace_back();
    else
      pieces.back() += c;
  }
  return pieces;
}

}  // namespace

Result<SearchSpace> parse_ranges(const Config& declared, const Schema& schema) {
  BASCULE_ASSIGN(const auto ranges, fields_by_key(declared));
  SearchSpace space;
  for (const auto& entry : ranges) {
    const std::string& name = entry.first;
    const Fields& fields = entry.second;
    const auto key = std::find_if(schema.begin(), schema.end(),
                                  [&](const KeyInfo& info) { return info.name == name; });
    if (key == schema.end()) {
      Config unknown;
      unknown.put(name, fields.begin()->second);
      return Settings::resolve(unknown, schema).error();
    }
    BASCULE_ASSIGN(SearchRange range, Reader(*key, fields).read());
    space.push_back(std::move(range));
  }
  return space;
}

Result<Config> parse_range_option(std::string_view option) {
  const std::size_t equals = option.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == option.size())
    return Error{Code::kUsage, fmt::format("--range {}: expected key=low:high, key=low:high:log or "
                                           "key=choice,choice",
                                           option)};
  const std::string key(option.substr(0, equals)), origin = "--range " + key;
  const std::string_view values = option.substr(equals + 1);
  Config config;
  if (const std::vector<std::string> bounds = cut(values, ':'); bounds.size() > 1) {
    constexpr std::array kOrder = {"low", "high", "scale"};
    if (bounds.size() > kOrder.size())
      return Error{Code::kUsage, fmt::format("{}: {} is more than low:high:scale", origin, values)};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      BASCULE_ASSIGN(ConfigValue bound, read_value(bounds[i], origin));
      config.put(fmt::format("{}.{}", key, kOrder[i]), std::move(bound));
    }
    return config;
  }
  // A list of TOML values, or of bare words.
  BASCULE_ASSIGN(ConfigValue choices, read_value(fmt::format("[{}]", values), origin));
  if (!std::holds_alternative<ConfigValue::List>(choices.data)) {
    ConfigValue::List words;
    for (std::string& word : cut(values, ',')) words.push_back({std::move(word), origin});
    choices.data = std::move(words);
  }
  config.put(key + ".choices", std::move(choices));
  return config;
}

}  // namespace bascule
