#include <algorithm>
#include <cmath>

#include <sched.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <bascule/base/cpu_info.h>

#include "base/system_files.h"

namespace bascule {
namespace {

int affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

#if defined(__x86_64__)

// The tile registers must be known to processor (leaf 7) and system (XCR0, bits 17 and 18).
void add_amx(std::vector<std::string>& sets) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kOsXsave = 1U << 27, kTileState = 3U << 17;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kOsXsave) == 0) return;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & kTileState) != kTileState) return;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return;
  if ((edx >> 24 & 1U) != 0) sets.emplace_back("amx_tile");
  if ((edx >> 25 & 1U) != 0) sets.emplace_back("amx_int8");
  if ((edx >> 22 & 1U) != 0) sets.emplace_back("amx_bf16");
}

std::vector<std::string> find_instruction_sets() {
  std::vector<std::string> sets;
  const auto add = [&](int supported, const char* name) {
    if (supported != 0) sets.emplace_back(name);
  };
  add(__builtin_cpu_supports("sse4.2"), "sse4.2");
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("fma"), "fma");
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;  // f16c has no name in every compiler
  add(__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx >> 29 & 1U) != 0 ? 1 : 0, "f16c");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
  add(__builtin_cpu_supports("avx512bw"), "avx512bw");
  add(__builtin_cpu_supports("avx512dq"), "avx512dq");
  add(__builtin_cpu_supports("avx512vl"), "avx512vl");
  add(__builtin_cpu_supports("avx512vnni"), "avx512vnni");
  add(__builtin_cpu_supports("avx512bf16"), "avx512_bf16");
  add_amx(sets);
  return sets;
}

#else

std::vector<std::string> find_instruction_sets() {
  return {};
}

#endif

}  // namespace

CpuInfo cpu_info() {
  const std::string root;
  CpuInfo info;
  info.model = detail::read_cpu_model(root);
  info.cores = affinity_count();
  const detail::CgroupLimits limits = detail::read_cgroup_limits(root);
  info.quota = limits.processors.value_or(0);
  info.usable_threads = info.cores;
  if (limits.processors)
    info.usable_threads =
        std::clamp(static_cast<int>(std::ceil(std::min(info.quota, 1e6))), 1, info.cores);
  const detail::MemoryInfo memory = detail::read_memory_info(root);
  info.memory_total = std::min(memory.total, limits.memory.value_or(memory.total));
  info.memory_available = std::min(memory.available, limits.memory_left.value_or(memory.available));
  info.cache_l1d = detail::read_cache_size(root, 1);
  info.cache_l2 = detail::read_cache_size(root, 2);
  info.cache_l3 = detail::read_cache_size(root, 3);
  info.instruction_sets = find_instruction_sets();
  return info;
}

bool has_instruction_set(std::string_view name) {
  const std::vector<std::string> sets = find_instruction_sets();
  return std::find(sets.begin(), sets.end(), name) != sets.end();
}

}  // namespace bascule
