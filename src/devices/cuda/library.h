#pragma once
// A library of CUDA as a table of functions, filled when it is first asked for: nothing of CUDA is
// linked, a machine without the library runs everything that does not need it, and tests put tables
// of their own in its place. A table is a structure of entries with a function
// for_each_entry(Table&, visit) beside it. driver.h has the first one.
#include <initializer_list>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule::cuda {

template <class Signature>
struct Entry;
/// A function under the name by which its library has it.
template <class Return, class... Parameters>
struct Entry<Return(Parameters...)> {
  const char* name;
  Return (*function)(Parameters...) = nullptr;
};

/// An opened library. It is never closed: the threads and exit handlers of CUDA's do not survive
/// it.
class Library {
 public:
  /// The first of these file names that the loader finds, or that lies where CUDA's toolkit is
  /// usually installed. kNoDevice: "neither libx.so.13 nor libx.so.12 was found".
  static Result<Library> open(std::initializer_list<const char*> names);

  /// Fills every entry of the table; kNoDevice: "libx.so.13 has no xCreate".
  template <class Table>
  [[nodiscard]] Status fill(Table& table) const {
    Status status;
    for_each_entry(table, [&](auto& entry) {
      entry.function = reinterpret_cast<decltype(entry.function)>(symbol(entry.name));
      if (entry.function == nullptr && status.ok()) status = lacks(entry.name);
    });
    return status;
  }

 private:
  Library(void* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  [[nodiscard]] void* symbol(const char* name) const;
  [[nodiscard]] Status lacks(const char* name) const;

  void* handle_;
  std::string name_;
};

/// Majors of a library's version that its table is known to fit. kNoDevice: "cuBLASLt 11 is too
/// old: 12 to 13 are known", or "too new".
Status check_major(std::string_view library, int major, int least, int most);

}  // namespace bascule::cuda
