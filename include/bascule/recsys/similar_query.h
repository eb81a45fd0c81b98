#pragma once
// The items most like one item, found anew and timed stage by stage, sparsely or as programs
// without sparse matrices do it.
#include <cstdint>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/timer.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/item_knn.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

enum class QueryMethod : std::uint8_t {
  kSparse,  ///< by an index of the sparse matrix, see NeighborIndex
  kDense    ///< by one product with the whole matrix written out; plain cosine of raw values alone
};

/// The items of users × items most like `item`, on `device`, or where it is null on the CPU. The
/// query is answered until its time is steady. Stages: "index" or "dense_matrix", made on the CPU;
/// on a device "transfer", of that to it; "first_query"; "steady_query", the median of those that
/// follow, with the way of the query there and of the list back; on a device "device_query", the
/// median of the same by its own clock, without that way. kUsage for an item that there is not and
/// for a similarity that the dense way does not know; kFailed when memory is short or the device
/// fails.
Result<std::vector<Recommendation>> query_similar(const CompressedView& interactions,
                                                  std::int32_t item, const KnnOptions& knn,
                                                  QueryMethod method, const SimilarOptions& options,
                                                  Device* device, StageTimes& times);

}  // namespace bascule
