#include <algorithm>

#include <bascule/recsys/item_gram.h>
#include <bascule/recsys/popularity.h>

namespace bascule {

Result<ItemGram> ItemGram::make(const CompressedView& interactions, ThreadPool& pool) {
  ItemGram gram;
  gram.item_users = count_item_users(interactions);
  gram.items = by_popularity(gram.item_users);
  BASCULE_ASSIGN(gram.matrix, gram_matrix(interactions, gram.items, pool));
  return gram;
}

Result<ItemGram> ItemGram::copy(ThreadPool& pool) const {
  ItemGram other;
  other.item_users = item_users;
  other.items = items;
  BASCULE_ASSIGN(other.matrix, SymmetricMatrix::make(matrix.order()));
  const Chunks rows{matrix.order(), 64};
  pool.run(rows.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = rows.begin(chunk); i < rows.end(chunk); ++i)
      std::copy_n(matrix.row(i), i + 1, other.matrix.row(i));
  });
  return other;
}

}  // namespace bascule
