// What the machine keeps: values, the stack with its marks, the memo.
#include <bit>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "data/pickle_machine.h"

namespace bascule {
namespace {

constexpr std::size_t kMaxValues = std::size_t{1} << 20;
constexpr std::size_t kMaxStack = std::size_t{1} << 20;
constexpr std::size_t kMaxMemo = std::size_t{1} << 20;
constexpr auto kNoIndex = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Status PickleMachine::push(PickleValue value) {
  if (out_.values_.size() == kMaxValues) return error("more than a million objects");
  out_.values_.push_back(std::move(value));
  return push_index(static_cast<Index>(out_.values_.size() - 1));
}

Status PickleMachine::push_index(Index index) {
  if (stack_.size() == kMaxStack) return error("the stack holds more than a million objects");
  stack_.push_back(index);
  return {};
}

Status PickleMachine::push_text(std::string_view text) {
  PickleValue value;
  value.kind = Kind::kText;
  value.text = text;
  return push(std::move(value));
}

Status PickleMachine::push_integer(std::int64_t integer, Kind kind) {
  PickleValue value;
  value.kind = kind;
  value.integer = integer;
  return push(std::move(value));
}

Status PickleMachine::push_long() {
  BASCULE_ASSIGN(const std::string_view digits, bytes_argument(1));
  if (digits.size() > 8) return error("an integer of more than 64 bits");
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < digits.size(); ++i)
    bits |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i);
  const std::size_t unused = 64 - 8 * digits.size();  // above the sign
  if (unused < 64) bits <<= unused;
  return push_integer(unused < 64 ? static_cast<std::int64_t>(bits) >> unused : 0);
}

Status PickleMachine::push_float() {
  if (bytes_.size() - at_ < 8) return error("cut short");
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i)
    bits = bits << 8 | static_cast<unsigned char>(bytes_[at_ + i]);
  at_ += 8;
  PickleValue value;
  value.kind = Kind::kFloat;
  value.number = std::bit_cast<double>(bits);
  return push(std::move(value));
}

Status PickleMachine::push_tuple(std::size_t count) {
  PickleValue tuple;
  tuple.kind = Kind::kTuple;
  tuple.items.resize(count);
  for (std::size_t i = count; i > 0; --i) {
    BASCULE_ASSIGN(tuple.items[i - 1], pop());
  }
  return push(std::move(tuple));
}

Result<PickleMachine::Index> PickleMachine::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) return error("the stack is empty");
  const Index index = stack_.back();
  stack_.pop_back();
  return index;
}

Result<std::vector<PickleMachine::Index>> PickleMachine::pop_to_mark() {
  if (marks_.empty()) return error("there is no mark");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<Index> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

Result<PickleValue*> PickleMachine::top(Kind kind) {
  BASCULE_ASSIGN(const Index index, pop());
  stack_.push_back(index);
  if (out_.values_[index].kind != kind) return error("meets an object of another kind");
  return &out_.values_[index];
}

Status PickleMachine::append(const std::vector<Index>& items, Kind kind) {
  BASCULE_ASSIGN(PickleValue * container, top(kind));
  if (kind == Kind::kDict && items.size() % 2 != 0) return error("a key without a value");
  container->items.insert(container->items.end(), items.begin(), items.end());
  return {};
}

Status PickleMachine::put(std::uint64_t slot) {
  if (slot >= kMaxMemo) return error("memo beyond a million entries");
  BASCULE_ASSIGN(const Index index, pop());
  stack_.push_back(index);
  if (memo_.size() <= slot) memo_.resize(slot + 1, kNoIndex);
  memo_[slot] = index;
  return {};
}

Status PickleMachine::get(std::uint64_t slot) {
  if (slot >= memo_.size() || memo_[slot] == kNoIndex)
    return error(fmt::format("memo entry {} is not set", slot));
  return push_index(memo_[slot]);
}

}  // namespace bascule
