#pragma once
// The layers there are. Each is one file in src/nn/layers/ with its keys in a spec; the table of
// them is src/nn/layers/layer_types.cpp.
#include <cstdint>
#include <string>
#include <vector>

#include <bascule/nn/layer.h>

namespace bascule::nn {

struct DenseOptions {
  bool bias = true;
  std::string kernel_init = "glorot_uniform";  ///< see initializer.h
  std::string bias_init = "zeros";
};
/// act(x W + b), W [in, units]. All axes but the batch are taken as one, as Lasagne does.
LayerPtr dense(std::int64_t units, std::string activation = "linear", DenseOptions options = {});

/// In training each element is 0 with probability `rate`, else divided by 1 − rate.
/// N. Srivastava et al., "Dropout", JMLR 2014.
LayerPtr dropout(double rate);

/// [M, …] → [M, F].
LayerPtr flatten();
/// To another shape of one sample; one extent may be −1.
LayerPtr reshape(std::vector<std::int64_t> shape);

struct BatchNormOptions {
  double momentum = 0.1;  ///< running' = (1 − momentum) running + momentum batch, as in PyTorch
  double epsilon = 1e-5;
};
/// S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, with PyTorch's conventions: over all
/// axes but axis 1; biased variance to normalise, unbiased for the running one.
LayerPtr batch_norm(BatchNormOptions options = {});

/// J. Ba, J. Kiros, G. Hinton, "Layer Normalization", 2016: over the last axis.
LayerPtr layer_norm(double epsilon = 1e-5);

/// Whole numbers below `vocabulary` → rows of a table [vocabulary, units]: [M, F] → [M, F, units].
/// Numbers outside give zeros.
LayerPtr embedding(std::int64_t vocabulary, std::int64_t units, std::string init = "uniform(0.05)");

LayerPtr activation(std::string name);

/// act(x + layers(x)); where the shapes differ, x goes through a dense layer without bias
/// ("projection"). K. He et al., "Deep Residual Learning", CVPR 2016.
LayerPtr residual(std::vector<LayerPtr> layers, std::string activation = "linear");

/// Branches side by side, joined along the last axis. A branch without layers hands x on.
LayerPtr concat(std::vector<std::vector<LayerPtr>> branches);

}  // namespace bascule::nn
