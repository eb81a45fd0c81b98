#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/base/config.h>

namespace bascule {
namespace {

std::string_view type_name(KeyType type) {
  switch (type) {
    case KeyType::kBool:
      return "true or false";
    case KeyType::kInt:
      return "an integer";
    case KeyType::kFloat:
      return "a number";
    case KeyType::kText:
      return "a text";
    case KeyType::kIntList:
      return "a list of integers";
    case KeyType::kFloatList:
      return "a list of numbers";
    case KeyType::kTextList:
      return "a list of texts";
    case KeyType::kIntOrText:
      return "an integer or a text";
  }
  return "";
}

template <class T>
bool is(const ConfigValue& value) {
  return std::holds_alternative<T>(value.data);
}

bool is_number(const ConfigValue& value) {
  return is<std::int64_t>(value) || is<double>(value);
}

bool matches(const ConfigValue& value, KeyType type) {
  const auto all = [&](auto&& check) {
    const auto* list = std::get_if<ConfigValue::List>(&value.data);
    return list != nullptr && std::all_of(list->begin(), list->end(), check);
  };
  switch (type) {
    case KeyType::kBool:
      return is<bool>(value);
    case KeyType::kInt:
      return is<std::int64_t>(value);
    case KeyType::kFloat:
      return is_number(value);
    case KeyType::kText:
      return is<std::string>(value);
    case KeyType::kIntList:
      return all(is<std::int64_t>);
    case KeyType::kFloatList:
      return all(is_number);
    case KeyType::kTextList:
      return all(is<std::string>);
    case KeyType::kIntOrText:
      return is<std::int64_t>(value) || is<std::string>(value);
  }
  return false;
}

double as_number(const ConfigValue& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value.data)) return static_cast<double>(*i);
  return std::get<double>(value.data);
}

Status check_range(const KeyInfo& key, const ConfigValue& value) {
  if (const auto* list = std::get_if<ConfigValue::List>(&value.data)) {
    for (const ConfigValue& element : *list) BASCULE_TRY(check_range(key, element));
    return {};
  }
  if (!is_number(value)) return {};
  const double x = as_number(value);
  const bool low = key.minimum && x < *key.minimum;
  const bool high = key.maximum && x > *key.maximum;
  if (!std::isnan(x) && !low && !high) return {};
  const std::string bound = low    ? fmt::format(" (at least {})", *key.minimum)
                            : high ? fmt::format(" (at most {})", *key.maximum)
                                   : std::string();
  return {Code::kUsage, fmt::format("{} = {} is out of range{}", key.name, value.to_toml(), bound)};
}

Status check_value(const KeyInfo& key, const ConfigValue& value) {
  if (!matches(value, key.type))
    return {Code::kUsage,
            fmt::format("{} must be {}, not {}", key.name, type_name(key.type), value.to_toml())};
  BASCULE_TRY(check_range(key, value));
  const auto* text = std::get_if<std::string>(&value.data);
  if (text != nullptr && !key.choices.empty() &&
      std::find(key.choices.begin(), key.choices.end(), *text) == key.choices.end()) {
    const auto near = nearest_word(*text, key.choices);
    return {Code::kUsage, fmt::format("{} = {} is not one of {}{}", key.name, value.to_toml(),
                                      fmt::join(key.choices, ", "),
                                      near ? fmt::format("; did you mean \"{}\"?", *near) : "")};
  }
  return {};
}

}  // namespace

Result<Settings> Settings::resolve(const Config& config, const Schema& schema) {
  Settings settings;
  settings.schema_ = schema;
  std::vector<std::string> known;
  for (const KeyInfo& key : schema) {
    known.push_back(key.name);
    if (key.default_value.empty()) continue;
    Result<Config> parsed = Config::parse("value = " + key.default_value, "default");
    assert(parsed.ok());
    ConfigValue value = parsed->values().at("value");
    value.origin = "default";
    settings.values_.emplace(key.name, std::move(value));
  }
  for (const auto& entry : config.values()) {
    const std::string& name = entry.first;
    const ConfigValue& value = entry.second;
    const auto key = std::find_if(schema.begin(), schema.end(),
                                  [&](const KeyInfo& info) { return info.name == name; });
    if (key == schema.end()) {
      const auto near = nearest_word(name, known);
      return Error{Code::kUsage, fmt::format("{}: unknown key {}{}", value.origin, name,
                                             near ? fmt::format("; did you mean {}?", *near) : "")};
    }
    if (Status status = check_value(*key, value); !status.ok())
      return Error{Code::kUsage, fmt::format("{}: {}", value.origin, status.error().message)};
    settings.values_.insert_or_assign(name, value);
  }
  return settings;
}

const ConfigValue* Settings::find(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

bool Settings::flag(std::string_view key) const {
  return std::get<bool>(find(key)->data);
}

std::int64_t Settings::integer(std::string_view key) const {
  return std::get<std::int64_t>(find(key)->data);
}

double Settings::number(std::string_view key) const {
  return as_number(*find(key));
}

const std::string& Settings::text(std::string_view key) const {
  return std::get<std::string>(find(key)->data);
}

std::string Settings::word(std::string_view key) const {
  const ConfigValue& value = *find(key);
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  return value.to_toml();
}

std::vector<std::int64_t> Settings::integers(std::string_view key) const {
  std::vector<std::int64_t> result;
  for (const ConfigValue& v : std::get<ConfigValue::List>(find(key)->data))
    result.push_back(std::get<std::int64_t>(v.data));
  return result;
}

std::vector<double> Settings::numbers(std::string_view key) const {
  std::vector<double> result;
  for (const ConfigValue& v : std::get<ConfigValue::List>(find(key)->data))
    result.push_back(as_number(v));
  return result;
}

std::vector<std::string> Settings::texts(std::string_view key) const {
  std::vector<std::string> result;
  for (const ConfigValue& v : std::get<ConfigValue::List>(find(key)->data))
    result.push_back(std::get<std::string>(v.data));
  return result;
}

std::string Settings::origin(std::string_view key) const {
  const ConfigValue* value = find(key);
  return value != nullptr ? value->origin : "default";
}

void Settings::put(const std::string& key, ConfigValue value) {
  values_.insert_or_assign(key, std::move(value));
}

std::string Settings::to_toml() const {
  std::string top, sections, section;
  for (const KeyInfo& key : schema_) {
    const ConfigValue* value = find(key.name);
    if (value == nullptr) continue;
    const std::size_t dot = key.name.find('.');
    if (dot == std::string::npos) {
      top += fmt::format("{} = {}\n", key.name, value->to_toml());
      continue;
    }
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      sections += fmt::format("\n[{}]\n", section);
    }
    sections += fmt::format("{} = {}\n", key.name.substr(dot + 1), value->to_toml());
  }
  return top + sections;
}

std::optional<std::string> nearest_word(std::string_view word,
                                        const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongest = 100;  // a key from outside may be any length
  if (word.size() > kLongest) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t substituted = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace bascule
