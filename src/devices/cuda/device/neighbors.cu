#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/neighbors.inc"

BASCULE_NEIGHBOR_KERNELS(BASCULE_DEFINE_KERNEL)
