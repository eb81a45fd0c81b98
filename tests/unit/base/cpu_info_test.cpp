#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <bascule/base/cpu_info.h>
#include <bascule/base/file.h>

#include "base/system_files.h"
#include "temp_folder.h"

namespace bascule {
namespace {

// A tree like / with only the files of a case.
class FakeRoot {
 public:
  void put(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(write_atomically(path.string(), text).ok());
  }
  [[nodiscard]] const std::string& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

TEST(CpuInfo, AgreesWithTheKernelsOwnList) {
  const CpuInfo info = cpu_info();
  EXPECT_GE(info.cores, 1);
  EXPECT_GE(info.usable_threads, 1);
  EXPECT_LE(info.usable_threads, info.cores);
  EXPECT_GT(info.memory_total, 0);
  EXPECT_GT(info.memory_available, 0);
  EXPECT_LE(info.memory_available, info.memory_total);
  const auto text = read_file("/proc/cpuinfo", 16 << 20);
  ASSERT_TRUE(text.ok());
  const std::size_t at = text->find("\nflags");
  if (at == std::string::npos) GTEST_SKIP() << "this kernel lists no flags";
  std::istringstream words(text->substr(at + 1, text->find('\n', at + 1) - at));
  const std::vector<std::string> flags{std::istream_iterator<std::string>(words), {}};
  for (const auto& [ours, theirs] :
       {std::pair("sse4.2", "sse4_2"), std::pair("avx2", "avx2"), std::pair("fma", "fma"),
        std::pair("f16c", "f16c"), std::pair("avx512f", "avx512f"),
        std::pair("avx512bw", "avx512bw"), std::pair("avx512dq", "avx512dq"),
        std::pair("avx512vl", "avx512vl"), std::pair("avx512vnni", "avx512_vnni"),
        std::pair("avx512_bf16", "avx512_bf16"), std::pair("amx_tile", "amx_tile"),
        std::pair("amx_int8", "amx_int8"), std::pair("amx_bf16", "amx_bf16")}) {
    const bool listed = std::count(flags.begin(), flags.end(), theirs) > 0;
    const auto& sets = info.instruction_sets;
    EXPECT_EQ(std::count(sets.begin(), sets.end(), ours) > 0, listed) << ours;
    EXPECT_EQ(has_instruction_set(ours), listed) << ours;
  }
}

TEST(CpuInfo, FollowsTheAffinity) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const CpuInfo info = cpu_info();
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(info.cores, 1);
  EXPECT_EQ(info.usable_threads, 1);
}

TEST(SystemFiles, CgroupVersion2TakesTheTightestOnTheWayUp) {
  const FakeRoot root;
  root.put("proc/self/cgroup", "0::/outer/inner\n");
  root.put("sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
  root.put("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  root.put("sys/fs/cgroup/outer/memory.max", "8000\n");
  root.put("sys/fs/cgroup/outer/memory.current", "7000\n");
  root.put("sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 3000\nactive_file 1\n");
  root.put("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  const auto limits = detail::read_cgroup_limits(root.path());
  EXPECT_EQ(limits.processors, 1.5);
  EXPECT_EQ(limits.memory, 8000);
  EXPECT_EQ(limits.memory_left, 4000);  // 8000 - (7000 - 3000)
}

TEST(SystemFiles, CgroupAtTheMountOfAContainer) {
  const FakeRoot root;
  root.put("proc/self/cgroup", "0::/\n");
  root.put("sys/fs/cgroup/cpu.max", "50000 100000\n");
  root.put("sys/fs/cgroup/memory.max", "1000\n");
  root.put("sys/fs/cgroup/memory.current", "2000\n");  // over its limit for a moment
  const auto limits = detail::read_cgroup_limits(root.path());
  EXPECT_EQ(limits.processors, 0.5);
  EXPECT_EQ(limits.memory_left, 0);
}

TEST(SystemFiles, CgroupVersion1) {
  const FakeRoot root;
  root.put("proc/self/cgroup",
           "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/\n");
  root.put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");  // shown at the mount only
  root.put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  root.put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "5000\n");
  root.put("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "1000\n");
  root.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  auto limits = detail::read_cgroup_limits(root.path());
  EXPECT_EQ(limits.processors, 3.0);
  EXPECT_EQ(limits.memory, 5000);
  EXPECT_EQ(limits.memory_left, 4000);
  root.put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  limits = detail::read_cgroup_limits(root.path());
  EXPECT_EQ(limits.processors, std::nullopt);
}

TEST(SystemFiles, NothingIsKnownOfAnEmptyTree) {
  const FakeRoot root;
  const auto limits = detail::read_cgroup_limits(root.path());
  EXPECT_EQ(limits.processors, std::nullopt);
  EXPECT_EQ(limits.memory, std::nullopt);
  EXPECT_EQ(detail::read_cpu_model(root.path()), "");
  EXPECT_EQ(detail::read_memory_info(root.path()).total, 0);
  EXPECT_EQ(detail::read_cache_size(root.path(), 1), 0);
}

TEST(SystemFiles, MemoryModelAndCaches) {
  const FakeRoot root;
  root.put("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n");
  root.put("proc/cpuinfo", "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU @ 2GHz\n");
  const std::string caches = "sys/devices/system/cpu/cpu0/cache/";
  const std::pair<const char*, std::array<const char*, 3>> entries[] = {
      {"index0/", {"1", "Instruction", "64K"}},
      {"index1/", {"1", "Data", "32K"}},
      {"index2/", {"3", "Unified", "32M"}}};
  for (const auto& [index, values] : entries) {
    root.put(caches + index + "level", values[0] + std::string("\n"));
    root.put(caches + index + "type", values[1] + std::string("\n"));
    root.put(caches + index + "size", values[2] + std::string("\n"));
  }
  EXPECT_EQ(detail::read_memory_info(root.path()).total, 2048 * 1024);
  EXPECT_EQ(detail::read_memory_info(root.path()).available, 1024 * 1024);
  EXPECT_EQ(detail::read_cpu_model(root.path()), "Some CPU @ 2GHz");
  EXPECT_EQ(detail::read_cache_size(root.path(), 1), 32 * 1024);
  EXPECT_EQ(detail::read_cache_size(root.path(), 2), 0);
  EXPECT_EQ(detail::read_cache_size(root.path(), 3), 32 * 1024 * 1024);
}

}  // namespace
}  // namespace bascule
