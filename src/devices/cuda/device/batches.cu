#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/batches.inc"

BASCULE_BATCH_KERNELS(BASCULE_DEFINE_KERNEL)
