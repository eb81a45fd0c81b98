#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/top.inc"

BASCULE_TOP_KERNELS(BASCULE_DEFINE_KERNEL)
