#pragma once
#include <cstddef>
#include <map>
#include <span>
#include <string>

#include <bascule/base/status.h>
#include <bascule/tensor/safetensors.h>

namespace bascule::detail {

/// What the header of a safetensors file says, with every tensor's bytes inside `file`.
struct SafetensorsContent {
  std::map<std::string, TensorView, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Longest header that the format allows, in bytes.
inline constexpr std::size_t kMaxHeaderBytes = 100'000'000;
/// Bytes of the header's length, at the start of the file.
inline constexpr std::size_t kLengthBytes = 8;
inline constexpr const char* kMetadataKey = "__metadata__";

/// Checks a whole file against every rule of the format without touching tensor data; `path` is
/// for messages. kBadData.
Result<SafetensorsContent> parse_safetensors(std::span<const std::byte> file,
                                             const std::string& path);

}  // namespace bascule::detail
