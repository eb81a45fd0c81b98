// Speed of the dense products of the cpu device, against the multiply-adds that the processor can
// do in the same run: smallest time of many calls, with 1 and 2 threads. Weights rotate through
// copies of 16 MiB in all, so that they come from where a training step finds them.
// --cpu-time counts processor time per thread, for a machine that is shared: what others take is
// left out, but so is waiting for a core.
//   gemm_bench [--csv] [--cpu-time] [--bf16] [--isa NAME] [--seconds PER_CASE] [FILTER…]   a FILTER
//   is part of a line's name
//   gemm_bench --limits MIB…   the multiply-adds, and how fast two threads read and write arrays of
//   these sizes in place, alone
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <immintrin.h>
#include <sys/mman.h>

#include <bascule/base/random.h>
#include <bascule/base/threads.h>
#include <bascule/base/timer.h>

#include "devices/cpu/linear.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Floats = std::unique_ptr<float, Free>;

constexpr std::size_t kHugePage = std::size_t{2} << 20;

Floats make_floats(std::int64_t count, std::uint64_t seed) {
  const std::size_t bytes = (static_cast<std::size_t>(count + 64) * sizeof(float) + kHugePage - 1) /
                            kHugePage * kHugePage;
  Floats out(static_cast<float*>(std::aligned_alloc(kHugePage, bytes)));
  madvise(out.get(), bytes, MADV_HUGEPAGE);
  std::uint64_t state = seed;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    out.get()[i] = static_cast<float>(static_cast<double>(state >> 40) * 0x1p-24 - .5);
  }
  return out;
}

/// Floating-point operations of independent multiply-adds in registers, n rounds.
__attribute__((target("avx512f"))) double multiply_avx512(std::int64_t n) {
  __m512 sums[12];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  const __m512 x = _mm512_set1_ps(1.0001F), y = _mm512_set1_ps(1e-9F);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_fmadd_ps(sum, x, y);
    asm volatile("" ::"v"(sums[0]));
  }
  for (const auto& sum : sums) asm volatile("" ::"v"(sum));
  return double(n) * 12 * 32;
}
__attribute__((target("avx2,fma"))) double multiply_avx2(std::int64_t n) {
  __m256 sums[12];
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  const __m256 x = _mm256_set1_ps(1.0001F), y = _mm256_set1_ps(1e-9F);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm256_fmadd_ps(sum, x, y);
    asm volatile("" ::"x"(sums[0]));
  }
  for (const auto& sum : sums) asm volatile("" ::"x"(sum));
  return double(n) * 12 * 16;
}

__attribute__((target("avx512f,avx512bf16"))) double multiply_bf16(std::int64_t n) {
  __m512 sums[12];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  const auto x = (__m512bh)_mm512_set1_epi32(0x3f803f80);  // ones
  for (std::int64_t i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (auto& sum : sums) sum = _mm512_dpbf16_ps(sum, x, x);
    asm volatile("" ::"v"(sums[0]));
  }
  for (const auto& sum : sums) asm volatile("" ::"v"(sum));
  return double(n) * 12 * 64;
}

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
};
/// The same in tile registers.
__attribute__((target("amx-tile,amx-bf16"))) double multiply_tiles(std::int64_t n) {
  static const TileConfig config;
  _tile_loadconfig(&config);
  for (std::int64_t i = 0; i < n; ++i) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_release();
  return double(n) * 4 * 16 * 16 * 64;
}

struct Case {
  std::string name;
  LinearShape shape;
};
const std::vector<Case> kCases = {
    {"C1-a", {128, 1024, 100}},   {"C1-b", {128, 100, 10}},     {"C3-a", {32, 3072, 3000}},
    {"C3-b", {32, 3000, 1000}},   {"C3-c", {32, 1000, 10}},     {"C4-a", {32, 784, 500}},
    {"C4-b", {32, 500, 500}},     {"C4-c", {32, 500, 10}},      {"one-C1", {1, 1024, 100}},
    {"one-C3", {1, 3072, 3000}},  {"b64-C3", {64, 3072, 3000}}, {"b64-C4", {64, 500, 500}},
    {"any-1", {50, 700, 333}},    {"any-2", {100, 1300, 90}},   {"any-3", {200, 257, 1025}},
    {"any-4", {24, 2048, 640}},   {"any-5", {17, 999, 1999}},   {"any-6", {512, 512, 512}},
    {"any-7", {1024, 4096, 600}}, {"any-8", {7, 1500, 1500}},   {"vae-out", {500, 600, 20108}}};

class Bench {
 public:
  Bench(const GemmKernels& kernels, double seconds, bool csv, bool cpu_time, bool bf16,
        std::vector<std::string> filters)
      : kernels_(kernels),
        seconds_(seconds),
        csv_(csv),
        cpu_time_(cpu_time),
        bf16_(bf16),
        filters_(std::move(filters)) {}

  void print_limits(std::span<const std::string> sizes) {
    print_peaks();
    for (const std::string& mebibytes : sizes)
      fmt::print("# memory, 2 threads, {} MiB: {:.1f} GB/s\n", mebibytes,
                 measure_memory(std::strtod(mebibytes.c_str(), nullptr)));
  }

