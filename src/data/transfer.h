#pragma once
// One HTTP exchange that adds to a PartFile.
#include <cstdint>
#include <string>
#include <string_view>

#include <bascule/base/status.h>
#include <bascule/data/fetch.h>

#include "data/curl_api.h"
#include "data/part_file.h"

namespace bascule {

/// kUsage unless `url` is a plain http or https address.
Status check_address(const std::string& url);

class Transfer {
 public:
  Transfer(const std::string& url, PartFile& part, const FetchOptions& options)
      : url_(url), part_(part), options_(options) {}

  /// Asks for what the part file lacks; ok when the server has sent all of it.
  Status run();
  /// After a failure: another try may succeed.
  [[nodiscard]] bool can_go_on() const { return can_go_on_; }
  /// After a failure: the server refused to continue, and the part file was emptied.
  [[nodiscard]] bool start_over() const { return start_over_; }

 private:
  /// The headers of the answer now coming.
  struct Answer {
    long code = 0;
    std::int64_t length = -1;
    std::int64_t range_begin = -1, range_total = -1;
    std::string etag, modified;
  };

  Status configure(const CurlApi& api, CURL* handle, curl_slist** headers);
  Status conclude(const CurlApi& api, CURLcode code);
  void header(std::string_view line);
  Status begin_body();
  Status body(std::string_view bytes);
  bool report() const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const std::string& url_;
  PartFile& part_;
  const FetchOptions& options_;
  Answer answer_;
  std::string if_range_, range_;
  std::int64_t asked_from_ = 0, total_ = 0;
  bool body_begun_ = false, can_go_on_ = false, start_over_ = false;
  Status failure_;
  char message_[CURL_ERROR_SIZE] = {};
};

}  // namespace bascule
