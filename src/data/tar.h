#pragma once
#include <string>

#include <bascule/base/status.h>

#include "data/unpack_folder.h"

namespace bascule {

/// Reads a tar file, plain or gzip, into `out`. Accepts ustar and old GNU headers with regular
/// files and folders; every other type, size coding or damage is kBadData.
Status unpack_tar(const std::string& path, UnpackFolder& out);

}  // namespace bascule
