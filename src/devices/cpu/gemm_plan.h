#pragma once
// How a product is cut into chunks: by its shape alone, so that results never depend on threads.
#include <cstdint>

#include "devices/cpu/panels.h"

namespace bascule::detail {

struct Range {
  std::int64_t begin, end;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
};
/// Piece `index` of `pieces` nearly equal ones of [0, count), cut at multiples of `unit`.
Range piece(std::int64_t count, std::int64_t pieces, std::int64_t index, std::int64_t unit = 1);

/// What the product C[rows, columns] = A[rows, depth] B[depth, columns] costs besides multiplying.
struct ProductCost {
  std::int64_t least_rows = 4;  ///< b streams from memory no faster than this many rows multiply
  std::int64_t per_output = 4;  ///< extra cycles per vector of C
  std::int64_t row_unit = 1;    ///< rows are cut at multiples of this
  bool by_rows = false;         ///< chunks are rows of whole columns
  bool depth_first = false;     ///< a tile goes through the whole depth before the next one begins
  /// plan_product() sets these: rows that are multiplied by a vector of b at a time, and what it
  /// costs to read a vector of b and to copy one of A.
  std::int64_t rows_a_cycle = 1, read_cycles = 0, copy_cycles = 0;
};

/// Of a product whose result is written transposed, in blocks of 16.
ProductCost transposed_cost();

/// Whether a layer is so deep and narrow that its forward product and its update are both cut by
/// inputs: see forward_in_halves.h.
bool is_cut_by_inputs(std::int64_t batch, std::int64_t inputs, std::int64_t panels);

/// Chunks of `row_pieces` × `panel_pieces`, piece of panels by piece of panels: a thread whose
/// share begins with the same panels in the product and in the update finds in its own cache the
/// weights that it wrote.
struct Grid {
  std::int64_t rows = 0, panels = 0;
  std::int64_t row_pieces = 1, panel_pieces = 1, row_unit = 1;

  [[nodiscard]] std::int64_t chunks() const { return row_pieces * panel_pieces; }
  [[nodiscard]] Range row_range(std::int64_t chunk) const {
    return piece(rows, row_pieces, chunk % row_pieces, row_unit);
  }
  [[nodiscard]] Range panel_range(std::int64_t chunk) const {
    return piece(panels, panel_pieces, chunk / row_pieces);
  }
};
Grid choose_grid(std::int64_t rows, const Panels& b, const ProductCost& cost);

/// A matrix that the product reads: element (r, c) at data[r · row + c], or data[c · row + r] if
/// `transposed`, or in panels of columns, of which products of bf16 read the upper halves.
enum class MatrixLayout { kRowMajor, kTransposed, kPanels };

/// A product and the memory it works in; made once per shape.
struct GemmPlan {
  const GemmKernels* kernels = nullptr;
  /// Set if the factors become words; then all depths that the loops see are those of words.
  const WordKernels* words = nullptr;
  TileShape tile{};
  std::int64_t rows = 0;   ///< of C
  std::int64_t depth = 0;  ///< in elements
  Panels b;                ///< depth × columns; the depth with the zeros that fill up a copy
  MatrixLayout a_layout = MatrixLayout::kRowMajor, b_layout = MatrixLayout::kRowMajor;
  Panels a;  ///< of kPanels: rows × depth; of thirds the depth in elements
  Grid grid;
  /// A is first copied to rows that lie this far apart (0: it is read where it is): rows at
  /// multiples of half a page would fall into the same few sets of the first cache; floats that are
  /// to be words have to be copied anyway.
  std::int64_t a_copy_stride = 0;
  /// The copy of an A that is read by columns has the columns of a tile side by side, tile after
  /// tile: a tile reads one stream then, not a piece of as many lines as it is deep.
  bool a_in_tiles = false;
  bool exchanged = false;  ///< of a plain product: its transpose is computed
  /// Of the workspace, which is then for who made the plan alone, and so much more for each thread.
  std::int64_t extra_floats = 0, thread_floats = 0;
  bool b_packed_first = false;  ///< before all chunks; otherwise chunks pack their panels
  /// Panels that a chunk packs and multiplies with a block of rows before it takes the next block.
  std::int64_t panels_at_once = 1;
  /// Every thread copies and packs for itself what is small: to wait for one another, and to fetch
  /// what another has written, takes longer than to do it twice.
  bool own_copies = false;
  /// Chunks copy their own rows of A, which no other chunk reads.
  bool a_by_chunk = false;
  /// Fetched while tiles are multiplied: the piece of B that comes next, and the lines of C.
  bool fetch_b = false, fetch_c = false;

  [[nodiscard]] const TileTable& tiles() const;
  /// Floats are taken apart in three bf16 (word_kernels.h).
  [[nodiscard]] bool in_thirds() const { return words != nullptr && words == kernels->thirds; }
  /// B is not read where it lies.
  [[nodiscard]] bool packs_b() const { return b_layout != MatrixLayout::kPanels || in_thirds(); }
  /// Tiles read A by columns: a line of it is a k.
  [[nodiscard]] bool a_by_columns() const {
    return a_layout == MatrixLayout::kTransposed && !tile.a_in_rows;
  }
  /// The copy of A is its transpose.
  [[nodiscard]] bool a_turned() const {
    return a_layout == MatrixLayout::kTransposed && tile.a_in_rows;
  }
  [[nodiscard]] std::int64_t a_floats() const;
  /// Of the copy of A that is made before all chunks.
  [[nodiscard]] std::int64_t first_a_floats() const { return a_by_chunk ? 0 : a_floats(); }
  /// The same, and of B if it is packed first.
  [[nodiscard]] std::int64_t copy_floats() const;
  /// Of a panel of B, packed.
  [[nodiscard]] std::int64_t panel_floats() const {
    return b.rows * std::min(b.panel, b.padded_columns());
  }
  /// Of one thread's copies and the line that says whether they are made.
  [[nodiscard]] std::int64_t own_floats() const;
  [[nodiscard]] std::int64_t workspace_floats(int threads) const;
  [[nodiscard]] std::int64_t workspace_bytes(int threads) const {
    return 4 * workspace_floats(threads);
  }
};

struct ProductShape {
  std::int64_t rows, depth, columns;
  bool bf16 = false;       ///< the operands are rounded to it; sums are float
  bool as_floats = false;  ///< otherwise they may be taken apart in thirds
};
GemmPlan plan_product(const GemmKernels& kernels, const ProductShape& shape, MatrixLayout a,
                      MatrixLayout b, ProductCost cost);

}  // namespace bascule::detail
