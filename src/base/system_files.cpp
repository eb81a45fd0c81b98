#include "base/system_files.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/base/file.h>

namespace bascule::detail {
namespace {

constexpr std::int64_t kMaxBytes = 4 << 20;
constexpr std::int64_t kKibi = 1024;

std::string content(const std::string& path) {
  auto text = read_file(path, kMaxBytes);
  return text.ok() ? std::move(text).value() : std::string();
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
}

// The number at the start of the text; nothing for "max" and other words.
std::optional<std::int64_t> number(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

// What follows `key` on the line that starts with it.
std::optional<std::string_view> line_after(std::string_view text, std::string_view key) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with(key)) return line.substr(key.size());
    begin = end + 1;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_after(std::string_view text, std::string_view key) {
  const auto rest = line_after(text, key);
  return rest ? number(*rest) : std::nullopt;
}

template <class T>
void tighten(std::optional<T>& limit, std::optional<T> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

// Version 1 says "no limit" by a number near 2^63.
constexpr std::int64_t kUnlimited = std::int64_t{1} << 60;

struct MemoryFiles {
  const char *limit, *usage, *reclaimable;
};

void tighten_memory(CgroupLimits& limits, const std::string& folder, const MemoryFiles& files) {
  const auto limit = number(content(folder + files.limit));
  if (!limit || *limit < 0 || *limit >= kUnlimited) return;
  const std::int64_t used = number(content(folder + files.usage)).value_or(0);
  const std::int64_t cache =
      number_after(content(folder + "/memory.stat"), files.reclaimable).value_or(0);
  tighten(limits.memory, limit);
  const std::int64_t held = std::clamp<std::int64_t>(used - cache, 0, *limit);
  tighten<std::int64_t>(limits.memory_left, *limit - held);
}

void tighten_processors(CgroupLimits& limits, std::optional<std::int64_t> quota,
                        std::optional<std::int64_t> period) {
  if (quota && period && *quota > 0 && *period > 0)
    tighten<double>(limits.processors, static_cast<double>(*quota) / static_cast<double>(*period));
}

void read_version_2(CgroupLimits& limits, const std::string& folder) {
  const std::string cpu = content(folder + "/cpu.max");  // "max 100000" or "150000 100000"
  const std::size_t space = std::min(cpu.find(' '), cpu.size());
  tighten_processors(limits, number(std::string_view(cpu).substr(0, space)),
                     number(std::string_view(cpu).substr(space)));
  tighten_memory(limits, folder, {"/memory.max", "/memory.current", "inactive_file "});
}

void read_version_1_cpu(CgroupLimits& limits, const std::string& folder) {
  tighten_processors(limits, number(content(folder + "/cpu.cfs_quota_us")),
                     number(content(folder + "/cpu.cfs_period_us")));
}

void read_version_1_memory(CgroupLimits& limits, const std::string& folder) {
  tighten_memory(limits, folder,
                 {"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file "});
}

// Visits the group and all groups around it up to the mount. Inside a container the mount may show
// only the container's own group, as its root.
template <class Visit>
void walk_up(const std::string& mount, std::string_view group, Visit visit) {
  group = trimmed(group);
  if (group.find("..") != std::string_view::npos) group = {};
  for (;;) {
    while (group.ends_with('/')) group.remove_suffix(1);
    visit(mount + std::string(group));
    if (group.empty()) return;
    group = group.substr(0, group.rfind('/') + 1);
  }
}

}  // namespace

CgroupLimits read_cgroup_limits(const std::string& root) {
  CgroupLimits limits;
  const std::string mount = root + "/sys/fs/cgroup";
  const std::string groups = content(root + "/proc/self/cgroup");  // "ID:controllers:path" lines
  for (std::size_t begin = 0; begin < groups.size();) {
    const std::size_t end = std::min(groups.find('\n', begin), groups.size());
    const std::string_view line = std::string_view(groups).substr(begin, end - begin);
    begin = end + 1;
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    const std::string_view group = line.substr(second + 1);
    if (controllers == ",,")
      walk_up(mount, group, [&](const std::string& at) { read_version_2(limits, at); });
    if (controllers.find(",cpu,") != std::string::npos)
      walk_up(mount + "/cpu", group,
              [&](const std::string& at) { read_version_1_cpu(limits, at); });
    if (controllers.find(",memory,") != std::string::npos)
      walk_up(mount + "/memory", group,
              [&](const std::string& at) { read_version_1_memory(limits, at); });
  }
  return limits;
}

MemoryInfo read_memory_info(const std::string& root) {
  const std::string text = content(root + "/proc/meminfo");
  const auto bytes = [&](std::string_view key) {
    return checked_mul(number_after(text, key).value_or(0), kKibi).value_or(0);
  };
  return {bytes("MemTotal:"), bytes("MemAvailable:")};
}

std::string read_cpu_model(const std::string& root) {
  const std::string text = content(root + "/proc/cpuinfo");
  const std::string_view rest = line_after(text, "model name").value_or("");
  const std::size_t colon = rest.find(':');
  return colon == std::string_view::npos ? "" : std::string(trimmed(rest.substr(colon + 1)));
}

std::int64_t read_cache_size(const std::string& root, int level) {
  constexpr int kMaxCaches = 8;
  for (int index = 0; index < kMaxCaches; ++index) {
    const std::string folder =
        fmt::format("{}/sys/devices/system/cpu/cpu0/cache/index{}/", root, index);
    if (number(content(folder + "level")) != level) continue;
    if (trimmed(content(folder + "type")) == "Instruction") continue;
    const std::string size = content(folder + "size");  // "32K"
    const std::int64_t unit = trimmed(size).ends_with('K')   ? kKibi
                              : trimmed(size).ends_with('M') ? kKibi * kKibi
                                                             : 1;
    return checked_mul(number(size).value_or(0), unit).value_or(0);
  }
  return 0;
}

}  // namespace bascule::detail
