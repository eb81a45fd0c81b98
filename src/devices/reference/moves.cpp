// Ops that only move elements: each is one walk through its operand or its result.
#include <algorithm>

#include "devices/reference/loops.h"
#include "devices/reference/storage.h"
#include "devices/reference/strides.h"

namespace bascule::reference {
namespace {

/// Element i of the result is the element of the operand to which the walk leads.
template <class Real>
Loop read_along(const LoopRequest& request, Walk walk) {
  return with_storage<Real>(request.output().dtype, [&]<class T>(std::type_identity<T>) -> Loop {
    return [walk = std::move(walk)](const KernelArguments& arguments) {
      for (std::int64_t i = 0; i < walk.count(); ++i)
        output<T>(arguments)[i] = input<T>(arguments, 0)[walk[i]];
    };
  });
}

/// Element i of operand o goes to the place in the result to which walk o leads; the rest is zero.
template <class Real>
Loop write_along(const LoopRequest& request, std::vector<Walk> walks) {
  return with_storage<Real>(request.output().dtype, [&]<class T>(std::type_identity<T>) -> Loop {
    return [walks = std::move(walks),
            count = request.output().shape.count()](const KernelArguments& arguments) {
      std::fill_n(output<T>(arguments), count, T());
      for (std::size_t o = 0; o < walks.size(); ++o) {
        for (std::int64_t i = 0; i < walks[o].count(); ++i)
          output<T>(arguments)[walks[o][i]] = input<T>(arguments, o)[i];
      }
    };
  });
}

template <class Real>
Loop reshape(const LoopRequest& request) {
  return read_along<Real>(request, Walk({request.output().shape.count()}, {1}));
}

template <class Real>
Loop broadcast_to(const LoopRequest& request) {
  return read_along<Real>(request,
                          Walk::broadcast(request.inputs[0].shape, request.output().shape));
}

template <class Real>
Loop transpose(const LoopRequest& request) {
  const std::vector<std::int64_t> own = row_major_strides(request.inputs[0].shape);
  std::vector<std::int64_t> strides;
  for (const std::int64_t axis : request.attributes().integers("permutation"))
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  return read_along<Real>(request, Walk(request.output().shape.extents(), std::move(strides)));
}

/// Where a part with the extents of `part` lies in `whole`, from `begin` on along `axis`.
Walk part_of(const Shape& part, const Shape& whole, std::int64_t axis, std::int64_t begin) {
  std::vector<std::int64_t> strides = row_major_strides(whole);
  const std::int64_t first = begin * strides[static_cast<std::size_t>(axis)];
  return {part.extents(), std::move(strides), first};
}

std::int64_t axis_of(const LoopRequest& request) {
  const std::int64_t axis = request.attributes().integer("axis");
  return axis < 0 ? axis + static_cast<std::int64_t>(request.output().shape.rank()) : axis;
}

template <class Real>
Loop slice(const LoopRequest& request) {
  return read_along<Real>(request,
                          part_of(request.output().shape, request.inputs[0].shape, axis_of(request),
                                  request.attributes().integer("begin")));
}

template <class Real>
Loop pad_slice(const LoopRequest& request) {
  return write_along<Real>(
      request, {part_of(request.inputs[0].shape, request.output().shape, axis_of(request),
                        request.attributes().integer("begin"))});
}

template <class Real>
Loop concat(const LoopRequest& request) {
  const std::int64_t axis = axis_of(request);
  std::vector<Walk> walks;
  std::int64_t begin = 0;
  for (const ValueType& type : request.inputs) {
    walks.push_back(part_of(type.shape, request.output().shape, axis, begin));
    begin += type.shape[static_cast<std::size_t>(axis)];
  }
  return write_along<Real>(request, std::move(walks));
}

}  // namespace

template <class Real>
std::vector<LoopEntry> move_loops() {
  return {{"reshape", reshape<Real>},     {"broadcast_to", broadcast_to<Real>},
          {"transpose", transpose<Real>}, {"slice", slice<Real>},
          {"pad_slice", pad_slice<Real>}, {"concat", concat<Real>}};
}
template std::vector<LoopEntry> move_loops<float>();
template std::vector<LoopEntry> move_loops<double>();

}  // namespace bascule::reference
