#include "devices/cuda/resident_rows.h"

#include <cassert>
#include <optional>
#include <vector>

#include <bascule/devices/device.h>

#include "devices/cuda/compressed_values.h"

namespace bascule::cuda {
namespace {

/// Memory of a batch.
struct Batch {
  Values<std::int64_t> offsets;
  Values<std::int32_t> indices;
  Values<float> values;
  CsrArgument argument{};

  Status make(const Session& session, std::int64_t rows, std::int64_t elements) {
    BASCULE_ASSIGN(offsets, Values<std::int64_t>::make(session, rows + 1));
    BASCULE_ASSIGN(indices, Values<std::int32_t>::make(session, elements));
    BASCULE_ASSIGN(values, Values<float>::make(session, elements));
    argument = {offsets.data(), indices.data(), values.data()};
    return {};
  }
};

class CudaResidentRows final : public ResidentRows {
 public:
  explicit CudaResidentRows(const Session& session) : session_(session) {}

  Status place(const CompressedView& matrix, std::int64_t rows, std::int64_t elements) {
    BASCULE_TRY(session_.arena->require(resident_bytes(matrix, rows, elements)));
    std::vector<double> lengths;
    lengths.reserve(static_cast<std::size_t>(matrix.majors));
    for (std::int64_t row = 0; row < matrix.majors; ++row)
      lengths.push_back(inverse_length(matrix.line(row)));
    BASCULE_ASSIGN(matrix_, CompressedValues::copy(session_, matrix));
    BASCULE_ASSIGN(lengths_, Values<double>::copy(session_, lengths));
    BASCULE_ASSIGN(rows_, Values<std::int32_t>::make(session_, rows));
    BASCULE_TRY(plain_.make(session_, rows, elements));
    BASCULE_TRY(scaled_.make(session_, rows, elements));
    BASCULE_ASSIGN(count_, find(ids::batch_lengths));
    BASCULE_ASSIGN(add_up_, find(ids::batch_offsets));
    BASCULE_ASSIGN(take_, find(ids::batch_elements));
    most_rows_ = rows;
    arguments_.matrix = matrix_.matrix();
    arguments_.inverse_length = lengths_.data();
    arguments_.rows = rows_.data();
    arguments_.columns = matrix.minors;
    arguments_.plain_offsets = plain_.offsets.data();
    arguments_.plain_indices = plain_.indices.data();
    arguments_.plain_values = plain_.values.data();
    arguments_.scaled_offsets = scaled_.offsets.data();
    arguments_.scaled_indices = scaled_.indices.data();
    arguments_.scaled_values = scaled_.values.data();
    return session_.synchronize();
  }

  void gather(std::span<const std::int32_t> rows, const RowDropout& dropout) override {
    assert(std::ssize(rows) <= most_rows_);
    rows_.write(session_, rows);
    BatchArguments a = arguments_;
    a.count = std::ssize(rows);
    a.step = dropout.step;
    a.key[0] = dropout.random.key()[0];
    a.key[1] = dropout.random.key()[1];
    a.rate = static_cast<float>(dropout.rate);
    a.kept = 1 - dropout.rate;
    (*count_)(a.count, a);
    (*add_up_)(1, a);
    (*take_)(a.count, a);
  }
  [[nodiscard]] const CsrArgument& plain() const override { return plain_.argument; }
  [[nodiscard]] const CsrArgument& scaled() const override { return scaled_.argument; }

 private:
  using Launch = std::optional<Launcher<BatchArguments>>;
  [[nodiscard]] Result<Launch> find(const KernelId<BatchArguments>& id) const {
    BASCULE_ASSIGN(Launcher<BatchArguments> launcher, session_.kernels->find(id));
    return Launch(std::move(launcher));
  }

  Session session_;
  CompressedValues matrix_;
  Values<std::int32_t> rows_;
  Values<double> lengths_;
  Batch plain_, scaled_;
  BatchArguments arguments_;
  Launch count_, add_up_, take_;
  std::int64_t most_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<ResidentRows>> keep_rows(const Session& session,
                                                const CompressedView& matrix, std::int64_t rows,
                                                std::int64_t elements) {
  auto kept = std::make_unique<CudaResidentRows>(session);
  BASCULE_TRY(kept->place(matrix, rows, elements));
  return std::unique_ptr<ResidentRows>(std::move(kept));
}

}  // namespace bascule::cuda
