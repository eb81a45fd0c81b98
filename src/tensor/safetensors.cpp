#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include <bascule/base/file.h>
#include <bascule/base/text.h>
#include <bascule/tensor/buffer.h>
#include <bascule/tensor/safetensors.h>

#include "tensor/safetensors_header.h"

namespace bascule {

struct SafetensorsFile::Impl {
  MappedFile file;
  detail::SafetensorsContent content;
  // The format does not promise alignment: a tensor that lies askew is copied when first asked for.
  mutable std::mutex mutex;
  mutable std::map<std::string, Buffer<std::byte>, std::less<>> aligned;

  [[nodiscard]] Result<const void*> aligned_data(const std::string& name, const TensorView& view,
                                                 std::size_t alignment) const;
};

Result<const void*> SafetensorsFile::Impl::aligned_data(const std::string& name,
                                                        const TensorView& view,
                                                        std::size_t alignment) const {
  const void* data = view.bytes.data();
  if (reinterpret_cast<std::uintptr_t>(data) % alignment == 0) return data;
  const std::lock_guard lock(mutex);
  const auto found = aligned.find(name);
  if (found != aligned.end()) return static_cast<const void*>(found->second.data());
  BASCULE_ASSIGN(auto copy, Buffer<std::byte>::make(view.bytes.size()));
  std::copy(view.bytes.begin(), view.bytes.end(), copy.data());
  return static_cast<const void*>(aligned.emplace(name, std::move(copy)).first->second.data());
}

SafetensorsFile::SafetensorsFile() : impl_(std::make_unique<Impl>()) {}
SafetensorsFile::~SafetensorsFile() = default;

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::open(const std::string& path) {
  const std::shared_ptr<SafetensorsFile> result(new SafetensorsFile);
  BASCULE_ASSIGN(result->impl_->file, MappedFile::open(path));
  BASCULE_ASSIGN(result->impl_->content,
                 detail::parse_safetensors(result->impl_->file.bytes(), path));
  return std::shared_ptr<const SafetensorsFile>(result);
}

const std::string& SafetensorsFile::path() const {
  return impl_->file.path();
}

const std::map<std::string, TensorView, std::less<>>& SafetensorsFile::tensors() const {
  return impl_->content.tensors;
}

const std::map<std::string, std::string, std::less<>>& SafetensorsFile::metadata() const {
  return impl_->content.metadata;
}

template <class T>
Result<std::span<const T>> SafetensorsFile::get(std::string_view name, std::size_t rank) const {
  const auto bad = [&](std::string_view what) {
    return Error{Code::kBadData,
                 fmt::format("{}: tensor \"{}\" {}", path(), printable(name), what)};
  };
  const auto found = tensors().find(name);
  if (found == tensors().end()) return bad("is missing");
  const TensorView& view = found->second;
  if (view.dtype != dtype_of<T>())
    return bad(fmt::format("is {}, not {}", dtype_name(view.dtype), dtype_name(dtype_of<T>())));
  if (view.shape.rank() != rank)
    return bad(fmt::format("has shape {}, not {} dimensions", view.shape.to_string(), rank));
  BASCULE_ASSIGN(const void* data, impl_->aligned_data(found->first, view, alignof(T)));
  return std::span<const T>(static_cast<const T*>(data), view.bytes.size() / sizeof(T));
}

template Result<std::span<const float>> SafetensorsFile::get(std::string_view, std::size_t) const;
template Result<std::span<const double>> SafetensorsFile::get(std::string_view, std::size_t) const;
template Result<std::span<const std::int32_t>> SafetensorsFile::get(std::string_view,
                                                                    std::size_t) const;
template Result<std::span<const std::int64_t>> SafetensorsFile::get(std::string_view,
                                                                    std::size_t) const;
template Result<std::span<const std::uint8_t>> SafetensorsFile::get(std::string_view,
                                                                    std::size_t) const;

}  // namespace bascule
