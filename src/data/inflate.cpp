#include "data/inflate.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace bascule {
namespace {

using namespace std::string_view_literals;

constexpr auto kGzipMagic = "\x1f\x8b"sv;
constexpr auto kXzMagic =
    "\xfd"
    "7zXZ\0"sv;
constexpr auto kZstdMagic = "\x28\xb5\x2f\xfd"sv;
constexpr std::size_t kFirstBlock = std::size_t{1} << 20;
constexpr std::size_t kFreeOutput = std::size_t{8} << 20;
constexpr std::size_t kMaxRatio = 200;
constexpr std::uint64_t kXzMemory = std::uint64_t{512} << 20;
constexpr std::size_t kMaxStep = std::size_t{1} << 30;  // zlib counts in 32 bits

/// The growing output of one file.
class Output {
 public:
  Output(const std::string& name, std::int64_t max_bytes)
      : name_(name), max_bytes_(static_cast<std::size_t>(std::max<std::int64_t>(max_bytes, 0))) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { std::free(data_); }

  /// Makes room; to be called before every step of a decoder, `consumed` bytes into the input.
  Status reserve(std::size_t consumed) {
    if (size_ > max_bytes_)
      return error(fmt::format("inflates to more than the {} bytes allowed", max_bytes_));
    if (size_ > kFreeOutput && size_ / kMaxRatio > consumed)
      return error("inflates more than 200 times: refused as a decompression bomb");
    if (size_ < capacity_) return {};
    const std::size_t wanted = std::max(kFirstBlock, capacity_ * 2);
    void* grown = std::realloc(data_, wanted);
    if (grown == nullptr)
      return {Code::kFailed, fmt::format("{}: not enough memory for {} bytes", name_, wanted)};
    data_ = static_cast<char*>(grown);
    capacity_ = wanted;
    return {};
  }
  [[nodiscard]] char* next() { return data_ + size_; }
  [[nodiscard]] std::size_t room() const { return std::min(capacity_ - size_, kMaxStep); }
  void advance(std::size_t bytes) { size_ += bytes; }

  [[nodiscard]] Status error(std::string_view why) const {
    return {Code::kBadData, fmt::format("{}: {}", name_, why)};
  }
  Inflated finish() && {
    if (void* fitted = std::realloc(data_, std::max<std::size_t>(size_, 1)))
      data_ = static_cast<char*>(fitted);
    return {std::shared_ptr<void>(std::exchange(data_, nullptr), std::free), size_};
  }

 private:
  const std::string& name_;
  std::size_t max_bytes_;
  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

bool only_zeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

Status inflate_gzip(std::string_view in, Output& out) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {Code::kFailed, "zlib cannot start"};
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  std::size_t consumed = 0;
  for (;;) {
    BASCULE_TRY(out.reserve(consumed));
    const std::size_t step = std::min(in.size() - consumed, kMaxStep);
    const std::size_t room = out.room();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data() + consumed));
    stream.avail_in = static_cast<uInt>(step);
    stream.next_out = reinterpret_cast<Bytef*>(out.next());
    stream.avail_out = static_cast<uInt>(room);
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    consumed += step - stream.avail_in;
    out.advance(room - stream.avail_out);
    if (code == Z_STREAM_END) {
      if (only_zeros(in.substr(consumed))) return {};  // the end, or the padding of tapes
      if (!in.substr(consumed).starts_with(kGzipMagic))
        return out.error("bytes after the end of the gzip data");
      inflateReset(&stream);
    } else if (code == Z_MEM_ERROR) {
      return {Code::kFailed, "not enough memory for zlib"};
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return out.error("damaged gzip data");
    } else if (consumed == in.size() && stream.avail_out > 0) {
      return out.error("gzip data is cut short");
    }
  }
}

Status inflate_xz(std::string_view in, Output& out) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kXzMemory, LZMA_CONCATENATED) != LZMA_OK)
    return {Code::kFailed, "liblzma cannot start"};
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> guard(&stream, lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
  stream.avail_in = in.size();
  for (;;) {
    BASCULE_TRY(out.reserve(in.size() - stream.avail_in));
    const std::size_t room = out.room();
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.next());
    stream.avail_out = room;
    const lzma_ret code = lzma_code(&stream, LZMA_FINISH);
    out.advance(room - stream.avail_out);
    switch (code) {
      case LZMA_OK:
        break;
      case LZMA_STREAM_END:
        return {};
      case LZMA_BUF_ERROR:
        return out.error("xz data is cut short");
      case LZMA_MEM_ERROR:
        return {Code::kFailed, "not enough memory for liblzma"};
      case LZMA_MEMLIMIT_ERROR:
        return out.error("xz data wants more than 512 MiB to be unpacked");
      default:
        return out.error("damaged xz data");
    }
  }
}

Status inflate_zstd(std::string_view in, Output& out) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        ZSTD_freeDCtx);
  if (!context) return {Code::kFailed, "not enough memory for zstd"};
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  for (;;) {
    BASCULE_TRY(out.reserve(input.pos));
    ZSTD_outBuffer output{out.next(), out.room(), 0};
    const std::size_t code = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(code))
      return out.error(fmt::format("damaged zstd data ({})", ZSTD_getErrorName(code)));
    out.advance(output.pos);
    if (input.pos == input.size && output.pos < output.size)
      return code == 0 ? Status() : out.error("zstd data is cut short");
    if (code == 0 && input.pos == input.size) return {};
  }
}

}  // namespace

bool is_compressed(std::string_view bytes) {
  return bytes.starts_with(kGzipMagic) || bytes.starts_with(kXzMagic) ||
         bytes.starts_with(kZstdMagic);
}

Result<Inflated> inflate(const std::string& name, std::string_view bytes, std::int64_t max_bytes) {
  Output out(name, max_bytes);
  if (bytes.starts_with(kGzipMagic)) {
    BASCULE_TRY(inflate_gzip(bytes, out));
  } else if (bytes.starts_with(kXzMagic)) {
    BASCULE_TRY(inflate_xz(bytes, out));
  } else {
    BASCULE_TRY(inflate_zstd(bytes, out));
  }
  BASCULE_TRY(out.reserve(bytes.size()));
  return std::move(out).finish();
}

}  // namespace bascule
