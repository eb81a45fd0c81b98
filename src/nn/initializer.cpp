#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <bascule/base/config.h>
#include <bascule/base/random.h>
#include <bascule/base/text.h>
#include <bascule/nn/initializer.h>

namespace bascule::nn {
namespace {

using Kind = Initializer::Kind;

struct Named {
  std::string_view name;
  Kind kind;
  double parameter;
  bool takes_parameter;
};

constexpr std::array kNames = {
    Named{"zeros", Kind::kConstant, 0, false},
    Named{"ones", Kind::kConstant, 1, false},
    Named{"constant", Kind::kConstant, 0, true},
    Named{"uniform", Kind::kUniform, 0.05, true},
    Named{"normal", Kind::kNormal, 0.05, true},
    Named{"glorot_uniform", Kind::kGlorotUniform, 0, false},
    Named{"xavier_uniform", Kind::kGlorotUniform, 0, false},
    Named{"glorot_normal", Kind::kGlorotNormal, 0, false},
    Named{"xavier_normal", Kind::kXavierNormal, 0, false},
    Named{"he_uniform", Kind::kHeUniform, 0, false},
    Named{"kaiming_uniform", Kind::kHeUniform, 0, false},
    Named{"he_normal", Kind::kHeNormal, 0, false},
    Named{"kaiming_normal", Kind::kKaimingNormal, 0, false},
    Named{"lecun_uniform", Kind::kLecunUniform, 0, false},
    Named{"lecun_normal", Kind::kLecunNormal, 0, false},
    Named{"torch_linear", Kind::kTorchLinear, 0, false},
    Named{"orthogonal", Kind::kOrthogonal, 0, false},
};

/// Standard deviation of a standard normal cut at ±2.
constexpr double kTruncatedDeviation = 0.87962566103423978;
constexpr double kCut = 2;
constexpr std::int64_t kChunk = 1 << 16;

enum class Law { kConstant, kUniform, kNormal, kTruncated };
struct Draw {
  Law law;
  double size;  ///< the constant, the bound, the standard deviation
};

Draw draw_of(const Initializer& initializer, Fans fans) {
  const double in = static_cast<double>(std::max<std::int64_t>(fans.in, 1));
  const double both = std::max(1.0, static_cast<double>(fans.in) + static_cast<double>(fans.out));
  switch (initializer.kind) {
    case Kind::kConstant:
      return {Law::kConstant, initializer.parameter};
    case Kind::kUniform:
      return {Law::kUniform, initializer.parameter};
    case Kind::kNormal:
      return {Law::kNormal, initializer.parameter};
    case Kind::kGlorotUniform:
      return {Law::kUniform, std::sqrt(6 / both)};
    case Kind::kGlorotNormal:
      return {Law::kTruncated, std::sqrt(2 / both)};
    case Kind::kXavierNormal:
      return {Law::kNormal, std::sqrt(2 / both)};
    case Kind::kHeUniform:
      return {Law::kUniform, std::sqrt(6 / in)};
    case Kind::kHeNormal:
      return {Law::kTruncated, std::sqrt(2 / in)};
    case Kind::kKaimingNormal:
      return {Law::kNormal, std::sqrt(2 / in)};
    case Kind::kLecunUniform:
      return {Law::kUniform, std::sqrt(3 / in)};
    case Kind::kLecunNormal:
      return {Law::kTruncated, std::sqrt(1 / in)};
    case Kind::kTorchLinear:
      return {Law::kUniform, 1 / std::sqrt(in)};
    case Kind::kOrthogonal:
      break;
  }
  return {Law::kNormal, 1};
}

double truncated_normal(const Philox& random, std::uint64_t index) {
  constexpr int kAttemptShift = 48;  // no parameter has so many elements
  for (std::uint64_t attempt = 0;; ++attempt) {
    const double z = random.normal(index + (attempt << kAttemptShift));
    if (std::abs(z) <= kCut) return z / kTruncatedDeviation;
  }
}

/// Four neighbours share a block of random words, so `begin` is a multiple of four.
void fill_uniform(const Philox& random, double bound, std::size_t begin, std::span<float> values) {
  constexpr std::size_t kWords = 4;
  for (std::size_t i = 0; i < values.size(); i += kWords) {
    const PhiloxBlock words = random.block((begin + i) / kWords);
    for (std::size_t w = 0; w < kWords && i + w < values.size(); ++w)
      values[i + w] = static_cast<float>((2.0 * (words[w] >> 8) * 0x1.0p-24 - 1.0) * bound);
  }
}

void fill(const Philox& random, Draw how, std::size_t begin, std::span<float> values) {
  switch (how.law) {
    case Law::kConstant:
      std::fill(values.begin(), values.end(), static_cast<float>(how.size));
      break;
    case Law::kUniform:
      fill_uniform(random, how.size, begin, values);
      break;
    case Law::kNormal:
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(how.size * random.normal(begin + i));
      break;
    case Law::kTruncated:
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(how.size * truncated_normal(random, begin + i));
      break;
  }
}

/// Orthonormal columns of a tall [rows, columns] matrix by Gram–Schmidt, each vector twice ("twice
/// is enough"). Column-major.
void orthonormalize(std::vector<double>& a, std::size_t rows, std::size_t columns) {
  for (std::size_t j = 0; j < columns; ++j) {
    double* v = a.data() + j * rows;
    for (int round = 0; round < 2; ++round) {
      for (std::size_t k = 0; k < j; ++k) {
        const double* q = a.data() + k * rows;
        double dot = 0;
        for (std::size_t i = 0; i < rows; ++i) dot += q[i] * v[i];
        for (std::size_t i = 0; i < rows; ++i) v[i] -= dot * q[i];
      }
    }
    double norm = 0;
    for (std::size_t i = 0; i < rows; ++i) norm += v[i] * v[i];
    norm = std::sqrt(norm);
    for (std::size_t i = 0; i < rows; ++i) v[i] /= norm;
  }
}

Status fill_orthogonal(const Shape& shape, const Philox& random, std::span<float> values) {
  if (shape.rank() != 2)
    return {Code::kUsage, fmt::format("orthogonal: {} is not a matrix", shape.to_string())};
  const auto rows = static_cast<std::size_t>(shape[0]),
             columns = static_cast<std::size_t>(shape[1]);
  const std::size_t tall = std::max(rows, columns), thin = std::min(rows, columns);
  std::vector<double> a(tall * thin);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = random.normal(i);
  orthonormalize(a, tall, thin);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j)
      values[i * columns + j] =
          static_cast<float>(rows >= columns ? a[j * tall + i] : a[i * tall + j]);
  }
  return {};
}

}  // namespace

