#include <bascule/base/random_values.h>

#include "devices/reference/loops.h"

namespace bascule::reference {
namespace {

/// Element e is draw(words of its block, its place e % 4 in it).
template <class Real, class Draw>
Loop each_element(const LoopRequest& request, Draw draw) {
  const RandomValues values(static_cast<std::uint64_t>(request.attributes().integer("seed")),
                            static_cast<std::uint64_t>(request.attributes().integer("stream")));
  return [=, count = request.output().shape.count()](const KernelArguments& arguments) {
    const auto step = static_cast<std::uint64_t>(*input<std::int64_t>(arguments, 0));
    for (std::int64_t e = 0; e < count; ++e) {
      const PhiloxBlock words = values.block(static_cast<std::uint64_t>(e / 4), step);
      output<Real>(arguments)[e] = static_cast<Real>(draw(words, static_cast<std::size_t>(e % 4)));
    }
  };
}

template <class Real>
Loop random_uniform(const LoopRequest& request) {
  return each_element<Real>(request, [](const PhiloxBlock& words, std::size_t place) {
    return RandomValues::uniform(words[place]);
  });
}

template <class Real>
Loop random_normal(const LoopRequest& request) {
  return each_element<Real>(request, [](const PhiloxBlock& words, std::size_t place) {
    const std::size_t first = place / 2 * 2;
    return RandomValues::normal(words[first], words[first + 1], place % 2 == 1);
  });
}

template <class Real>
Loop dropout_mask(const LoopRequest& request) {
  const double rate = request.attributes().number("rate");
  return each_element<Real>(
      request, [rate, kept = 1 / (1 - rate)](const PhiloxBlock& words, std::size_t place) {
        return static_cast<double>(RandomValues::uniform(words[place])) < rate ? 0 : kept;
      });
}

template <class Real>
Loop increment(const LoopRequest& request) {
  return [count = request.output().shape.count()](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < count; ++i)
      output<std::int64_t>(arguments)[i] = input<std::int64_t>(arguments, 0)[i] + 1;
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> random_loops() {
  return {{"random_uniform", random_uniform<Real>},
          {"random_normal", random_normal<Real>},
          {"dropout_mask", dropout_mask<Real>},
          {"increment", increment<Real>}};
}
template std::vector<LoopEntry> random_loops<float>();
template std::vector<LoopEntry> random_loops<double>();

}  // namespace bascule::reference
