#pragma once
#include <initializer_list>

#include <bascule/graph/element_op.h>
#include <bascule/graph/op.h>

namespace bascule::detail {

/// Appends the node of an element op.
Value element(ElementOp op, std::initializer_list<Value> operands);
Value element(ElementOp op, std::initializer_list<Value> operands, double parameter);

/// The gradient rule of an element op; null for some of the *_grad ops.
decltype(OpInfo::gradient) element_gradient(ElementOp op);

}  // namespace bascule::detail
