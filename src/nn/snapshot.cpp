#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <bascule/base/text.h>
#include <bascule/nn/network.h>
#include <bascule/nn/saved_network.h>

namespace bascule::nn {
namespace {

bool wanted(const VariableStore::Variable& variable, std::span<const VariableRole> roles) {
  return std::find(roles.begin(), roles.end(), variable.role) != roles.end();
}

}  // namespace

Result<VariableSnapshot> VariableSnapshot::take(const VariableStore& store,
                                                std::span<const VariableRole> roles) {
  VariableSnapshot snapshot;
  for (const auto& [name, variable] : store.all()) {
    if (!wanted(variable, roles)) continue;
    Entry entry{name, variable.type, {}};
    entry.bytes.resize(static_cast<std::size_t>(variable.type.bytes()));
    BASCULE_TRY(store.read(name, entry.bytes));
    snapshot.entries_.push_back(std::move(entry));
  }
  return snapshot;
}

Status VariableSnapshot::restore(VariableStore& store) const {
  for (const Entry& entry : entries_) BASCULE_TRY(store.write(entry.name, std::span(entry.bytes)));
  return {};
}

void VariableSnapshot::add_to(SafetensorsWriter& writer) const {
  for (const Entry& entry : entries_)
    writer.add(entry.name, entry.type.dtype, entry.type.shape, entry.bytes);
}

bool VariableSnapshot::finite() const {
  for (const Entry& entry : entries_) {
    if (entry.type.dtype != DType::kF32) continue;
    const auto* values = reinterpret_cast<const float*>(entry.bytes.data());
    const auto count = static_cast<std::size_t>(entry.type.shape.count());
    if (!std::all_of(values, values + count, [](float v) { return std::isfinite(v); }))
      return false;
  }
  return true;
}

Result<VariableSnapshot> VariableSnapshot::read(const SafetensorsFile& file,
                                                const VariableStore& store,
                                                std::span<const VariableRole> roles) {
  const auto bad = [&](const std::string& what) {
    return Error{Code::kBadData, fmt::format("{}: {}", file.path(), what)};
  };
  VariableSnapshot snapshot;
  for (const auto& [name, variable] : store.all()) {
    if (!wanted(variable, roles)) continue;
    const auto at = file.tensors().find(name);
    if (at == file.tensors().end()) return bad(fmt::format("has no tensor {}", name));
    const ValueType found{at->second.dtype, at->second.shape};
    if (found != variable.type)
      return bad(
          fmt::format("{} is {}, not {}", name, found.to_string(), variable.type.to_string()));
    snapshot.entries_.push_back({name, found, {at->second.bytes.begin(), at->second.bytes.end()}});
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.starts_with(kFeaturesPrefix)) continue;
    const VariableStore::Variable* variable = store.find(name);
    if (variable == nullptr || !wanted(*variable, roles))
      return bad(fmt::format("{} is no variable of this network", printable(name)));
  }
  return snapshot;
}

}  // namespace bascule::nn
