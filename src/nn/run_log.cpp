#include "nn/run_log.h"

#include <nlohmann/json.hpp>

namespace bascule::nn {

Status RunLog::begin(const std::string& out, const std::string& spec) {
  if (out.empty()) return {};
  BASCULE_ASSIGN(writer_, RunWriter::create(out));
  return writer_->write_spec(spec);
}

Status RunLog::add_epochs(const History& history) {
  if (!writer_) return {};
  if (!events_) {
    BASCULE_TRY(writer_->restart_history());
    BASCULE_ASSIGN(events_, EventWriter::create(writer_->path()));
  }
  for (; written_ < history.size(); ++written_) BASCULE_TRY(add(history[written_]));
  return {};
}

Status RunLog::add(const EpochResult& epoch) {
  const nlohmann::ordered_json line = {{"epoch", epoch.epoch},
                                       {"metrics", epoch.metrics},
                                       {"learning_rate", epoch.learning_rate},
                                       {"seconds", epoch.seconds}};
  BASCULE_TRY(writer_->append_history(line.dump()));
  for (const auto& [name, value] : epoch.metrics)
    BASCULE_TRY(events_->add_scalar(name, epoch.epoch, static_cast<float>(value)));
  return {};
}

}  // namespace bascule::nn
