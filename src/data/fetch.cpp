#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include <bascule/base/digest.h>
#include <bascule/data/fetch.h>

#include "data/archive.h"
#include "data/part_file.h"
#include "data/transfer.h"

namespace bascule {
namespace {

namespace fs = std::filesystem;

struct Checksum {
  DigestKind kind = DigestKind::kSha256;
  std::string hex;  // empty: none is known
};

Result<Checksum> parse_checksum(const std::string& text) {
  Checksum sum;
  if (text.empty()) return sum;
  for (const DigestKind kind : {DigestKind::kMd5, DigestKind::kSha256}) {
    const std::string_view name = digest_name(kind);
    const std::size_t digits = kind == DigestKind::kMd5 ? 32 : 64;
    if (!text.starts_with(name) || text.size() != name.size() + 1 + digits) continue;
    sum.kind = kind;
    sum.hex = text.substr(name.size() + 1);
    std::transform(sum.hex.begin(), sum.hex.end(), sum.hex.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return sum;
  }
  return Error{Code::kUsage, fmt::format("checksum \"{}\" is neither md5: nor sha256:", text)};
}

/// Runs transfers until the file is complete, or a try fails without bringing bytes.
Status download(const std::string& url, PartFile& part, const FetchOptions& options) {
  for (int attempt = 1;; ++attempt) {
    const std::int64_t before = part.size();
    Transfer transfer(url, part, options);
    Status status = transfer.run();
    if (status.ok()) return status;
    const bool useful = transfer.can_go_on() && (part.size() > before || transfer.start_over());
    if (!useful || attempt >= options.tries) return status;
  }
}

Status verify(const Fetched& fetched, const Checksum& expected, const std::string& url) {
  if (expected.hex.empty() || fetched.verified) return {};
  return {Code::kBadData, fmt::format("{}: checksum is {}, not {}:{}; the file was removed", url,
                                      fetched.checksum, digest_name(expected.kind), expected.hex)};
}

Result<Fetched> describe(const std::string& path, const Checksum& expected) {
  Fetched fetched;
  fetched.path = path;
  BASCULE_ASSIGN(const std::string hex, file_digest(path, expected.kind));
  fetched.checksum = fmt::format("{}:{}", digest_name(expected.kind), hex);
  fetched.verified = !expected.hex.empty() && hex == expected.hex;
  std::error_code error;
  fetched.bytes = static_cast<std::int64_t>(fs::file_size(path, error));
  if (error) return Error{Code::kFailed, fmt::format("cannot read {}", path)};
  return fetched;
}

Result<Fetched> fetch_set_file(const SetFile& file, const std::string& path, FetchOptions options) {
  options.checksum = file.checksum;
  // A wrong size is told by the checksum; the bound only keeps a hostile server from filling disks.
  if (file.bytes > 0) options.max_bytes = std::min(options.max_bytes, file.bytes);
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    BASCULE_ASSIGN(const Checksum expected, parse_checksum(options.checksum));
    BASCULE_ASSIGN(Fetched present, describe(path, expected));
    if (present.verified || expected.hex.empty()) return present;
  }
  return fetch_file(std::string(file.url), path, options);
}

}  // namespace

Result<Fetched> fetch_file(const std::string& url, const std::string& path,
                           const FetchOptions& options) {
  BASCULE_ASSIGN(const Checksum expected, parse_checksum(options.checksum));
  BASCULE_TRY(check_address(url));
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error)
    return Error{Code::kFailed,
                 fmt::format("cannot make {}: {}", folder.string(), error.message())};
  PartFile part(path, url);
  BASCULE_TRY(part.open(!expected.hex.empty()));
  const std::int64_t resumed_at = part.size();
  if (Status status = download(url, part, options); !status.ok()) {
    if (part.size() == 0) part.discard();  // nothing to go on from
    return std::move(status).take_error();
  }
  BASCULE_ASSIGN(Fetched fetched, describe(part.part_path(), expected));
  if (Status status = verify(fetched, expected, url); !status.ok()) {
    part.discard();
    return std::move(status).take_error();
  }
  BASCULE_TRY(part.commit());
  fetched.path = path;
  fetched.resumed_at = resumed_at;
  return fetched;
}

Result<FetchedSet> fetch_set(const KnownSet& set, const std::string& dir,
                             const FetchOptions& options) {
  if (set.files.empty())
    return Error{Code::kUsage, fmt::format("{} cannot be downloaded: {}", set.name, set.note)};
  FetchedSet result;
  result.path = fmt::format("{}/{}", dir, set.name);
  std::error_code error;
  if (set.archive && fs::exists(result.path, error) && !fs::is_empty(result.path, error))
    return Error{
        Code::kFailed,
        fmt::format("{} is there already; remove it to download the set again", result.path)};
  for (const SetFile& file : set.files) {
    const std::string path = fmt::format("{}/{}", set.archive ? dir : result.path, file.name);
    BASCULE_ASSIGN(Fetched fetched, fetch_set_file(file, path, options));
    if (set.archive) {
      BASCULE_TRY(unpack_archive(path, result.path));
      fs::remove(path, error);
    }
    result.files.push_back(std::move(fetched));
  }
  return result;
}

}  // namespace bascule
