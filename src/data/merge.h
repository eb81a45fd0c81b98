#pragma once
// Joins the rows of all stretches in the order of the file.
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/interactions.h>

#include "data/row_sink.h"
#include "data/text.h"

namespace bascule {

/// Numbers ids by first appearance in the file, whichever thread met them, and turns them into
/// UTF-8. Frees the chunks as it goes. Fails with kBadData when there are too many ids.
Result<Interactions> merge_rows(std::vector<ChunkRows>& chunks, Encoding encoding,
                                ThreadPool& pool);

}  // namespace bascule
