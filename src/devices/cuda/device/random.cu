#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/random.inc"

BASCULE_RANDOM_KERNELS(BASCULE_DEFINE_KERNEL)
