#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bascule {

/// Distinct byte strings numbered 0, 1, 2, … in the order in which they were first seen. Ids are
/// kept exactly as given: leading zeros, check digits, any bytes. Strings live in one block of
/// memory.
class IdTable {
 public:
  IdTable();

  /// The number of `id`, adding it when it is new; -1 when it is new and the table holds 2^31 - 2
  /// ids already.
  std::int32_t intern(std::string_view id);
  /// The same for up to kBatch ids in order, with the waits for memory overlapped.
  static constexpr std::size_t kBatch = 32;
  void intern_batch(std::span<const std::string_view> ids, std::int32_t* numbers);
  [[nodiscard]] std::optional<std::int32_t> find(std::string_view id) const;
  [[nodiscard]] std::string_view operator[](std::int32_t index) const {
    const auto i = static_cast<std::size_t>(index);
    return {bytes_.data() + ends_[i], ends_[i + 1] - ends_[i]};
  }
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(ends_.size() - 1); }

 private:
  void grow();
  std::int32_t intern_hashed(std::string_view id, std::uint32_t hash);
  std::vector<char> bytes_;
  std::vector<std::uint64_t> ends_;   // ends_[i + 1] is where string i ends
  std::vector<std::uint64_t> slots_;  // open addressing: (hash << 32 | index + 1), 0 is free
};

}  // namespace bascule
