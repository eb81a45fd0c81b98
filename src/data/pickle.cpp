#include "data/pickle.h"

#include "data/pickle_machine.h"

namespace bascule {

Result<Pickle> Pickle::read(std::string_view bytes, const std::string& name) {
  Pickle pickle;
  pickle.name_ = name;
  BASCULE_TRY(PickleMachine(bytes, pickle).run());
  return pickle;
}

const PickleValue* Pickle::find(std::string_view key) const {
  const PickleValue& dict = root();
  if (dict.kind != PickleValue::Kind::kDict) return nullptr;
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& name = values_[dict.items[i]];
    if (name.kind == PickleValue::Kind::kText && name.text == key)
      return &values_[dict.items[i + 1]];
  }
  return nullptr;
}

const NpyView* Pickle::array(const PickleValue& value) const {
  if (value.kind != PickleValue::Kind::kArray || value.integer < 0) return nullptr;
  return &arrays_[static_cast<std::size_t>(value.integer)];
}

Result<std::vector<std::int64_t>> Pickle::integers(const PickleValue& value) const {
  const Error wrong{Code::kBadData, name_ + ": labels are not a list of integers"};
  if (const NpyView* view = array(value)) {
    if (view->header.shape.size() != 1) return wrong;
    return npy_integers(*view, name_);
  }
  if (value.kind != PickleValue::Kind::kList && value.kind != PickleValue::Kind::kTuple)
    return wrong;
  std::vector<std::int64_t> integers;
  integers.reserve(value.items.size());
  for (const std::uint32_t item : value.items) {
    if (values_[item].kind != PickleValue::Kind::kInt) return wrong;
    integers.push_back(values_[item].integer);
  }
  return integers;
}

}  // namespace bascule
