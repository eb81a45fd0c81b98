#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include <bascule/base/status.h>

namespace bascule {

/// Owned host memory, aligned to 64 bytes (a cache line, an AVX-512 register). Not initialised.
template <class T>
class Buffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  Buffer() = default;
  /// Refuses (Code::kFailed) when the memory is not to be had.
  static Result<Buffer> make(std::size_t count);

  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] const T* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::span<T> span() { return {data(), count_}; }
  [[nodiscard]] std::span<const T> span() const { return {data(), count_}; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const;
  };
  std::unique_ptr<T[], Free> data_;
  std::size_t count_ = 0;
};

namespace detail {
void* aligned_allocate(std::size_t bytes, std::size_t alignment) noexcept;
void aligned_free(void* p) noexcept;
Error out_of_memory(std::size_t count, std::size_t element_size);
}  // namespace detail

template <class T>
void Buffer<T>::Free::operator()(T* p) const {
  detail::aligned_free(p);
}

template <class T>
Result<Buffer<T>> Buffer<T>::make(std::size_t count) {
  static_assert(std::is_trivially_copyable_v<T>);
  Buffer buffer;
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, sizeof(T), &bytes))
    return detail::out_of_memory(count, sizeof(T));
  buffer.data_.reset(static_cast<T*>(detail::aligned_allocate(bytes, kAlignment)));
  if (count > 0 && !buffer.data_) return detail::out_of_memory(count, sizeof(T));
  buffer.count_ = count;
  return buffer;
}

}  // namespace bascule
