#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bascule {

/// The processor and memory that this process may use; shown by `bascule devices`.
struct CpuInfo {
  std::string model;  ///< "AMD EPYC 9654 96-Core Processor"; empty when the system does not say
  int cores = 1;      ///< logical processors that the process may run on (its affinity)
  double quota = 0;   ///< processors' worth of time allowed by the control group; 0: no limit
  int usable_threads = 1;             ///< cores, or fewer where the quota is lower (rounded up)
  std::int64_t memory_total = 0;      ///< bytes; the control group's limit where that is lower
  std::int64_t memory_available = 0;  ///< bytes that can be allocated without swapping
  std::int64_t cache_l1d = 0, cache_l2 = 0, cache_l3 = 0;  ///< bytes seen by one core; 0: unknown
  /// Of sse4.2, avx2, fma, f16c, avx512f, avx512bw, avx512dq, avx512vl, avx512vnni, avx512_bf16,
  /// amx_tile, amx_int8, amx_bf16: those that processor and system both support.
  std::vector<std::string> instruction_sets;
};

/// Reads it anew on each call (memory changes); takes well under a millisecond.
CpuInfo cpu_info();

/// Whether processor and system both support this one, by its name in CpuInfo.
bool has_instruction_set(std::string_view name);

}  // namespace bascule
