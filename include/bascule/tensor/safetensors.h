#pragma once
// Tensors in a file, in the safetensors format (github.com/huggingface/safetensors): 8 bytes of
// header length, a JSON header, raw little-endian data. A file from outside is checked completely
// before any tensor is handed out; nothing in it is executed.
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/dtype.h>
#include <bascule/base/shape.h>
#include <bascule/base/status.h>

namespace bascule {

/// A tensor that lies in a mapped file; valid as long as its SafetensorsFile.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape;
  std::span<const std::byte> bytes;
};

class SafetensorsFile {
 public:
  /// Maps and checks `path`. kBadData names the file and what is wrong with it.
  static Result<std::shared_ptr<const SafetensorsFile>> open(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] const std::map<std::string, TensorView, std::less<>>& tensors() const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const;

  /// The data of tensor `name` as elements of T with this many dimensions; kBadData when it is
  /// missing or has another type or rank. T: float, double, int32_t, int64_t, uint8_t.
  template <class T>
  [[nodiscard]] Result<std::span<const T>> get(std::string_view name, std::size_t rank = 1) const;

 private:
  SafetensorsFile();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Collects borrowed arrays and writes them in one go.
class SafetensorsWriter {
 public:
  /// `bytes` must stay valid until write() and hold exactly shape.count() elements.
  void add(std::string name, DType dtype, Shape shape, std::span<const std::byte> bytes);
  template <class T>
  void add(std::string name, Shape shape, std::span<const T> values) {
    add(std::move(name), dtype_of<T>(), std::move(shape), std::as_bytes(values));
  }
  void set_metadata(std::string key, std::string value);
  /// Of all tensors.
  [[nodiscard]] std::int64_t bytes() const;
  /// Writes atomically (temporary file, fsync, rename, fsync of the folder). The same tensors give
  /// the same bytes.
  [[nodiscard]] Status write(const std::string& path) const;

 private:
  struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
    std::span<const std::byte> bytes;
  };
  std::vector<Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace bascule
