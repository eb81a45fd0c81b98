#pragma once
// The stack machine that a pickle is a program for, cut down to what builds plain data.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/pickle.h"

namespace bascule {

class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, Pickle& out) : bytes_(bytes), out_(out) {}
  Status run();

 private:
  using Index = std::uint32_t;
  using Kind = PickleValue::Kind;
  /// The names that pickles of arrays refer to.
  enum Symbol : std::int64_t { kReconstruct, kNdarray, kDtypeName, kFromBuffer, kEncode };

  Status step(unsigned char opcode);
  Status step_container(unsigned char opcode);
  Status step_memo(unsigned char opcode);
  Status step_object(unsigned char opcode);

  /// What follows an opcode.
  Result<std::uint64_t> unsigned_argument(std::size_t size);
  Result<std::string_view> bytes_argument(std::size_t length_size);
  Result<std::string_view> line_argument();

  Status push(PickleValue value);
  Status push_text(std::string_view text);
  Status push_integer(std::int64_t integer, Kind kind = Kind::kInt);
  Status push_long();
  Status push_float();
  Status push_tuple(std::size_t count);
  Status push_symbol(std::string_view module, std::string_view symbol);
  Status push_index(Index index);
  Result<Index> pop();
  /// What lies above the last mark; the mark goes.
  Result<std::vector<Index>> pop_to_mark();
  Result<PickleValue*> top(Kind kind);
  Status append(const std::vector<Index>& items, Kind kind);
  Status put(std::uint64_t slot);
  Status get(std::uint64_t slot);

  Status reduce();
  Status make_dtype(const PickleValue& arguments);
  Status make_from_buffer(const PickleValue& arguments);
  Status make_encoded(const PickleValue& arguments);
  Status build();
  Status build_dtype(PickleValue& dtype, const PickleValue& state);
  Status build_array(PickleValue& array, const PickleValue& state);
  Status finish_array(PickleValue& array, const PickleValue& shape, const PickleValue& dtype,
                      bool fortran_order, const PickleValue& data);

  /// The n-th item of a tuple when it is of this kind, else null.
  const PickleValue* item(const PickleValue& tuple, std::size_t n, Kind kind) const;
  [[nodiscard]] Error error(std::string_view why) const;

  std::string_view bytes_;
  Pickle& out_;
  std::size_t at_ = 0;      // next byte
  std::size_t opcode_ = 0;  // where the current opcode stands
  std::vector<Index> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::vector<Index> memo_;         // kNoIndex: not set
  std::size_t encoded_ = 0;         // bytes of all texts that were encoded
};

}  // namespace bascule
