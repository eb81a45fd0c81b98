#pragma once
// The variables of one or several programs, on one device.
#include <map>
#include <memory>
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
    bool fixed = false;  ///< a program relies on the layout
    std::unique_ptr<DeviceMemory> memory;
  };

  /// Makes a row-major variable of zeros, or checks that the one there has this type (kUsage);
  /// kFailed when the memory is not to be had.
  Status declare(const std::string& name, const ValueType& type, VariableRole role);
  /// Converts the variable to this layout and keeps it there from now on: the first program that
  /// uses a variable fixes its layout. kUsage when it is fixed to another already.
  Status fix_layout(const std::string& name, Layout layout);
  [[nodiscard]] const Variable* find(const std::string& name) const;
  [[nodiscard]] Variable* find(const std::string& name);
  [[nodiscard]] const std::map<std::string, Variable>& all() const { return variables_; }
  /// Those that are fixed.
  [[nodiscard]] std::map<std::string, Layout> layouts() const;
  [[nodiscard]] Device& device() const { return *device_; }

  /// Row-major, of exactly the variable's bytes; kUsage otherwise or when there is none. write()
  /// does not wait for the device: what fails there is told by the next read.
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
