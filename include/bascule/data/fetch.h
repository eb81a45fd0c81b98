#pragma once
// Downloads over HTTP(S): resumable, bounded, verified before a file gets its name.
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/data/catalogue.h>

namespace bascule {

struct FetchOptions {
  long connect_timeout_seconds = 20;
  /// A transfer slower than `low_speed_bytes` per second for `low_speed_seconds` is given up.
  long low_speed_bytes = 1000;
  long low_speed_seconds = 30;
  long max_redirects = 5;
  std::int64_t max_bytes = std::int64_t{16} << 30;
  /// How often one call starts again where a broken connection left it, as long as every try brings
  /// bytes.
  int tries = 5;
  std::string checksum;  ///< "md5:…" or "sha256:…"; empty: none
  /// Told the bytes so far (those of earlier tries included) and the size of the whole, 0 while
  /// that is unknown. Called often, from the calling thread.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
  const std::atomic<bool>* cancel = nullptr;  ///< set: stop with kInterrupted, keep what came
};

struct Fetched {
  std::string path;
  std::int64_t bytes = 0;
  std::string checksum;   ///< of the file: "sha256:…", or of the kind that was to be verified
  bool verified = false;  ///< it equals the checksum that was asked for
  std::int64_t resumed_at = 0;  ///< bytes that were there from an earlier call
};

/// Downloads `url` to `path`. Until it is complete and verified the file is `path`.part, with what
/// a later call needs to go on from there in `path`.part.info. Only http and https are spoken, and
/// a redirect never leaves https. Proxies are taken from the environment as curl does. kUsage: not
/// an http address. kBadData: checksum differs (the file is removed). kFailed: libcurl missing,
/// host not reached, refused by the server, broken off, too large, not writable.
Result<Fetched> fetch_file(const std::string& url, const std::string& path,
                           const FetchOptions& options = {});

struct FetchedSet {
  std::string path;  ///< folder of the set
  std::vector<Fetched> files;
};

/// Downloads a known set into `dir`/<name>; an archive is unpacked there and removed. Files that
/// are there already and have the right checksum (or none is known) are not downloaded again.
/// `options`' checksum is overruled by the catalogue. kUsage when the set cannot be downloaded;
/// kFailed when it comes as an archive and the folder exists.
Result<FetchedSet> fetch_set(const KnownSet& set, const std::string& dir,
                             const FetchOptions& options = {});

}  // namespace bascule
