#include "data/merge.h"

#include <algorithm>
#include <map>
#include <utility>

namespace bascule {
namespace {

// From the numbers of a thread's table to those of all.
struct Renumbering {
  std::vector<std::int32_t> users, items;
};

struct Side {
  IdTable ThreadIds::*table;
  std::int32_t ChunkRows::*begin;
  std::int32_t ChunkRows::*end;
  std::vector<std::int32_t> Renumbering::*map;
};
constexpr Side kUsers{&ThreadIds::users, &ChunkRows::users_begin, &ChunkRows::users_end,
                      &Renumbering::users};
constexpr Side kItems{&ThreadIds::items, &ChunkRows::items_begin, &ChunkRows::items_end,
                      &Renumbering::items};

// A thread takes chunks in ascending order, so an id that it meets first in a chunk is in none of
// its earlier ones: walking the chunks' new ids in order meets every id where the file does.
bool number(const Side& side, const std::vector<ChunkRows>& chunks, Encoding encoding, IdTable& all,
            std::map<const ThreadIds*, Renumbering>& maps) {
  for (const ChunkRows& chunk : chunks) {
    const IdTable& table = chunk.ids->*side.table;
    std::vector<std::int32_t>& map = maps.at(chunk.ids).*side.map;
    map.reserve(static_cast<std::size_t>(table.size()));
    for (std::int32_t i = chunk.*side.begin; i < chunk.*side.end; ++i) {
      const std::int32_t to = encoding == Encoding::kLatin1
                                  ? all.intern(to_utf8(table[i], encoding))
                                  : all.intern(table[i]);
      if (to < 0) return false;
      map.push_back(to);
    }
  }
  return true;
}

void copy_column(std::vector<std::int32_t>& from, const std::vector<std::int32_t>& map,
                 std::int32_t* to) {
  for (const std::int32_t number : from)
    *to++ = map.empty() ? number : map[static_cast<std::size_t>(number)];
  std::vector<std::int32_t>().swap(from);
}

template <class T>
void copy_column(std::vector<T>& from, T* to) {
  std::copy(from.begin(), from.end(), to);
  std::vector<T>().swap(from);
}

}  // namespace

Result<Interactions> merge_rows(std::vector<ChunkRows>& chunks, Encoding encoding,
                                ThreadPool& pool) {
  Interactions all;
  std::map<const ThreadIds*, Renumbering> maps;
  std::vector<std::size_t> starts = {0};
  bool full = false;
  bool timed = true;
  for (const ChunkRows& chunk : chunks) {
    maps[chunk.ids];
    starts.push_back(starts.back() + chunk.user.size());
    full |= chunk.full;
    timed &= chunk.time.size() == chunk.user.size();
  }
  if (maps.size() == 1 && encoding != Encoding::kLatin1) {
    // One thread read everything: its tables are the tables.
    all.users = std::move(chunks.front().ids->users);
    all.items = std::move(chunks.front().ids->items);
  } else if (!full) {
    bool fits[2] = {true, true};
    pool.run(2, [&](std::int64_t side, int) {
      fits[side] = side == 0 ? number(kUsers, chunks, encoding, all.users, maps)
                             : number(kItems, chunks, encoding, all.items, maps);
    });
    full = !fits[0] || !fits[1];
  }
  if (full) return Error{Code::kBadData, "more than 2^31 - 2 distinct users or items"};

  const std::size_t rows = starts.back();
  all.user.resize(rows);
  all.item.resize(rows);
  all.value.resize(rows);
  if (timed) all.time.resize(rows);
  pool.run(static_cast<std::int64_t>(chunks.size()), [&](std::int64_t c, int) {
    ChunkRows& chunk = chunks[static_cast<std::size_t>(c)];
    const std::size_t start = starts[static_cast<std::size_t>(c)];
    const Renumbering& map = maps.at(chunk.ids);
    copy_column(chunk.user, map.users, all.user.data() + start);
    copy_column(chunk.item, map.items, all.item.data() + start);
    copy_column(chunk.value, all.value.data() + start);
    if (timed) copy_column(chunk.time, all.time.data() + start);
  });
  return all;
}

}  // namespace bascule
