#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include <bascule/base/file.h>
#include <bascule/base/process_memory.h>

namespace bascule {

std::int64_t peak_memory() {
  const Result<std::string> status = read_file("/proc/self/status", 1 << 20);
  if (!status.ok()) return 0;
  constexpr std::string_view kPeak = "VmHWM:";  // "VmHWM:     12345 kB"
  const std::size_t line = status->find(kPeak);
  if (line == std::string::npos) return 0;
  const std::size_t digits = status->find_first_of("0123456789", line);
  std::int64_t kibibytes = 0;
  if (digits != std::string::npos)
    std::from_chars(status->data() + digits, status->data() + status->size(), kibibytes);
  return kibibytes * 1024;
}

bool reset_peak_memory() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "we");
  if (file == nullptr) return false;
  const bool written = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && written;
}

}  // namespace bascule
