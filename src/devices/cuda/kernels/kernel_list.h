#pragma once
// Every kernel there is: its body, the type of its arguments and, by family, the file under device/
// that compiles it.
#include "devices/cuda/kernels/arguments.h"
#include "devices/cuda/kernels/recommender_arguments.h"

// clang-format off
#define BASCULE_ELEMENT_KERNELS(X) \
  X(elements, element, ElementArguments) \
  X(elements, map, MapArguments)
#define BASCULE_MOVE_KERNELS(X) \
  X(moves, move, MoveArguments) \
  X(moves, cast, CastArguments) \
  X(moves, increment, IncrementArguments) \
  X(moves, gather_rows, IndexArguments) \
  X(moves, pick, IndexArguments) \
  X(moves, place, IndexArguments) \
  X(moves, one_hot, IndexArguments)
#define BASCULE_REDUCE_KERNELS(X) \
  X(reduce, sum_by_block, ReduceArguments) \
  X(reduce, sum_by_thread, ReduceArguments) \
  X(reduce, max_by_block, ReduceArguments) \
  X(reduce, max_by_thread, ReduceArguments) \
  X(reduce, argmax, ReduceArguments)
#define BASCULE_SOFTMAX_KERNELS(X) \
  X(softmax, softmax, RowArguments) \
  X(softmax, log_softmax, RowArguments) \
  X(softmax, softmax_grad, RowArguments) \
  X(softmax, log_softmax_grad, RowArguments) \
  X(softmax, cross_entropy, CrossEntropyArguments) \
  X(softmax, cross_entropy_grad, CrossEntropyArguments)
#define BASCULE_RANDOM_KERNELS(X) \
  X(random, draw, RandomArguments)
#define BASCULE_UPDATE_KERNELS(X) \
  X(updates, update, UpdateArguments) \
  X(updates, multi_update, MultiUpdateArguments) \
  X(updates, lazy_update, UpdateArguments)
#define BASCULE_PRODUCT_KERNELS(X) \
  X(products, product, ProductArguments) \
  X(products, product_update, ProductUpdateArguments) \
  X(products, narrow, NarrowArguments)
#define BASCULE_SPARSE_KERNELS(X) \
  X(sparse, sort_places, PlaceArguments) \
  X(sparse, merge_places, PlaceMergeArguments) \
  X(sparse, sparse_product, SparseProductArguments) \
  X(sparse, sparse_transposed, SparseTransposedArguments) \
  X(sparse, sparse_update, SparseUpdateArguments) \
  X(sparse, scatter_add_rows, ScatterArguments) \
  X(sparse, rows_update, RowsUpdateArguments) \
  X(sparse, multinomial, MultinomialArguments) \
  X(sparse, multinomial_grad, MultinomialArguments)
#define BASCULE_TOP_KERNELS(X) \
  X(tops, top_scores, ScoreTopArguments) \
  X(tops, merge_tops, MergeArguments)
#define BASCULE_NEIGHBOR_KERNELS(X) \
  X(neighbors, neighbor_tops, NeighborArguments) \
  X(neighbors, dense_cosines, DenseCosineArguments)
#define BASCULE_FACTOR_KERNELS(X) \
  X(factors, factor_products, FactorGramArguments) \
  X(factors, factor_sums, FactorGramArguments) \
  X(factors, least_squares, LeastSquaresArguments)
#define BASCULE_ELASTIC_NET_KERNELS(X) \
  X(elastic_net, elastic_net, ElasticNetArguments)
#define BASCULE_BATCH_KERNELS(X) \
  X(batches, batch_lengths, BatchArguments) \
  X(batches, batch_offsets, BatchArguments) \
  X(batches, batch_elements, BatchArguments)

#define BASCULE_ALL_KERNELS(X) \
  BASCULE_ELEMENT_KERNELS(X) \
  BASCULE_MOVE_KERNELS(X) \
  BASCULE_REDUCE_KERNELS(X) \
  BASCULE_SOFTMAX_KERNELS(X) \
  BASCULE_RANDOM_KERNELS(X) \
  BASCULE_UPDATE_KERNELS(X) \
  BASCULE_PRODUCT_KERNELS(X) \
  BASCULE_SPARSE_KERNELS(X) \
  BASCULE_TOP_KERNELS(X) \
  BASCULE_NEIGHBOR_KERNELS(X) \
  BASCULE_FACTOR_KERNELS(X) \
  BASCULE_ELASTIC_NET_KERNELS(X) \
  BASCULE_BATCH_KERNELS(X)
// clang-format on

namespace bascule::cuda {

template <class Arguments>
struct KernelId {
  const char* family;
  const char* symbol;
};

/// `ids::element` is the kernel `bascule_element` of the family elements.
namespace ids {
#define BASCULE_KERNEL_ID(family, name, Arguments) \
  inline constexpr KernelId<Arguments> name{#family, "bascule_" #name};
BASCULE_ALL_KERNELS(BASCULE_KERNEL_ID)
#undef BASCULE_KERNEL_ID
}  // namespace ids

}  // namespace bascule::cuda
