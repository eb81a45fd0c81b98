#include "data/transfer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>

#include <fmt/format.h>

#include <bascule/base/text.h>

namespace bascule {
namespace {

constexpr std::size_t kMaxValidator = 1024;

bool starts_with_nocase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [](char a, char b) {
           return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
         });
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Reads digits off the front of `text`; -1 when there are none or too many.
std::int64_t take_number(std::string_view& text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::string_view host_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  url = url.substr(0, url.find_first_of("/?#"));
  const std::size_t at = url.rfind('@');
  return at == std::string_view::npos ? url : url.substr(at + 1);
}

}  // namespace

Status check_address(const std::string& url) {
  const bool known = starts_with_nocase(url, "http://") || starts_with_nocase(url, "https://");
  const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20; });
  if (!known || !plain || host_of(url).empty())
    return {Code::kUsage, fmt::format("\"{}\" is not an http or https address", printable(url))};
  return {};
}

void Transfer::header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also of each redirect on the way
    answer_ = {};
    std::string_view rest = line.substr(std::min(line.find(' '), line.size()));
    rest = trimmed(rest);
    answer_.code = static_cast<long>(take_number(rest));
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string_view value = trimmed(line.substr(colon + 1));
  if (starts_with_nocase(line, "content-length:")) {
    answer_.length = take_number(value);
  } else if (starts_with_nocase(line, "etag:") && value.size() <= kMaxValidator) {
    answer_.etag = value;
  } else if (starts_with_nocase(line, "last-modified:") && value.size() <= kMaxValidator) {
    answer_.modified = value;
  } else if (starts_with_nocase(line, "content-range:") && starts_with_nocase(value, "bytes ")) {
    value.remove_prefix(6);
    answer_.range_begin = take_number(value);
    const std::size_t slash = value.find('/');
    value.remove_prefix(slash == std::string_view::npos ? value.size() : slash + 1);
    answer_.range_total = take_number(value);
  }
}

Status Transfer::begin_body() {
  body_begun_ = true;
  if (answer_.code == 206) {
    if (asked_from_ == 0 || answer_.range_begin != asked_from_)
      return {Code::kFailed,
              fmt::format("{} sent another part of {} than asked for", host_of(url_), url_)};
    total_ = std::max<std::int64_t>(answer_.range_total, 0);
  } else {
    if (part_.size() > 0) BASCULE_TRY(part_.restart());
    total_ = std::max<std::int64_t>(answer_.length, 0);
    // A weak ETag does not promise equal bytes, so it cannot join two downloads.
    const bool weak = answer_.etag.starts_with("W/");
    BASCULE_TRY(
        part_.set_validator(answer_.etag.empty() || weak ? answer_.modified : answer_.etag));
  }
  if (total_ > options_.max_bytes)
    return {Code::kFailed, fmt::format("{}: {} bytes, more than the {} expected at most", url_,
                                       total_, options_.max_bytes)};
  return {};
}

Status Transfer::body(std::string_view bytes) {
  if (answer_.code != 200 && answer_.code != 206) return {};  // text of a redirect
  if (!body_begun_) BASCULE_TRY(begin_body());
  if (static_cast<std::int64_t>(bytes.size()) > options_.max_bytes - part_.size())
    return {Code::kFailed,
            fmt::format("{}: more than the {} bytes expected at most", url_, options_.max_bytes)};
  return part_.append(bytes);
}

bool Transfer::report() const {
  if (options_.cancel != nullptr && options_.cancel->load()) return false;
  if (options_.progress) options_.progress(part_.size(), total_);
  return true;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<Transfer*>(self)->header({data, size * count});
  return size * count;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->failure_ = transfer->body({data, size * count});
  return transfer->failure_.ok() ? size * count : 0;
}

int Transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Transfer*>(self)->report() ? 0 : 1;
}

Status Transfer::configure(const CurlApi& api, CURL* handle, curl_slist** headers) {
  bool ok = true;
  const auto set = [&](CURLoption option, auto value) {
    ok = ok && api.easy_setopt(handle, option, value) == CURLE_OK;
  };
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, starts_with_nocase(url_, "https:") ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, options_.max_redirects);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);  // the process has threads
  set(CURLOPT_CONNECTTIMEOUT, options_.connect_timeout_seconds);
  set(CURLOPT_LOW_SPEED_LIMIT, options_.low_speed_bytes);
  set(CURLOPT_LOW_SPEED_TIME, options_.low_speed_seconds);
  set(CURLOPT_USERAGENT, "bascule/" BASCULE_VERSION);
  set(CURLOPT_ERRORBUFFER, message_);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, this);
  asked_from_ = part_.size();
  if (asked_from_ > 0) {
    range_ = fmt::format("{}-", asked_from_);
    set(CURLOPT_RANGE, range_.c_str());
    if (!part_.validator().empty()) {
      if_range_ = "If-Range: " + part_.validator();
      *headers = api.slist_append(nullptr, if_range_.c_str());
      set(CURLOPT_HTTPHEADER, *headers);
    }
  }
  if (!ok) return {Code::kFailed, "this libcurl is too old: 7.85 or newer is needed"};
  return {};
}

Status Transfer::run() {
  BASCULE_ASSIGN(const CurlApi* api, curl_api());
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(api->easy_init(), api->easy_cleanup);
  if (!handle) return {Code::kFailed, "libcurl cannot start a transfer"};
  curl_slist* headers = nullptr;
  Status status = configure(*api, handle.get(), &headers);
  if (status.ok()) status = conclude(*api, api->easy_perform(handle.get()));
  api->slist_free_all(headers);
  return status;
}

Status Transfer::conclude(const CurlApi& api, CURLcode code) {
  if (!failure_.ok()) return failure_;
  const std::string_view host = host_of(url_);
  const std::string why = message_[0] != '\0' ? message_ : api.easy_strerror(code);
  switch (code) {
    case CURLE_OK:
      if (!body_begun_) BASCULE_TRY(begin_body());  // an empty file
      if (total_ > 0 && part_.size() != total_) break;
      return {};
    case CURLE_ABORTED_BY_CALLBACK:
      return {Code::kInterrupted,
              fmt::format("stopped after {} bytes of {}; the same command goes on from there",
                          part_.size(), url_)};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return {Code::kFailed, fmt::format("cannot reach {}: {}", host, why)};
    case CURLE_OPERATION_TIMEDOUT:
      if (answer_.code == 0 && part_.size() == asked_from_)
        return {Code::kFailed, fmt::format("cannot reach {}: {}", host, why)};
      break;
    case CURLE_HTTP_RETURNED_ERROR:
      if (answer_.code == 416) {
        if (answer_.range_total == part_.size()) return {};  // all of it had come before
        can_go_on_ = start_over_ = true;
        BASCULE_TRY(part_.restart());
      }
      return {Code::kFailed, fmt::format("{} answered {} for {}", host, answer_.code, url_)};
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      break;
    default:
      return {Code::kFailed, fmt::format("download of {} failed: {}", url_, why)};
  }
  can_go_on_ = true;
  return {Code::kFailed,
          fmt::format("{} broke off after {} bytes of {} ({}); the same command goes on from there",
                      host, part_.size(), url_, why)};
}

}  // namespace bascule