Result<Initializer> parse_initializer(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const Named& one) { return one.name == name; });
  if (found == kNames.end()) {
    std::vector<std::string> known;
    known.reserve(kNames.size());
    for (const Named& one : kNames) known.emplace_back(one.name);
    const auto near = nearest_word(name, known);
    return Error{Code::kUsage, fmt::format("unknown initialiser {}{}", printable(text),
                                           near ? fmt::format("; did you mean {}?", *near) : "")};
  }
  Initializer result{found->kind, found->parameter};
  if (open == std::string_view::npos) return result;
  const std::string_view number = text.substr(open + 1, text.size() - open - 2);
  const auto parsed =
      std::from_chars(number.data(), number.data() + number.size(), result.parameter);
  if (!found->takes_parameter || text.back() != ')' || text.size() < open + 3 ||
      parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() ||
      !std::isfinite(result.parameter))
    return Error{Code::kUsage,
                 fmt::format("initialiser {}: {}", printable(text),
                             found->takes_parameter ? "expected a number in parentheses"
                                                    : "takes no parameter")};
  return result;
}

std::uint64_t name_stream(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

Status initialize(const Initializer& initializer, const Shape& shape, Fans fans, std::uint64_t seed,
                  std::uint64_t stream, std::span<float> values, ThreadPool& pool) {
  const Philox random(seed, stream);
  if (initializer.kind == Kind::kOrthogonal) return fill_orthogonal(shape, random, values);
  const Draw how = draw_of(initializer, fans);
  const Chunks chunks{static_cast<std::int64_t>(values.size()), kChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    const auto begin = static_cast<std::size_t>(chunks.begin(chunk));
    fill(random, how, begin,
         values.subspan(begin, static_cast<std::size_t>(chunks.end(chunk)) - begin));
  });
  return {};
}

}  // namespace bascule::nn
