#include <algorithm>
#include <cassert>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/graph/attributes.h>

namespace bascule {
namespace {

struct ToText {
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return value; }
  template <class T>
  std::string operator()(const std::vector<T>& values) const {
    return fmt::format("{}", values);
  }
};

template <class T>
const T& get(const Attributes& attributes, std::string_view name) {
  const Attribute* attribute = attributes.find(name);
  assert(attribute != nullptr && std::holds_alternative<T>(*attribute));
  return *std::get_if<T>(attribute);
}

}  // namespace

Attributes::Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries) {
  for (const auto& [name, value] : entries) set(name, value);
}

void Attributes::set(std::string name, Attribute value) {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), name,
                       [](const auto& entry, const std::string& key) { return entry.first < key; });
  if (at != entries_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    entries_.emplace(at, std::move(name), std::move(value));
  }
}

const Attribute* Attributes::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::int64_t Attributes::integer(std::string_view name) const {
  return get<std::int64_t>(*this, name);
}
double Attributes::number(std::string_view name) const {
  return get<double>(*this, name);
}
const std::string& Attributes::text(std::string_view name) const {
  return get<std::string>(*this, name);
}
const std::vector<std::int64_t>& Attributes::integers(std::string_view name) const {
  return get<std::vector<std::int64_t>>(*this, name);
}
const std::vector<double>& Attributes::numbers(std::string_view name) const {
  return get<std::vector<double>>(*this, name);
}

std::string Attributes::to_string() const {
  std::string text;
  for (const auto& [name, value] : entries_) {
    if (!text.empty()) text += ", ";
    text += name + "=" + std::visit(ToText{}, value);
  }
  return text;
}

}  // namespace bascule
