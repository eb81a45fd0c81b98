#pragma once
// What must be equal for a fit to go on from a checkpoint.
#include <string>

#include <bascule/nn/trainer.h>

namespace bascule::nn {

/// Two descriptions of what is trained, of parts separated by "; ": the model's variables, and
/// everything of the training that decides its course. What the user can name comes first.
struct Fingerprint {
  std::string model, training;
};

/// "key = value; …" of every key of a spec that a resumed fit must not change.
std::string lasting_settings(const std::string& toml);

/// GraphError when network, samples and options do not fit.
Fingerprint make_fingerprint(const Network& network, const Samples& train, const Samples& valid,
                             const FitOptions& options, const std::string& monitor);

}  // namespace bascule::nn
