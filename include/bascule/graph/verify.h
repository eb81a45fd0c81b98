#pragma once
#include <bascule/base/status.h>
#include <bascule/graph/graph.h>

namespace bascule {

/// Checks what every pass must keep: inputs come before their users, types are those that the ops
/// infer, assigned values fit their variables, names are unique. kFailed says what is wrong: it is
/// a mistake of ours, not of the user.
Status verify(const Graph& graph);

}  // namespace bascule
