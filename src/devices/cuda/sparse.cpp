// Products with sparse matrices, sums by index and the likelihood of sparse counts.
#include <array>
#include <utility>

#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

/// What the host knows of a CSR value is where its parts lie.
SparseMatrix matrix(const KernelArguments& step, std::size_t i) {
  const CsrArgument& csr = *input<CsrArgument>(step, i);
  return {csr.offsets, csr.indices, csr.values};
}

/// So many are looked at by every row of a result itself.
constexpr std::int64_t kFewCandidates = 1024;
/// A place has 32 bits for the number of an element.
constexpr std::int64_t kMostElements = (std::int64_t{1} << 32) - kPlaceTile;

/// The places of x, of which only the offsets know how many there are.
Places* fill_matrix(SparseTransposedArguments& now, const KernelArguments& step,
                    PlaceArguments& places) {
  now.x = matrix(step, 0);
  places.rows = now.x.indices;
  places.stored = now.x.offsets + now.rows;
  return &now.places;
}

/// Sorts elements by the row of a result to which they belong.
class Sorter {
 public:
  static Result<Sorter> make(const KernelLibrary& library, std::int64_t elements,
                             std::int64_t result_rows) {
    BASCULE_ASSIGN(Launcher<PlaceArguments> sort, library.find(ids::sort_places));
    BASCULE_ASSIGN(Launcher<PlaceMergeArguments> merge, library.find(ids::merge_places));
    return Sorter(std::move(sort), std::move(merge), elements, result_rows);
  }
  [[nodiscard]] std::int64_t workspace_bytes() const {
    return 2 * count_ * static_cast<std::int64_t>(sizeof(std::uint64_t));
  }
  Places sort(PlaceArguments a, void* workspace) const {
    auto* from = static_cast<std::uint64_t*>(workspace);
    auto* to = from + count_;
    a.sorted = from;
    a.count = elements_;
    a.result_rows = result_rows_;
    sort_(count_ / kPlaceTile, a);
    for (std::int64_t width = kPlaceTile; width < count_; width *= kPlaceGroup) {
      merge_(blocks_for(count_), {from, to, count_, width});
      std::swap(from, to);
    }
    return {from, count_};
  }

 private:
  Sorter(Launcher<PlaceArguments> sort, Launcher<PlaceMergeArguments> merge, std::int64_t elements,
         std::int64_t result_rows)
      : sort_(std::move(sort)),
        merge_(std::move(merge)),
        elements_(elements),
        count_((elements + kPlaceTile - 1) / kPlaceTile * kPlaceTile),
        result_rows_(result_rows) {}

  Launcher<PlaceArguments> sort_;
  Launcher<PlaceMergeArguments> merge_;
  std::int64_t elements_, count_, result_rows_;
};

/// Blocks for every row of a result and slab of its columns.
std::int64_t slabs(const Shape& result) {
  return result[0] * ((result[1] + kSlab - 1) / kSlab);
}

KernelResult make_product(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& y = request.node.outputs[0].shape;
  SparseProductArguments a;
  a.columns = y[1];
  a.count = y.count();
  return one_launch(library, ids::sparse_product, blocks_for(a.count), a,
                    [](SparseProductArguments& now, const KernelArguments& step) {
                      now.x = matrix(step, 0);
                      now.w = input<float>(step, 1);
                      now.y = output<float>(step);
                    });
}

SparseTransposedArguments transposed_product(const KernelRequest& request) {
  SparseTransposedArguments a;
  a.rows = request.inputs[1].shape[0];
  a.columns = request.inputs[1].shape[1];
  return a;
}

/// A kernel whose elements are sorted before where there are many: `elements` at most, from
/// `candidates` on that each row of the result would look at. fill(arguments, those of the step,
/// those of the sorting) sets the pointers.
template <class Arguments, class Fill>
KernelResult make_sum(const KernelLibrary& library, const KernelId<Arguments>& id,
                      const Shape& result, Arguments arguments, std::int64_t candidates,
                      std::int64_t elements, Fill fill) {
  if (candidates <= kFewCandidates || elements > kMostElements)
    return one_launch(library, id, slabs(result), arguments,
                      [fill](Arguments& now, const KernelArguments& step) {
                        PlaceArguments unused;
                        fill(now, step, unused);
                      });
  BASCULE_ASSIGN(const Sorter sorter, Sorter::make(library, elements, result[0]));
  BASCULE_ASSIGN(const Launcher<Arguments> launch, library.find(id));
  return make_kernel(id.symbol, sorter.workspace_bytes(),
                     [sorter, launch, blocks = slabs(result), arguments,
                      fill](const KernelArguments& step) mutable {
                       PlaceArguments places;
                       Places* const sorted = fill(arguments, step, places);
                       *sorted = sorter.sort(places, step.workspace);
                       launch(blocks, arguments);
                     });
}

