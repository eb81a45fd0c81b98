#include "cli/item_list.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include <bascule/base/file.h>

#include "cli/table.h"

namespace bascule::cli {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 28;  // of a file
/// More are not looked for one by one: each search reads the run's ids from the beginning.
constexpr std::size_t kMostSearches = 16;

struct WantedId {
  std::string_view id;
  std::int64_t line = 0;  ///< of the file; 0: of the command line
};

std::vector<WantedId> split(std::string_view text, char separator) {
  std::vector<WantedId> ids;
  for (std::int64_t line = 1;; ++line) {
    const std::size_t end = text.find(separator);
    ids.push_back({text.substr(0, end), line});
    if (end == std::string_view::npos) return ids;
    text.remove_prefix(end + 1);
  }
}

/// The lines that are not empty.
std::vector<WantedId> lines(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<WantedId> ids = split(text, '\n');
  for (WantedId& wanted : ids)
    if (wanted.id.ends_with('\r')) wanted.id.remove_suffix(1);
  std::erase_if(ids, [](const WantedId& wanted) { return wanted.id.empty(); });
  return ids;
}

/// The index of each id, −1 where the run has none such.
std::vector<std::int32_t> indices_of(const std::vector<WantedId>& ids, const IdFile& items) {
  std::vector<std::int32_t> found;
  found.reserve(ids.size());
  if (ids.size() <= kMostSearches) {
    for (const WantedId& wanted : ids)
      found.push_back(static_cast<std::int32_t>(items.find(wanted.id).value_or(-1)));
    return found;
  }
  std::unordered_map<std::string_view, std::int32_t> of_id;
  for (const WantedId& wanted : ids) of_id.emplace(wanted.id, -1);
  for (std::int64_t item = 0; item < items.size(); ++item) {
    const auto at = of_id.find(items.at(item).id);
    if (at != of_id.end()) at->second = static_cast<std::int32_t>(item);
  }
  for (const WantedId& wanted : ids) found.push_back(of_id.find(wanted.id)->second);
  return found;
}

}  // namespace

Result<ItemList> read_item_list(const std::string& option, const std::string& value,
                                const SavedRun& run, const Context& context) {
  const bool from_file = value.starts_with('@');
  const std::string path = from_file ? value.substr(1) : "";
  std::string text;
  if (from_file) {
    BASCULE_ASSIGN(text, read_file(path, kMostBytes));
  }
  const std::vector<WantedId> ids = from_file ? lines(text) : split(value, ',');
  const std::vector<std::int32_t> found = indices_of(ids, run.items());
  ItemList list;
  const WantedId* first_unknown = nullptr;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (found[i] >= 0) {
      list.items.push_back(found[i]);
      continue;
    }
    if (first_unknown == nullptr) first_unknown = &ids[i];
    ++list.unknown;
  }
  if (first_unknown != nullptr) {
    const std::string id = terminal_safe(std::string(first_unknown->id));
    if (!from_file)
      return Error{Code::kUsage, fmt::format("{}: item {} is not in {}", option, id, run.path())};
    context.log(fmt::format("{}: {} of its {} items are not in {}, the first in line {}: {}", path,
                            list.unknown, ids.size(), run.path(), first_unknown->line, id));
  }
  std::sort(list.items.begin(), list.items.end());
  list.items.erase(std::unique(list.items.begin(), list.items.end()), list.items.end());
  return list;
}

}  // namespace bascule::cli
