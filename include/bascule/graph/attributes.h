#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bascule {

/// A parameter of an op that is fixed when the graph is built.
using Attribute =
    std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;

/// Named parameters, in alphabetical order. The getters assert that the name is there with that
/// type: ops are built by functions that set what their declarations read.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries);

  void set(std::string name, Attribute value);
  [[nodiscard]] const Attribute* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const { return integer(name) != 0; }
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view name) const;
  [[nodiscard]] const std::vector<double>& numbers(std::string_view name) const;

  [[nodiscard]] const std::vector<std::pair<std::string, Attribute>>& entries() const {
    return entries_;
  }
  /// "axis=1, keep=0"; empty when there are none.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Attributes&) const = default;

 private:
  std::vector<std::pair<std::string, Attribute>> entries_;
};

}  // namespace bascule
