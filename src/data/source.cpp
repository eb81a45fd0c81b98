#include "data/source.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/inflate.h"

namespace bascule {
namespace {

struct File {
  int descriptor = -1;
  explicit File(const std::string& path)
      : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

Error unreadable(const std::string& name, const char* why) {
  return {Code::kBadData, fmt::format("{}: {}", name, why)};
}

}  // namespace

Result<Source> Source::from_memory(std::string name, std::string_view bytes,
                                   std::int64_t max_bytes) {
  Source source;
  source.name_ = std::move(name);
  source.bytes_ = bytes;
  if (is_compressed(bytes)) {
    BASCULE_ASSIGN(Inflated inflated, inflate(source.name_, bytes, max_bytes));
    source.bytes_ = {static_cast<const char*>(inflated.data.get()), inflated.size};
    source.owner_ = std::move(inflated.data);
  } else if (static_cast<std::int64_t>(bytes.size()) > max_bytes) {
    return Error{Code::kBadData, fmt::format("{}: {} bytes, more than the {} allowed", source.name_,
                                             bytes.size(), max_bytes)};
  }
  return source;
}

Result<Source> Source::open(const std::string& path, std::int64_t max_bytes) {
  const File file(path);
  if (file.descriptor < 0) return unreadable(path, std::strerror(errno));
  struct stat info {};
  if (::fstat(file.descriptor, &info) != 0) return unreadable(path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return unreadable(path, "is a folder, not a file");
  if (!S_ISREG(info.st_mode)) return unreadable(path, "is not a regular file");
  if (info.st_size == 0) return from_memory(path, {}, max_bytes);
  const auto size = static_cast<std::size_t>(info.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0);
  if (address == MAP_FAILED) return unreadable(path, std::strerror(errno));
  const std::shared_ptr<void> mapping(address, [size](void* p) { ::munmap(p, size); });
  BASCULE_ASSIGN(Source source,
                 from_memory(path, {static_cast<const char*>(address), size}, max_bytes));
  if (!source.owner_) {
    source.owner_ = mapping;
    source.mapped_ = true;
  }
  return source;
}

void Source::release(std::string_view part) const {
  if (!mapped_) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<std::size_t>(part.data() - bytes_.data());
  const std::size_t first = (offset + page - 1) / page * page;  // whole pages within the part
  const std::size_t last = (offset + part.size()) / page * page;
  if (first >= last) return;
  // A hint: where it is refused, the pages merely stay.
  ::madvise(const_cast<char*>(bytes_.data()) + first, last - first, MADV_DONTNEED);
}

}  // namespace bascule