KernelResult make_transposed(const KernelLibrary& library, const KernelRequest& request) {
  return make_sum(
      library, ids::sparse_transposed, request.node.outputs[0].shape, transposed_product(request),
      request.inputs[0].shape[0], request.inputs[0].capacity,
      [](SparseTransposedArguments& now, const KernelArguments& step, PlaceArguments& places) {
        now.y = input<float>(step, 1);
        now.out = output<float>(step);
        return fill_matrix(now, step, places);
      });
}

KernelResult make_update(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  SparseUpdateArguments a;
  a.product = transposed_product(request);
  a.update = update_arguments(node.attributes.text("optimizer"), node);
  return make_sum(
      library, ids::sparse_update, node.outputs[0].shape, a, request.inputs[0].shape[0],
      request.inputs[0].capacity,
      [](SparseUpdateArguments& now, const KernelArguments& step, PlaceArguments& places) {
        now.product.y = input<float>(step, 1);
        fill_update(now.update, step, 2, /*gradient=*/false);
        return fill_matrix(now.product, step, places);
      });
}

ScatterArguments scattered(const KernelRequest& request) {
  ScatterArguments a;
  a.count = request.inputs[1].shape.count();
  a.columns = request.node.outputs[0].shape[1];
  return a;
}
/// The places of the rows of x.
Places* fill_rows(ScatterArguments& now, const KernelArguments& step, PlaceArguments& places) {
  now.x = input<float>(step, 0);
  now.indices = input<std::int32_t>(step, 1);
  places.rows = now.indices;
  return &now.places;
}

KernelResult make_scatter(const KernelLibrary& library, const KernelRequest& request) {
  const ScatterArguments a = scattered(request);
  return make_sum(library, ids::scatter_add_rows, request.node.outputs[0].shape, a, a.count,
                  a.count,
                  [](ScatterArguments& now, const KernelArguments& step, PlaceArguments& places) {
                    now.y = output<float>(step);
                    return fill_rows(now, step, places);
                  });
}

KernelResult make_rows_update(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  const RowsUpdateArguments a = {scattered(request),
                                 update_arguments(node.attributes.text("optimizer"), node)};
  return make_sum(
      library, ids::rows_update, node.outputs[0].shape, a, a.rows.count, a.rows.count,
      [](RowsUpdateArguments& now, const KernelArguments& step, PlaceArguments& places) {
        fill_update(now.update, step, 2, /*gradient=*/false);
        return fill_rows(now.rows, step, places);
      });
}

template <const KernelId<MultinomialArguments>& kId>
KernelResult make_multinomial(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& logits = request.inputs[0].shape;
  MultinomialArguments a;
  a.columns = logits[1];
  return one_launch(library, kId, logits[0], a,
                    [](MultinomialArguments& now, const KernelArguments& step) {
                      now.logits = input<float>(step, 0);
                      now.counts = matrix(step, 1);
                      if (step.inputs.size() > 2) now.gradient = input<float>(step, 2);
                      now.y = output<float>(step);
                      if (step.outputs.size() > 1) now.loss = output<float>(step, 1);
                    });
}

}  // namespace

std::span<const CudaOp> sparse_ops() {
  static const std::array ops = {
      CudaOp{"sparse_matmul", make_product},
      CudaOp{"sparse_matmul_transposed", make_transposed},
      CudaOp{"sparse_update", make_update},
      CudaOp{"scatter_add_rows", make_scatter},
      CudaOp{"rows_update", make_rows_update},
      CudaOp{"multinomial_nll", make_multinomial<ids::multinomial>},
      CudaOp{"multinomial_nll_grad", make_multinomial<ids::multinomial_grad>},
      CudaOp{"multinomial_nll_and_grad", make_multinomial<ids::multinomial_grad>}};
  return ops;
}

}  // namespace bascule::cuda
