#pragma once
// What every kernel must do: one list of cases, the declarations' own, for all devices. A device
// enrols with one file:
//
//   TEST_P(Conformance, Cpu) { expect_conforms(*device(), GetParam()); }
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "graph_interpreter.h"

namespace bascule {

struct ConformanceCase {
  const OpInfo* op = nullptr;
  std::size_t index = 0;  ///< in the op's list
  OpCase arguments;
};

inline std::ostream& operator<<(std::ostream& out, const ConformanceCase& one) {
  return out << one.op->name << " " << one.arguments.name;
}

/// Every case of every op.
std::vector<ConformanceCase> conformance_cases();
/// Those whose gradient can be judged: a real input and a real output that depend on each other.
std::vector<ConformanceCase> gradient_cases();
/// "softmax_3".
std::string case_name(const testing::TestParamInfo<ConformanceCase>& info);

class Conformance : public testing::TestWithParam<ConformanceCase> {};
class Gradient : public testing::TestWithParam<ConformanceCase> {};

/// The inputs of a case; always the same ones, and exact in their types.
std::vector<Tensor> draw_inputs(const ConformanceCase& one);
/// A graph of the case's inputs, called "0", "1" …, and its node, which is the last one.
Graph graph_of(const ConformanceCase& one);
/// Differences of at most `tolerance` times the largest magnitude in `expected`.
void expect_close(const Tensor& actual, const Tensor& expected, double tolerance,
                  const std::string& what);

/// The device's results, in memory of their own, over its inputs and with matrices in panels where
/// it takes them, against the reference device's. Skips what the device does not support.
void expect_conforms(Device& device, const ConformanceCase& one);
/// The gradient rule against central differences in float64.
void expect_gradient(const ConformanceCase& one);

}  // namespace bascule
