#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/elastic_net.inc"

BASCULE_ELASTIC_NET_KERNELS(BASCULE_DEFINE_KERNEL)
