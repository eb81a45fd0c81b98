#include "data/curl_api.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace bascule {
namespace {

template <class Function>
bool load(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

struct Loaded {
  CurlApi api;
  bool ok = false;

  Loaded() {
    for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
      // Never closed: libcurl's TLS libraries do not survive being unloaded.
      void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (library == nullptr) continue;
      decltype(&::curl_global_init) global_init = nullptr;
      ok = load(library, "curl_global_init", global_init) &&
           load(library, "curl_easy_init", api.easy_init) &&
           load(library, "curl_easy_cleanup", api.easy_cleanup) &&
           load(library, "curl_easy_setopt", api.easy_setopt) &&
           load(library, "curl_easy_perform", api.easy_perform) &&
           load(library, "curl_slist_append", api.slist_append) &&
           load(library, "curl_slist_free_all", api.slist_free_all) &&
           load(library, "curl_easy_strerror", api.easy_strerror) &&
           global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
      if (ok) return;
    }
  }
};

}  // namespace

Result<const CurlApi*> curl_api() {
  static const Loaded loaded;
  if (!loaded.ok)
    return Error{Code::kFailed,
                 "downloads need libcurl (libcurl.so.4; Debian package libcurl4), which is not "
                 "installed"};
  return &loaded.api;
}

}  // namespace bascule
