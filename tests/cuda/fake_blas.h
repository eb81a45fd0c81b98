#pragma once
// cuBLASLt without a GPU, on the memory and stream of the fake driver: products in double precision
// of matrices whose columns lie together, as the library has them. Its calls are counted, and made
// to fail, with those of the driver. What is wrong in a call is an error of the test.
#include <cstdint>
#include <map>
#include <memory>

#include "cuda/fake_driver.h"
#include "devices/cuda/libraries.h"

namespace bascule::test {

/// One at a time.
class FakeBlas {
 public:
  /// The driver outlives it.
  explicit FakeBlas(FakeDriver& driver);
  ~FakeBlas();
  FakeBlas(const FakeBlas&) = delete;
  FakeBlas& operator=(const FakeBlas&) = delete;

  [[nodiscard]] static cuda::Libraries libraries();

  std::string missing;  ///< why there is no library; empty: there is
  bool has_algorithms = true;
  /// Handles that were given out and not given back.
  [[nodiscard]] std::size_t alive() const;
  [[nodiscard]] int products() const { return products_; }
  [[nodiscard]] int heuristics() const { return heuristics_; }

 private:
  friend struct FakeBlasFunctions;
  struct Product {
    int compute = 0;
    bool transpose_a = false, transpose_b = false;
    std::uint32_t epilogue = cuda::kEpilogueNone;
    const float* bias = nullptr;
  };
  struct Matrix {
    int type = 0;
    std::int64_t rows = 0, columns = 0, stride = 0;
  };
  using Preference = std::uint64_t;

  FakeDriver& driver_;
  cuda::BlasLt table_;
  int products_ = 0, heuristics_ = 0;
  std::map<const void*, std::unique_ptr<Product>> described_;
  std::map<const void*, std::unique_ptr<Matrix>> matrices_;
  std::map<const void*, std::unique_ptr<Preference>> preferences_;
  std::map<const void*, std::unique_ptr<char>> handles_;
};

}  // namespace bascule::test
