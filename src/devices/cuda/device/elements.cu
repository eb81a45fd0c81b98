#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/elements.inc"

BASCULE_ELEMENT_KERNELS(BASCULE_DEFINE_KERNEL)