  void run() {
    print_peaks();
    fmt::print(
        fmt::runtime(csv_ ? "kernel,name,batch,inputs,outputs,threads,us,gflops,gbytes,share\n"
                          : "{:<22}{:<8}{:>5}{:>6}{:>6}{:>4}{:>10}{:>9}{:>8}{:>7}\n"),
        "kernel", "name", "M", "K", "N", "thr", "us", "GFLOP/s", "GB/s", "share");
    for (const Case& c : kCases) run_case(c);
  }

 private:
  void print_peaks() {
    for (int t = 0; t < 2; ++t) {
      peaks_[t] = measure_peak(t);
      fmt::print("# peak, {} thread{}: {:.1f} GFLOP/s\n", t + 1, t == 0 ? "" : "s", peaks_[t]);
    }
  }

  /// GB/s of two threads that change an array in place again and again.
  double measure_memory(double mebibytes) {
    constexpr std::int64_t kPieces = 64;
    const auto piece = static_cast<std::int64_t>(mebibytes * 0x1p18) / kPieces;
    const Floats array = make_floats(piece * kPieces, 1);
    double best = 0;
    for (const double end = now() + 1; now() < end;) {
      const double start = now();
      two_.run_in_shares(kPieces, [&](std::int64_t chunk, int) {
        float* p = array.get() + chunk * piece;
        for (std::int64_t i = 0; i < piece; ++i) p[i] *= 1.0000001F;
      });
      best = std::max(best, double(piece * kPieces) * 8 / seconds_since(start, 1) / 1e9);
    }
    return best;
  }

