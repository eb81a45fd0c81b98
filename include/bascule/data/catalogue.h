#pragma once
// Data sets known by name: what they hold, where they come from, under which terms; and where a set
// is found on this machine.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

/// One file to download.
struct SetFile {
  std::string_view url;
  std::string_view name;      ///< the last part of its address
  std::int64_t bytes = 0;     ///< 0: not known
  std::string_view checksum;  ///< "md5:…" or "sha256:…"; empty: none is published
};

/// A data set known by name.
struct KnownSet {
  std::string_view name;
  std::string_view task;  ///< "ratings" or "images"
  std::string_view what;
  /// Ratings: users, items, rows. Images: users is 0, items is the number of classes, rows images.
  std::int64_t users = 0, items = 0, rows = 0;
  std::string_view origin;  ///< page of the publisher
  std::string_view terms;
  std::vector<SetFile> files;  ///< empty: cannot be downloaded, `note` says where it comes from
  bool archive = false;  ///< the one file is a zip or tar to unpack; else files stay as they are
  std::string_view note;
};

/// All known sets, ratings first.
const std::vector<KnownSet>& known_sets();
/// Null when there is none of this name.
const KnownSet* known_set(std::string_view name);

/// The user's cache of data sets: $XDG_CACHE_HOME/bascule/data, else ~/.cache/bascule/data; empty
/// when neither variable is set.
std::string data_cache_dir();
/// Where sets are searched, in order: `data_option` (of --data; may be empty), $BASCULE_DATA, the
/// user's cache.
std::vector<std::string> data_dirs(const std::string& data_option = {});

/// Path of a set, file or folder: `name` itself when it is a path that exists, else <dir>/<name> or
/// <dir>/movielens/<name> in the first of `dirs` that has it. kBadData says where was searched.
Result<std::string> find_set(const std::string& name, const std::vector<std::string>& dirs);

}  // namespace bascule
