#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/updates.inc"

BASCULE_UPDATE_KERNELS(BASCULE_DEFINE_KERNEL)
