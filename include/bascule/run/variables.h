#pragma once
// The variables of one or several programs, on one device.
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/devices/device.h>

namespace bascule {

class VariableStore {
 public:
  /// `device` must outlive the store.
  explicit VariableStore(Device& device) : device_(&device) {}

  struct Variable {
    ValueType type;
    VariableRole role = VariableRole::kParameter;
    Layout layout = Layout::kRowMajor;
    std::unique_ptr<DeviceMemory> memory;
  };

  /// Makes a variable of zeros, or checks that the one there has this type (kUsage). A layout is
  /// fixed by the first program that wants other than row-major; contents are converted.
  Status declare(const std::string& name, const ValueType& type, VariableRole role);
  Status set_layout(const std::string& name, Layout layout);
  [[nodiscard]] const Variable* find(const std::string& name) const;
  [[nodiscard]] Variable* find(const std::string& name);
  [[nodiscard]] const std::map<std::string, Variable>& all() const { return variables_; }
  [[nodiscard]] std::map<std::string, Layout> layouts() const;
  [[nodiscard]] Device& device() const { return *device_; }

  /// Row-major, of exactly the variable's bytes; kUsage otherwise or when there is none.
  Status write(const std::string& name, std::span<const std::byte> values);
  Status read(const std::string& name, std::span<std::byte> values) const;
  template <class T>
  Status write(const std::string& name, std::span<const T> values) {
    return write(name, std::as_bytes(values));
  }
  template <class T>
  Result<std::vector<T>> values(const std::string& name) const {
    const Variable* variable = find(name);
    std::vector<T> out(
        variable == nullptr ? 0 : static_cast<std::size_t>(variable->type.shape.count()));
    BASCULE_TRY(read(name, std::as_writable_bytes(std::span(out))));
    return out;
  }

 private:
  Device* device_;
  std::map<std::string, Variable> variables_;
};

}  // namespace bascule
