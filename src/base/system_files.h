#pragma once
// What /proc and /sys say, read below `root` so that tests can bring their own tree.
#include <cstdint>
#include <optional>
#include <string>

namespace bascule::detail {

/// Limits of the control group (version 1 or 2) and of every group around it, the tightest of each.
struct CgroupLimits {
  std::optional<double> processors;         ///< processors' worth of time
  std::optional<std::int64_t> memory;       ///< bytes
  std::optional<std::int64_t> memory_left;  ///< bytes until the limit, reclaimable cache included
};
CgroupLimits read_cgroup_limits(const std::string& root);

struct MemoryInfo {
  std::int64_t total = 0, available = 0;  ///< bytes
};
/// From /proc/meminfo.
MemoryInfo read_memory_info(const std::string& root);

/// "model name" of /proc/cpuinfo, or empty.
std::string read_cpu_model(const std::string& root);

/// Bytes of the data (or unified) cache of `level` of the first processor; 0 when not known.
std::int64_t read_cache_size(const std::string& root, int level);

}  // namespace bascule::detail
