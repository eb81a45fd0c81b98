#include <fmt/format.h>

#include <bascule/run/variables.h>
#include <bascule/tensor/buffer.h>

namespace bascule {

Status VariableStore::declare(const std::string& name, const ValueType& type, VariableRole role) {
  if (const Variable* there = find(name); there != nullptr) {
    if (there->type == type) return {};
    return {Code::kUsage, fmt::format("the variable {} is {}, not {}", name,
                                      there->type.to_string(), type.to_string())};
  }
  BASCULE_ASSIGN(auto memory, device_->allocate(type.bytes()));
  variables_.emplace(name, Variable{type, role, Layout::kRowMajor, false, std::move(memory)});
  return {};
}

Status VariableStore::fix_layout(const std::string& name, Layout layout) {
  Variable* variable = find(name);
  if (variable == nullptr) return {Code::kUsage, fmt::format("there is no variable {}", name)};
  if (variable->layout != layout) {
    if (variable->fixed)
      return {Code::kUsage, fmt::format("a program relies on the layout of {} already", name)};
    const ValueType& type = variable->type;
    BASCULE_ASSIGN(auto host, Buffer<std::byte>::make(static_cast<std::size_t>(type.bytes())));
    BASCULE_ASSIGN(auto memory, device_->allocate(device_->target().bytes(type, layout)));
    device_->download(variable->memory->data(), host.data(), type, variable->layout);
    BASCULE_TRY(device_->synchronize());
    device_->upload(host.data(), memory->data(), type, layout);
    variable->memory = std::move(memory);
    variable->layout = layout;
  }
  variable->fixed = true;
  return {};
}

const VariableStore::Variable* VariableStore::find(const std::string& name) const {
  const auto at = variables_.find(name);
  return at == variables_.end() ? nullptr : &at->second;
}

VariableStore::Variable* VariableStore::find(const std::string& name) {
  const auto at = variables_.find(name);
  return at == variables_.end() ? nullptr : &at->second;
}

std::map<std::string, Layout> VariableStore::layouts() const {
  std::map<std::string, Layout> fixed;
  for (const auto& [name, variable] : variables_) {
    if (variable.fixed) fixed.emplace(name, variable.layout);
  }
  return fixed;
}

namespace {

Status check_access(const VariableStore::Variable* variable, const std::string& name,
                    std::size_t bytes) {
  if (variable == nullptr) return {Code::kUsage, fmt::format("there is no variable {}", name)};
  if (static_cast<std::int64_t>(bytes) == variable->type.bytes()) return {};
  return {Code::kUsage, fmt::format("{} bytes for the variable {}, which is {}", bytes, name,
                                    variable->type.to_string())};
}

}  // namespace

Status VariableStore::write(const std::string& name, std::span<const std::byte> values) {
  Variable* variable = find(name);
  BASCULE_TRY(check_access(variable, name, values.size()));
  device_->upload(values.data(), variable->memory->data(), variable->type, variable->layout);
  return {};
}

Status VariableStore::read(const std::string& name, std::span<std::byte> values) const {
  const Variable* variable = find(name);
  BASCULE_TRY(check_access(variable, name, values.size()));
  device_->download(variable->memory->data(), values.data(), variable->type, variable->layout);
  return device_->synchronize();
}

}  // namespace bascule
