#pragma once
// Errors as values. Expected failures (a file, a spec, memory) are returned; they are never thrown.
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace bascule {

/// What kind of failure it is. The value is the exit code of the command-line tool.
enum class Code : int {
  kFailed = 1,    ///< the work failed: memory refused, a write failed, a device broke in mid-run
  kUsage = 2,     ///< the caller asked for something that does not exist: bad key, bad argument
  kBadData = 3,   ///< an input is unreadable or damaged; the message names file and line
  kNoDevice = 4,  ///< the device asked for is not available
  kInterrupted = 130  ///< stopped by the user (Ctrl-C)
};

struct Error {
  Code code = Code::kFailed;
  std::string message;
};

/// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  Status(Code code, std::string message) : error_(Error{code, std::move(message)}) {}

  [[nodiscard]] bool ok() const { return !error_; }
  /// Requires !ok().
  [[nodiscard]] const Error& error() const { return *error_; }
  [[nodiscard]] Error take_error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

/// A value or an Error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  /// The value; requires ok().
  [[nodiscard]] T& value() & { return *std::get_if<T>(&state_); }
  [[nodiscard]] const T& value() const& { return *std::get_if<T>(&state_); }
  [[nodiscard]] T&& value() && { return std::move(*std::get_if<T>(&state_)); }
  [[nodiscard]] T* operator->() { return std::get_if<T>(&state_); }
  [[nodiscard]] const T* operator->() const { return std::get_if<T>(&state_); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  /// The error; requires !ok().
  [[nodiscard]] const Error& error() const { return *std::get_if<Error>(&state_); }
  [[nodiscard]] Error take_error() && { return std::move(*std::get_if<Error>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace bascule

#define BASCULE_CONCAT_INNER(a, b) a##b
#define BASCULE_CONCAT(a, b) BASCULE_CONCAT_INNER(a, b)

/// Returns the error of a Status expression to the caller.
#define BASCULE_TRY(expr)                                   \
  do {                                                      \
    if (auto bascule_status = (expr); !bascule_status.ok()) \
      return std::move(bascule_status).take_error();        \
  } while (false)

/// `BASCULE_ASSIGN(auto x, f())`: x is the value of the Result, or the error goes to the caller.
#define BASCULE_ASSIGN(lhs, expr) \
  BASCULE_ASSIGN_INNER(BASCULE_CONCAT(bascule_result_, __LINE__), lhs, expr)
// `lhs` may be a declaration, which parentheses would break.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define BASCULE_ASSIGN_INNER(tmp, lhs, expr)         \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).take_error(); \
  lhs = std::move(tmp).value()
// NOLINTEND(bugprone-macro-parentheses)
