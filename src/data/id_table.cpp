#include <array>
#include <cstring>
#include <limits>
#include <random>

#include <bascule/data/id_table.h>

namespace bascule {
namespace {

constexpr std::size_t kFirstSlots = 64;

// Secret of this process, so that nobody can prepare ids that all fall into one slot. Numbers do
// not depend on it: they follow the order of appearance.
struct Secret {
  std::uint64_t a, b;
};
const Secret& secret() {
  static const Secret value = [] {
    std::random_device device;
    const auto word = [&] { return (std::uint64_t{device()} << 32 | device()) | 1; };
    return Secret{word(), word()};
  }();
  return value;
}

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* p, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, bytes);
  return word;
}

// Multiply and fold (the manner of wyhash): the last words overlap, so that no tail loop is needed.
inline std::uint32_t hash(std::string_view id) {
  const auto [a, b] = secret();
  const char* p = id.data();
  std::size_t n = id.size();
  std::uint64_t state = a ^ n;
  for (; n > 16; p += 16, n -= 16) state = fold(load(p, 8) ^ b, load(p + 8, 8) ^ state);
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (n >= 8) {
    first = load(p, 8);
    last = load(p + n - 8, 8);
  } else if (n >= 4) {
    first = load(p, 4);
    last = load(p + n - 4, 4);
  } else if (n > 0) {
    first = load(p, 1) | load(p + n / 2, 1) << 8 | load(p + n - 1, 1) << 16;
  }
  return static_cast<std::uint32_t>(fold(fold(first ^ b, last ^ state), a) >> 32);
}

// A slot holds the hash above and the number + 1 below; its home follows from the hash's top bits,
// so that growing never looks at the strings.
std::size_t home(std::uint64_t slot, std::size_t slots) {
  return static_cast<std::size_t>((slot >> 32) * slots >> 32);
}

// Ids are short: two overlapping words beat a call of memcmp.
inline bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const std::size_t n = a.size();
  if (n < 8 || n > 16) return a == b;
  return ((load(a.data(), 8) ^ load(b.data(), 8)) |
          (load(a.data() + n - 8, 8) ^ load(b.data() + n - 8, 8))) == 0;
}

}  // namespace

IdTable::IdTable() : ends_(1, 0) {}

void IdTable::grow() {
  std::vector<std::uint64_t> old(slots_.empty() ? kFirstSlots : slots_.size() * 2, 0);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const std::uint64_t slot : old) {
    if (slot == 0) continue;
    std::size_t at = home(slot, slots_.size());
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::int32_t IdTable::intern(std::string_view id) {
  return intern_hashed(id, hash(id));
}

void IdTable::intern_batch(std::span<const std::string_view> ids, std::int32_t* numbers) {
  std::array<std::uint32_t, kBatch> hashes;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    hashes[i] = hash(ids[i]);
    if (!slots_.empty())
      __builtin_prefetch(&slots_[home(std::uint64_t{hashes[i]} << 32, slots_.size())]);
  }
  for (std::size_t i = 0; i < ids.size() && !slots_.empty(); ++i) {
    const std::uint64_t high = std::uint64_t{hashes[i]} << 32;
    const std::uint64_t slot = slots_[home(high, slots_.size())];
    if (slot == 0 || (slot ^ high) >> 32 != 0) continue;
    __builtin_prefetch(&ends_[(slot & 0xffffffff) - 1]);
  }
  for (std::size_t i = 0; i < ids.size(); ++i) numbers[i] = intern_hashed(ids[i], hashes[i]);
}

std::int32_t IdTable::intern_hashed(std::string_view id, std::uint32_t hash) {
  if (ends_.size() * 2 > slots_.size()) grow();
  const std::uint64_t high = std::uint64_t{hash} << 32;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home(high, slots_.size());
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    if ((slots_[at] ^ high) >> 32 != 0) continue;
    const auto index = static_cast<std::int32_t>(slots_[at] & 0xffffffff) - 1;
    if (same((*this)[index], id)) return index;
  }
  if (size() == std::numeric_limits<std::int32_t>::max() - 1) return -1;
  bytes_.insert(bytes_.end(), id.begin(), id.end());
  ends_.push_back(bytes_.size());
  slots_[at] = high | static_cast<std::uint64_t>(size());
  return size() - 1;
}

std::optional<std::int32_t> IdTable::find(std::string_view id) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint64_t high = std::uint64_t{hash(id)} << 32;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = home(high, slots_.size()); slots_[at] != 0; at = (at + 1) & mask) {
    if ((slots_[at] ^ high) >> 32 != 0) continue;
    const auto index = static_cast<std::int32_t>(slots_[at] & 0xffffffff) - 1;
    if (same((*this)[index], id)) return index;
  }
  return std::nullopt;
}

}  // namespace bascule
