#pragma once
// The scalar functions of element-wise ops, in one table. An element-wise node applies one of them;
// a `map` node, which the fuse pass makes, applies a short program of them.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bascule {

enum class ElementOp : std::uint8_t {
  // one operand
  kNegate,
  kAbs,
  kSign,
  kExp,
  kLog,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kSquare,
  kTanh,
  kSigmoid,
  kSoftplus,  ///< log(1 + exp(a)), without overflow
  kRelu,
  kLeakyRelu,  ///< parameter: slope below zero
  kElu,        ///< parameter: alpha
  kGelu,       ///< a Φ(a), exact
  kGeluTanh,   ///< its tanh approximation
  kSilu,
  kScale,     ///< parameter · a
  kOffset,    ///< a + parameter
  kPower,     ///< a ^ parameter, a >= 0 unless the parameter is an integer
  kClipLow,   ///< max(a, parameter)
  kClipHigh,  ///< min(a, parameter)
  // two operands
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kMaximum,
  kMinimum,
  kGreater,       ///< 1 or 0
  kGreaterEqual,  ///< 1 or 0
  kEqual,         ///< 1 or 0
  // gradients: a is the gradient of the result, b the result y or, where it says so, the operand x
  kReluGrad,       ///< y
  kLeakyReluGrad,  ///< x; parameter: slope
  kEluGrad,        ///< y; parameter: alpha
  kTanhGrad,       ///< y
  kSigmoidGrad,    ///< y
  kSiluGrad,       ///< x
  kGeluGrad,       ///< x
  kGeluTanhGrad,   ///< x
  // three operands
  kSelect  ///< a != 0 ? b : c
};

struct ElementOpInfo {
  ElementOp op;
  std::string_view name;  ///< also the name of the graph op: "relu", "relu_grad"
  int operands;
  bool parameter;  ///< has one; the graph attribute is "parameter"
  double flops;    ///< per element, by convention 1 for simple and 10 for transcendental functions
};
std::span<const ElementOpInfo> element_ops();
const ElementOpInfo& element_op_info(ElementOp op);
/// By name; null when there is none.
const ElementOpInfo* find_element_op(std::string_view name);

/// The function in float64, which judges every kernel. Unused operands are ignored.
double apply_element_op(ElementOp op, double a, double b, double c, double parameter);

/// One instruction of a map: registers 0 … inputs−1 hold the inputs, each instruction writes the
/// next register.
struct MapInstruction {
  ElementOp op = ElementOp::kNegate;
  std::int32_t a = 0, b = 0, c = 0;  ///< registers; unused ones are 0
  double parameter = 0;
};

/// A short program over elements. Outputs are registers.
struct MapCode {
  std::int32_t inputs = 0;
  std::vector<MapInstruction> instructions;
  std::vector<std::int32_t> outputs;
};

}  // namespace bascule
