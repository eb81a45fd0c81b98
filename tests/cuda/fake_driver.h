#pragma once
// A CUDA driver without a GPU: memory is the host's, streams do their work at once, kernels are the
// host-compiled bodies. A stream that records keeps copies of arguments, as the driver does, and
// refuses what cannot be recorded. Counts what it gives out and fails at the call it is told to.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cuda/emulated_kernels.h"
#include "devices/cuda/driver.h"
#include "devices/cuda/images.h"

namespace bascule::test {

/// One at a time: the driver's functions know of no object.
class FakeDriver {
 public:
  FakeDriver();
  ~FakeDriver();
  FakeDriver(const FakeDriver&) = delete;
  FakeDriver& operator=(const FakeDriver&) = delete;

  [[nodiscard]] const cuda::Driver& driver() const { return driver_; }
  /// Kernels for compute capability 8.0 and later, compiled by CUDA 13.0.
  [[nodiscard]] const cuda::Images& images() const { return images_; }

  int gpus = 1;
  int version = 13000;
  int capability = 90;
  std::int64_t memory = std::int64_t{1} << 30;
  bool loads_images = true;
  bool backwards = false;  ///< threads and blocks of kernels in the opposite order
  bool records = true;     ///< streams can be recorded
  int fail_at = 0;         ///< the number of the call that fails, from 1 on; 0: none

  [[nodiscard]] int calls() const { return calls_; }
  /// The call that failed because of fail_at; empty while there was none.
  [[nodiscard]] const std::string& failed() const { return failed_; }
  /// Contexts, streams, events, graphs, modules and memory that were given out and not given back.
  [[nodiscard]] std::size_t alive() const;
  [[nodiscard]] std::int64_t allocated() const { return allocated_; }
  [[nodiscard]] int allocations() const { return allocations_; }
  /// Graphs launched.
  [[nodiscard]] int graph_launches() const { return graph_launches_; }
  /// Waits for the whole stream.
  [[nodiscard]] int waits() const { return waits_; }
  // For libraries beside the driver:
  /// Counts a call of this name; what it is told to fail with, or success.
  int begin(const char* name);
  /// Whether so many bytes from here on belong to one block that was given out.
  [[nodiscard]] bool owns(const void* data, std::size_t bytes) const;
  /// Work of the stream: at once, or kept for a graph while the stream records.
  void do_or_record(std::function<void()> work);

 private:
  friend struct FakeFunctions;
  struct Free {
    void operator()(void* data) const;
  };
  using Memory = std::unique_ptr<void, Free>;
  struct Block {
    Memory memory;
    std::int64_t bytes = 0;
  };

  cuda::Driver driver_;
  cuda::Images images_;
  using Work = std::vector<std::function<void()>>;

  int calls_ = 0, allocations_ = 0, contexts_ = 0, graph_launches_ = 0, waits_ = 0;
  bool recording_ = false, broken_ = false;  ///< broken: by what cannot be recorded
  Work recorded_;
  std::int64_t allocated_ = 0;
  std::string failed_;
  std::set<const void*> handles_;  ///< streams, events, modules
  std::map<const void*, Block> blocks_;
  std::map<const void*, Work> graphs_;  ///< also those that can be launched
};

}  // namespace bascule::test
