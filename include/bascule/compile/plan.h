#pragma once
// A graph made ready for one device: what runs in which order, and where every value lies.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <bascule/graph/graph.h>
#include <bascule/graph/target.h>

namespace bascule {

/// Where a value lies while a step runs.
enum class Place : std::uint8_t {
  kArena,     ///< at `offset` in the arena
  kInput,     ///< bound by the caller before the step
  kVariable,  ///< in the variable store
  kConstant   ///< filled once, kept by the program
};

struct PlannedValue {
  Place place = Place::kArena;
  Layout layout = Layout::kRowMajor;
  std::int64_t offset = 0;  ///< kArena
  std::int64_t bytes = 0;
  std::string name;  ///< of the input or variable
};

/// What one pass did.
struct PassReport {
  std::string name;
  double seconds = 0;
  std::int64_t nodes_before = 0, nodes_after = 0;
  std::string text;  ///< the graph after the pass; only when asked for
};

struct Plan {
  Graph graph;                ///< after all passes
  std::vector<NodeId> order;  ///< nodes to launch, in this order
  /// Every value that a launched node reads or writes and every output. A variable that `loads`
  /// names lies in the arena.
  std::map<ValueId, PlannedValue> values;
  /// In the store, of all variables that a step reads or writes.
  std::map<std::string, Layout> layouts;
  /// Variables that are copied into the arena before the first launch: those that are overwritten
  /// while their old value is still wanted, or whose layout in the store is not what their readers
  /// take.
  std::set<std::string> loads;
  /// Variables whose new value a kernel writes straight into the store.
  std::set<std::string> in_place;
  /// The other assigns: copied after the last launch, variable ← value.
  std::map<std::string, ValueId> copies;
  std::int64_t arena_bytes = 0;
  std::vector<PassReport> passes;
};

}  // namespace bascule
