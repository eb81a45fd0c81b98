#pragma once

namespace CLI {
class App;
}

namespace bascule::cli {

struct Context;
void add_data_list(CLI::App& data, Context& context);
void add_data_inspect(CLI::App& data, Context& context);
void add_data_fetch(CLI::App& data, Context& context);
void add_data_make(CLI::App& data, Context& context);

}  // namespace bascule::cli