  void run_case(const Case& c) {
    LinearShape s = c.shape;
    s.bf16 = bf16_;
    // Halves have an even number of rows.
    const Panels panels{s.inputs + s.inputs % 2, s.outputs, kernels_.panel};
    const std::int64_t floats = (panels.floats() + 15) / 16 * 16;
    const std::int64_t copies = std::clamp<std::int64_t>((std::int64_t{4} << 20) / floats, 1, 64);
    const Floats w = make_floats(floats * copies, 1), s0 = make_floats(floats * copies, 2),
                 s1 = make_floats(floats * copies, 3), x = make_floats(s.batch * s.inputs, 4),
                 dy = make_floats(s.batch * s.outputs, 5), y = make_floats(s.batch * s.outputs, 6),
                 dx = make_floats(s.batch * s.inputs, 7), bias = make_floats(s.outputs, 8);
    std::transform(s1.get(), s1.get() + floats * copies, s1.get(), [](float v) { return v * v; });
    for (std::int64_t copy = 0; bf16_ && copy < copies; ++copy) {
      const Floats matrix = make_floats(s.inputs * s.outputs, 10);
      split_halves(s.inputs, Halves({s.inputs, s.outputs, kernels_.panel}), matrix.get(),
                   w.get() + copy * floats);
    }
    const double weight_bytes = (bf16_ ? 2.0 : 4.0) * double(floats);
    const auto measure = [&](const std::string& kernel, const GemmPlan& plan, double bytes,
                             int arrays, const auto& call) {
      const std::string name = kernel + " " + c.name;
      if (!filters_.empty() && std::none_of(filters_.begin(), filters_.end(), [&](const auto& f) {
            return name.find(f) != std::string::npos;
          }))
        return;
      const Floats workspace = make_floats(plan.workspace_floats(2), 9);
      for (int t = 0; t < 2; ++t) {
        double best = 1e9;
        const Stopwatch total;
        for (std::int64_t i = 0; i < 5 || total.seconds() < seconds_; ++i) {
          const double start = now();
          call(plan, (i % std::max<std::int64_t>(copies / arrays, 1)) * floats, workspace.get(),
               *pools_[t]);
          best = std::min(best, seconds_since(start, t));
        }
        const double flops = 2.0 * double(s.batch) * double(s.inputs) * double(s.outputs);
        print(kernel, c, t, best, flops, bytes);
      }
    };
    for (const MatrixLayout layout : {MatrixLayout::kPanels, MatrixLayout::kRowMajor}) {
      const std::string suffix = layout == MatrixLayout::kPanels ? "" : "-rows";
      measure("forward" + suffix, plan_linear_forward(kernels_, s, layout), weight_bytes, 1,
              [&](const GemmPlan& plan, std::int64_t at, float* workspace, ThreadPool& pool) {
                ForwardEpilogue epilogue;
                epilogue.bias = bias.get();
                epilogue.relu = true;
                linear_forward(plan, x.get(), w.get() + at, epilogue, y.get(), workspace, pool);
              });
      measure("dx" + suffix, plan_input_gradient(kernels_, s, layout), weight_bytes, 1,
              [&](const GemmPlan& plan, std::int64_t at, float* workspace, ThreadPool& pool) {
                BackwardEpilogue epilogue;
                epilogue.x = x.get();
                epilogue.relu = true;
                input_gradient(plan, dy.get(), w.get() + at, epilogue, dx.get(), workspace, pool);
              });
      measure("dw" + suffix, plan_weight_gradient(kernels_, s), weight_bytes, 1,
              [&](const GemmPlan& plan, std::int64_t at, float* workspace, ThreadPool& pool) {
                weight_gradient(plan, x.get(), dy.get(), layout, w.get() + at, workspace, pool);
              });
      for (const auto& [rule, rule_name] :
           {std::pair{UpdateRule::kSgd, "sgd"}, std::pair{UpdateRule::kNesterov, "nesterov"},
            std::pair{UpdateRule::kAdam, "adam"}}) {
        UpdateTarget target;
        target.rule = rule;
        target.parameters = adam_parameters({}, 10);
        target.parameters.lr = 1e-4F;
        measure("dw+" + std::string(rule_name) + suffix, plan_weight_gradient(kernels_, s),
                8.0 * double(floats) * (1 + update_states(rule)), 1 + update_states(rule),
                [&](const GemmPlan& plan, std::int64_t at, float* workspace, ThreadPool& pool) {
                  target.weights = w.get() + at;
                  target.states[0] = s0.get() + at;
                  target.states[1] = s1.get() + at;
                  update_weights(plan, x.get(), dy.get(), layout, target, workspace, pool);
                });
      }
    }
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        measure(fmt::format("gemm-{}{}", ta ? 't' : 'n', tb ? 't' : 'n'),
                plan_gemm(kernels_, {s.batch, s.inputs, s.outputs, ta, tb, bf16_}),
                4.0 * double(floats), 1,
                [&](const GemmPlan& plan, std::int64_t at, float* workspace, ThreadPool& pool) {
                  gemm(plan, x.get(), w.get() + at, y.get(), workspace, pool);
                });
      }
    }
  }

  /// GFLOP/s of all threads together.
  [[nodiscard]] double measure_peak(int t) const {
    const bool wide = __builtin_cpu_supports("avx512f") != 0;
    const bool tiles = bf16_ && kernels_.pairs->release != nullptr;
    const bool dot = bf16_ && has_bf16_products(kernels_);
    double best = 0;
    for (int repeat = 0; repeat < 500; ++repeat) {
      std::vector<double> done(static_cast<std::size_t>(t + 1));
      const double start = now();
      pools_[t]->run(t + 1, [&](std::int64_t chunk, int) {
        done[static_cast<std::size_t>(chunk)] = tiles  ? multiply_tiles(5'000)
                                                : dot  ? multiply_bf16(50'000)
                                                : wide ? multiply_avx512(50'000)
                                                       : multiply_avx2(50'000);
      });
      double flops = 0;
      for (const double d : done) flops += d;
      best = std::max(best, flops / seconds_since(start, t) / 1e9);
    }
    return best;
  }

  /// Seconds by the clock, or of all threads' work together.
  [[nodiscard]] double now() const {
    timespec time{};
    clock_gettime(cpu_time_ ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
  }

  [[nodiscard]] double seconds_since(double start, int t) const {
    return (now() - start) / (cpu_time_ ? t + 1 : 1);
  }

  void print(const std::string& kernel, const Case& c, int t, double seconds, double flops,
             double bytes) {
    const double rate = flops / seconds / 1e9;
    fmt::print(
        fmt::runtime(csv_ ? "{},{},{},{},{},{},{:.2f},{:.1f},{:.1f},{:.3f}\n"
                          : "{:<22}{:<8}{:>5}{:>6}{:>6}{:>4}{:>10.2f}{:>9.1f}{:>8.1f}{:>7.3f}\n"),
        kernel, c.name, c.shape.batch, c.shape.inputs, c.shape.outputs, t + 1, seconds * 1e6, rate,
        bytes / seconds / 1e9, rate / peaks_[t]);
    std::fflush(stdout);
  }

  const GemmKernels& kernels_;
  double seconds_;
  bool csv_, cpu_time_, bf16_;
  std::vector<std::string> filters_;
  ThreadPool one_{1}, two_{2};
  ThreadPool* pools_[2] = {&one_, &two_};
  double peaks_[2] = {};
};

}  // namespace
}  // namespace bascule::detail

int main(int argc, char** argv) {
  using bascule::detail::all_gemm_kernels;
  using bascule::detail::gemm_kernels;
  using bascule::detail::GemmKernels;
  bool csv = false, cpu_time = false, bf16 = false, limits = false;
  double seconds = .15;
  const GemmKernels* kernels = &gemm_kernels();
  std::vector<std::string> filters;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool more = i + 1 < argc;
    if (argument == "--csv") {
      csv = true;
    } else if (argument == "--cpu-time") {
      cpu_time = true;
    } else if (argument == "--bf16") {
      bf16 = true;
    } else if (argument == "--limits") {
      limits = true;
    } else if (argument == "--seconds" && more) {
      seconds = std::strtod(argv[++i], nullptr);
    } else if (argument == "--isa" && more) {
      const std::string name = argv[++i];
      for (const GemmKernels* each : all_gemm_kernels())
        if (each->name == name) kernels = each;
    } else {
      filters.push_back(argument);
    }
  }
  bascule::detail::Bench bench(*kernels, seconds, csv, cpu_time, bf16, filters);
  limits ? bench.print_limits(filters) : bench.run();
}
