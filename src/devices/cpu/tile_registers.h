#pragma once

namespace bascule::detail {

/// Whether this process may use the processor's tile registers (AMX) for products of bf16. Linux
/// wants to be asked, once for all threads: the registers make what it saves of a thread larger.
bool may_use_tile_registers();

}  // namespace bascule::detail
