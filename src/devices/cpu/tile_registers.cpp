#include "devices/cpu/tile_registers.h"

#include <bascule/base/cpu_info.h>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace bascule::detail {

bool may_use_tile_registers() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr int kAskForPermission = 0x1023, kTileData = 18;  // of <asm/prctl.h>, since Linux 5.16
  static const bool may = has_instruction_set("amx_tile") && has_instruction_set("amx_bf16") &&
                          syscall(SYS_arch_prctl, kAskForPermission, kTileData) == 0;
  return may;
#else
  return false;
#endif
}

}  // namespace bascule::detail
