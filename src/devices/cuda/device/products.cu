#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/products.inc"

BASCULE_PRODUCT_KERNELS(BASCULE_DEFINE_KERNEL)
