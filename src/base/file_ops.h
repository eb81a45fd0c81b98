#pragma once
// The system calls that change files, behind a table, so that tests can make any one of them fail.
#include <cstddef>

#include <sys/types.h>

namespace bascule::detail {

struct FileOps {
  int (*open)(const char* path, int flags, mode_t mode);
  ssize_t (*write)(int fd, const void* data, std::size_t size);
  int (*fsync)(int fd);
  int (*close)(int fd);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};

/// The table in use; replaced by tests only, while no other thread writes files.
FileOps& file_ops();

}  // namespace bascule::detail
