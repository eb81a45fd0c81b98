#include "data/synthetic_names.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bascule {
namespace {

constexpr std::array<std::string_view, 32> kAdjectives = {
    "Silent", "Golden", "Hidden",     "Broken",   "Crimson", "Distant",   "Endless",  "Fallen",
    "Frozen", "Gentle", "Hollow",     "Last",     "Lonely",  "Lost",      "Midnight", "Narrow",
    "Open",   "Pale",   "Quiet",      "Restless", "Scarlet", "Secret",    "Shining",  "Slow",
    "Stolen", "Sudden", "Thirteenth", "Twisted",  "Velvet",  "Wandering", "White",    "Winter"};
constexpr std::array<std::string_view, 32> kNouns = {
    "River",   "Garden",  "Mirror", "Harbor",  "Island",  "Letter",   "Lantern",  "Mountain",
    "Orchard", "Painter", "Bridge", "Castle",  "Compass", "Daughter", "Door",     "Empire",
    "Forest",  "Ghost",   "Hunter", "Journey", "King",    "Library",  "Marriage", "Night",
    "Ocean",   "Promise", "Road",   "Season",  "Shadow",  "Stranger", "Tower",    "Voyage"};
constexpr std::array<std::string_view, 32> kPlaces = {
    "Avalon", "Babylon",  "Cairo",     "Delphi", "Eden",    "Florence", "Granada", "Havana",
    "Ithaca", "Jakarta",  "Kyoto",     "Lisbon", "Memphis", "Naples",   "Odessa",  "Prague",
    "Quito",  "Rome",     "Samarkand", "Thebes", "Utrecht", "Venice",   "Warsaw",  "Xanadu",
    "York",   "Zanzibar", "Bergen",    "Cork",   "Dover",   "Essex",    "Fargo",   "Genoa"};
constexpr std::array<std::string_view, 16> kSurnames = {
    "Abbott", "Barker", "Castell", "Dumont",    "Ellery", "Fontaine", "Grayson", "Hollis",
    "Ingram", "Jarvis", "Keller",  "Lindqvist", "Moreau", "Novak",    "Osborne", "Petrov"};
constexpr std::array<std::string_view, 16> kFirstNames = {
    "Anna",  "Boris", "Clara", "David", "Elena", "Frank", "Grace", "Henry",
    "Irene", "Jonas", "Karin", "Louis", "Maria", "Niels", "Olga",  "Paul"};
constexpr std::array<std::string_view, 8> kPublishers = {
    "Anchor Press",     "Bluebird Books", "Cedar House",        "Dorset Editions",
    "Elm Street Press", "Fulcrum",        "Granite Paperbacks", "Harbor Lane"};
constexpr std::array<std::string_view, 16> kGenres = {
    "Drama",   "Comedy",   "Thriller", "Romance", "Action", "Sci-Fi",    "Crime",   "Adventure",
    "Fantasy", "Children", "Mystery",  "Horror",  "War",    "Animation", "Musical", "Western"};

struct Volume {
  std::uint32_t core;
  std::string_view title;
};
constexpr std::array<Volume, TasteModel::kSeries> kStarSeries = {
    {{59035342, "Harry Potter and the Sorcerer's Stone (synthetic)"},
     {43906487, "Harry Potter and the Chamber of Secrets (synthetic)"},
     {43913636, "Harry Potter and the Prisoner of Azkaban (synthetic)"},
     {43913960, "Harry Potter and the Goblet of Fire (synthetic)"},
     {43935806, "Harry Potter and the Order of the Phoenix (synthetic)"}}};

bool in_star_series(std::int64_t item, std::int32_t star) {
  return star >= 0 && item >= star && item < star + TasteModel::kSeries;
}

template <class List>
std::string_view pick(const List& list, std::int64_t number) {
  return list[static_cast<std::size_t>(number) % list.size()];
}

}  // namespace

std::string isbn10(std::uint32_t core) {
  std::string text = fmt::format("{:09}", core);
  int sum = 0;
  for (int i = 0; i < 9; ++i) sum += (10 - i) * (text[static_cast<std::size_t>(i)] - '0');
  const int check = (11 - sum % 11) % 11;
  text += check == 10 ? 'X' : static_cast<char>('0' + check);
  return text;
}

std::vector<std::uint32_t> isbn_cores(std::int64_t count, std::int32_t star) {
  // Multiplication by a number prime to 10 permutes the nine-digit numbers.
  const auto core = [](std::int64_t n) {
    return static_cast<std::uint32_t>((n + 1) * 387420489 % 1000000000);
  };
  std::vector<std::uint32_t> cores;
  std::int64_t spare = count;
  for (std::int64_t i = 0; i < count; ++i) {
    if (in_star_series(i, star)) {
      cores.push_back(kStarSeries[static_cast<std::size_t>(i - star)].core);
      continue;
    }
    const auto taken = [](std::uint32_t c) {
      return std::any_of(kStarSeries.begin(), kStarSeries.end(),
                         [c](const Volume& volume) { return volume.core == c; });
    };
    std::uint32_t number = core(i);
    while (taken(number)) number = core(spare++);
    cores.push_back(number);
  }
  return cores;
}

std::string SyntheticNames::title(std::int64_t item, std::string_view accent) const {
  if (in_star_series(item, star))
    return std::string(kStarSeries[static_cast<std::size_t>(item - star)].title);
  constexpr std::int64_t kForms = 32 * 32 * 32;
  // The multiplier is odd: neighbours get different words, and no two items below kForms the same.
  const std::int64_t form = item * 12345 % kForms;
  const std::string_view adjective = pick(kAdjectives, form);
  const std::string_view noun = pick(kNouns, form / 32);
  const std::string_view place = pick(kPlaces, form / 1024);
  std::string text;
  if (item % 499 == 3) {
    text = fmt::format("The \"{}\" {} of {}", adjective, noun, place);
  } else if (item % 47 == 5) {
    text = fmt::format("The {} {} & the Caf{} of {}", adjective, noun, accent, place);
  } else {
    text = fmt::format("The {} {} of {}", adjective, noun, place);
  }
  if (item >= kForms) text += fmt::format(", Volume {}", item / kForms + 1);
  return text;
}

std::string SyntheticNames::author(std::int64_t item, std::int32_t group) {
  const std::int64_t series = item / TasteModel::kSeries;
  return fmt::format("{} {}", pick(kFirstNames, series / 16 + series), pick(kSurnames, group));
}

std::string_view SyntheticNames::publisher(std::int64_t item) {
  return pick(kPublishers, item / TasteModel::kSeries);
}

int SyntheticNames::year(std::int64_t item) {
  return 1950 + static_cast<int>(item * 7 % 55);
}

std::string_view SyntheticNames::genre(std::int32_t group) {
  return pick(kGenres, group);
}

}  // namespace bascule
