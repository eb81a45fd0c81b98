#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bascule/base/file.h>

#include "base/file_ops.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using ::testing::HasSubstr;

std::string slurp(const std::string& path) {
  auto content = read_file(path, 1 << 20);
  return content.ok() ? std::move(content).value() : "<" + content.error().message + ">";
}

// Counts the calls of the table and makes one of them fail; restores the table when it goes.
class FailingOps {
 public:
  enum Kind { kOpen, kWrite, kSync, kClose, kRename, kNone };
  FailingOps(Kind which, int nth) : saved_(detail::file_ops()) {
    kind = which;
    countdown = nth;
    has_fired = false;
    real = saved_;
    detail::file_ops() = {[](const char* path, int flags, mode_t mode) {
                            return fails(kOpen) ? -1 : real.open(path, flags, mode);
                          },
                          [](int fd, const void* data, std::size_t size) -> ssize_t {
                            return fails(kWrite) ? -1 : real.write(fd, data, size);
                          },
                          [](int fd) { return fails(kSync) ? -1 : real.fsync(fd); },
                          [](int fd) {
                            const int result = real.close(fd);
                            return fails(kClose) ? -1 : result;
                          },
                          [](const char* from, const char* to) {
                            return fails(kRename) ? -1 : real.rename(from, to);
                          },
                          real.unlink};
  }
  ~FailingOps() { detail::file_ops() = saved_; }
  FailingOps(const FailingOps&) = delete;
  FailingOps& operator=(const FailingOps&) = delete;

  static bool fired() { return has_fired; }

 private:
  static bool fails(Kind called) {
    if (called != kind || --countdown != 0) return false;
    has_fired = true;
    errno = ENOSPC;
    return true;
  }
  detail::FileOps saved_;
  static inline detail::FileOps real;
  static inline Kind kind = kNone;
  static inline int countdown = 0;
  static inline bool has_fired = false;
};

Status write_two_pieces(const std::string& path) {
  const std::string a = "new ", b = "content";
  const std::array pieces = {std::as_bytes(std::span(a)), std::as_bytes(std::span(b))};
  return write_atomically(path, pieces);
}

TEST(AtomicFile, ReplacesTheWholeFile) {
  const TempFolder folder;
  const std::string path = folder / "file";
  ASSERT_TRUE(write_atomically(path, "a rather long old content").ok());
  ASSERT_TRUE(write_two_pieces(path).ok());
  EXPECT_EQ(slurp(path), "new content");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(AtomicFile, RespectsTheUmaskAndRelativePaths) {
  const TempFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const mode_t mask = ::umask(027);
  const Status status = write_atomically("plain", "x");
  ::umask(mask);
  std::filesystem::current_path(before);
  ASSERT_TRUE(status.ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder / "plain").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
}

TEST(AtomicFile, WithoutCommitNothingRemains) {
  const TempFolder folder;
  {
    auto file = AtomicFile::create(folder / "file");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("half").ok());
    EXPECT_EQ(folder.entries(), 1);  // the temporary
  }
  EXPECT_EQ(folder.entries(), 0);
}

// The n-th call of each kind fails, n = 1, 2, … until none is left to fail.
TEST(AtomicFile, AnyFailingCallLeavesAWholeFileAndNoTemporary) {
  for (const auto kind : {FailingOps::kOpen, FailingOps::kWrite, FailingOps::kSync,
                          FailingOps::kClose, FailingOps::kRename}) {
    int failures = 0;
    for (int nth = 1;; ++nth) {
      const TempFolder folder;
      const std::string path = folder / "file";
      ASSERT_TRUE(write_atomically(path, "old").ok());
      Status status;
      bool fired = false;
      {
        const FailingOps ops(kind, nth);
        status = write_two_pieces(path);
        fired = FailingOps::fired();
      }
      EXPECT_EQ(folder.entries(), 1) << "kind " << kind << " call " << nth;
      if (!fired) {
        EXPECT_TRUE(status.ok());
        EXPECT_EQ(slurp(path), "new content");
        break;
      }
      ++failures;
      const std::string now = slurp(path);
      // Only the folder's own open, sync and close come after the rename.
      const bool after_rename =
          nth == 2 &&
          (kind == FailingOps::kOpen || kind == FailingOps::kSync || kind == FailingOps::kClose);
      EXPECT_EQ(now, after_rename ? "new content" : "old") << "kind " << kind << " call " << nth;
      if (kind == FailingOps::kClose && after_rename) continue;  // nothing is lost by it
      ASSERT_FALSE(status.ok()) << "kind " << kind << " call " << nth;
      EXPECT_EQ(status.error().code, Code::kFailed);
      EXPECT_THAT(status.error().message, HasSubstr(path));
      EXPECT_THAT(status.error().message, HasSubstr("No space left"));
    }
    EXPECT_EQ(failures, kind == FailingOps::kRename ? 1 : 2) << "kind " << kind;
  }
}

