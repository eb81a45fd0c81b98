#pragma once
// libcurl, opened when first needed: linking it would cost every command some 10 ms of start-up.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <bascule/base/status.h>

namespace bascule {

/// The functions of libcurl that are used.
struct CurlApi {
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
};

/// Opens and initialises libcurl once; kFailed when the machine has none.
Result<const CurlApi*> curl_api();

}  // namespace bascule
