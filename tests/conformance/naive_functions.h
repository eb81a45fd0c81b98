#pragma once
#include <string_view>

#include <bascule/graph/attributes.h>

namespace bascule {

/// An element op from its textbook formula. Throws for a name that it does not know.
double naive_function(std::string_view name, double a, double b, double c, double parameter);

/// One element of an optimizer's state.
struct NaiveState {
  double w = 0, first = 0, second = 0;
};
NaiveState naive_update(std::string_view op, const Attributes& attributes, NaiveState state,
                        double gradient, double lr, double step);

}  // namespace bascule