TEST(AtomicFile, GoesOnAfterInterruptsAndShortWrites) {
  const detail::FileOps saved = detail::file_ops();
  static detail::FileOps real;
  static int calls;
  real = saved;
  calls = 0;
  detail::file_ops().write = [](int fd, const void* data, std::size_t size) -> ssize_t {
    if (++calls % 2 == 1) {
      errno = EINTR;
      return -1;
    }
    return real.write(fd, data, size > 3 ? 3 : size);
  };
  const TempFolder folder;
  const Status status = write_two_pieces(folder / "file");
  detail::file_ops() = saved;
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(slurp(folder / "file"), "new content");
  EXPECT_GT(calls, 8);
}

TEST(AtomicFile, NamesAFolderThatIsMissing) {
  const TempFolder folder;
  const std::string path = folder / "no/such/file";
  const Status status = write_atomically(path, "x");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kFailed);
  EXPECT_THAT(status.error().message, HasSubstr(path));
}

TEST(AppendDurably, AppendsAndReportsFailure) {
  const TempFolder folder;
  const std::string path = folder / "log";
  ASSERT_TRUE(append_durably(path, "one\n").ok());
  ASSERT_TRUE(append_durably(path, "two\n").ok());
  EXPECT_EQ(slurp(path), "one\ntwo\n");
  for (const auto kind : {FailingOps::kOpen, FailingOps::kWrite, FailingOps::kSync}) {
    const FailingOps ops(kind, 1);
    EXPECT_FALSE(append_durably(path, "three\n").ok());
  }
}

TEST(ReadFile, LimitsAndKinds) {
  const TempFolder folder;
  const std::string path = folder / "file";
  ASSERT_TRUE(write_atomically(path, "12345").ok());
  EXPECT_EQ(slurp(path), "12345");
  EXPECT_TRUE(read_file(path, 5).ok());
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const auto& [name, limit, why] :
       {std::tuple(path, 4, "larger than 4 bytes"), std::tuple(folder / "none", 9, "No such file"),
        std::tuple(folder.path(), 9, "not a regular file"),
        std::tuple(folder / "pipe", 9, "not a regular file")}) {
    const auto result = read_file(name, limit);
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_EQ(result.error().code, Code::kBadData);
    EXPECT_THAT(result.error().message, HasSubstr(name));
    EXPECT_THAT(result.error().message, HasSubstr(why));
  }
  EXPECT_THAT(slurp("/proc/self/stat"), HasSubstr(std::to_string(::getpid())));  // claims size 0
}

TEST(MappedFile, MapsAndRefuses) {
  const TempFolder folder;
  ASSERT_TRUE(write_atomically(folder / "file", "mapped").ok());
  ASSERT_TRUE(write_atomically(folder / "empty", "").ok());
  auto file = MappedFile::open(folder / "file");
  ASSERT_TRUE(file.ok());
  MappedFile moved = std::move(*file);
  EXPECT_EQ(moved.text(), "mapped");
  EXPECT_EQ(moved.path(), folder / "file");
  const auto empty = MappedFile::open(folder / "empty");
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->bytes().empty());
  for (const std::string& bad : {folder / "none", folder.path(), std::string("/dev/null")}) {
    const auto refused = MappedFile::open(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, Code::kBadData);
    EXPECT_THAT(refused.error().message, HasSubstr(bad));
  }
}

}  // namespace
}  // namespace bascule
