#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/sparse.inc"

BASCULE_SPARSE_KERNELS(BASCULE_DEFINE_KERNEL)
