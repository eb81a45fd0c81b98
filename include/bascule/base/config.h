#pragma once
// Settings from a TOML text, each remembered with the place it was written, and checked against a
// declared list of keys. Sections are flattened: `[data] path = "x"` is the key "data.path", the
// units of the second entry of an array of tables `[[model.layers]]` are "model.layers[1].units".
// An entry without keys is the empty list "model.layers[1]", so that it is not lost.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

/// One value of a setting.
struct ConfigValue {
  using List = std::vector<ConfigValue>;
  std::variant<bool, std::int64_t, double, std::string, List> data;
  std::string origin;  ///< "spec.toml:12", "--set", "default"

  /// As TOML text: true, 3, 0.5, "text", [1, 2].
  [[nodiscard]] std::string to_toml() const;
};

enum class KeyType { kBool, kInt, kFloat, kText, kIntList, kFloatList, kTextList, kIntOrText };

/// The declaration of one key.
struct KeyInfo {
  std::string name;  ///< "data.min_rating"
  KeyType type = KeyType::kText;
  std::string default_value;  ///< as TOML; empty: the key has no value unless one is given
  std::string help;
  std::vector<std::string> choices;  ///< for texts: the allowed values; empty: any
  std::optional<double> minimum, maximum;
};

using Schema = std::vector<KeyInfo>;

/// Declarations of keys. `fallback` is the default as TOML, empty for none; a bound that is not
/// given is none.
namespace keys {

using Bound = std::optional<double>;

KeyInfo flag(std::string name, bool fallback, std::string help);
KeyInfo word(std::string name, std::string fallback, std::string help,
             std::vector<std::string> choices = {});
KeyInfo integer(std::string name, std::string fallback, Bound low, Bound high, std::string help);
KeyInfo number(std::string name, std::string fallback, Bound low, Bound high, std::string help);
/// Lists; the bounds are those of each element.
KeyInfo words(std::string name, std::string fallback, std::string help);
KeyInfo integers(std::string name, std::string fallback, Bound low, Bound high, std::string help);
KeyInfo numbers(std::string name, std::string fallback, Bound low, Bound high, std::string help);

}  // namespace keys

/// Settings as written, not yet checked.
class Config {
 public:
  /// Parses TOML; kUsage with name, line and column when it is malformed. `name` is for messages.
  static Result<Config> parse(std::string_view toml, const std::string& name);

  /// Applies "key=value" from the command line. The value is read as TOML; a bare word is a text.
  Status set(std::string_view assignment);

  void put(std::string key, ConfigValue value) {
    values_.insert_or_assign(std::move(key), std::move(value));
  }

  [[nodiscard]] const std::map<std::string, ConfigValue>& values() const { return values_; }
  [[nodiscard]] const ConfigValue* find(std::string_view key) const;

 private:
  std::map<std::string, ConfigValue> values_;
};

/// Settings that were checked against a schema: every key is known and has the declared type.
class Settings {
 public:
  /// kUsage, naming key and line, for an unknown key (with the nearest known one), a wrong type, a
  /// value out of range or not among the choices.
  static Result<Settings> resolve(const Config& config, const Schema& schema);

  /// Has a value, given or default.
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  /// The value of a declared key that has one; asserts otherwise.
  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] double number(std::string_view key) const;
  [[nodiscard]] const std::string& text(std::string_view key) const;
  /// The text, or the integer written out.
  [[nodiscard]] std::string word(std::string_view key) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const;
  [[nodiscard]] std::vector<double> numbers(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  /// Where the key's value comes from, for messages: "spec.toml:12".
  [[nodiscard]] std::string origin(std::string_view key) const;

  /// Null when the key has no value.
  [[nodiscard]] const ConfigValue* find(std::string_view key) const;
  [[nodiscard]] const Schema& schema() const { return schema_; }
  /// Overwrites a declared key (what was resolved during a fit: paths, counts).
  void put(const std::string& key, ConfigValue value);
  /// Every key that has a value, as TOML in the order of the schema.
  [[nodiscard]] std::string to_toml() const;

 private:
  Schema schema_;
  std::map<std::string, ConfigValue, std::less<>> values_;
};

/// The candidate with the smallest edit distance to `word`, when it is near enough to be meant.
std::optional<std::string> nearest_word(std::string_view word,
                                        const std::vector<std::string>& candidates);

}  // namespace bascule
