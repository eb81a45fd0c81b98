#pragma once
// Where an item table keeps id and title.
#include <string>
#include <string_view>

#include <bascule/base/status.h>

#include "data/fields.h"

namespace bascule {

struct TitleLayout {
  std::string format;
  Dialect dialect;
  bool header = false;
  int fields = 0;
  int id = 0, title = 1;
  /// The title is the rest of the line, separators and all (Netflix).
  bool title_to_end = false;
};

Result<TitleLayout> find_title_layout(const std::string& name, std::string_view bytes,
                                      char newline);

}  // namespace bascule
