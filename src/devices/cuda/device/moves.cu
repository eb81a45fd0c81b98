#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/moves.inc"

BASCULE_MOVE_KERNELS(BASCULE_DEFINE_KERNEL)
