#pragma once
// Kernel bodies are compiled twice: by nvcc for the GPU and by the host's compiler for the tests.
#ifdef __CUDACC__
#define BASCULE_DEVICE __device__ inline
#define BASCULE_UNROLL _Pragma("unroll")
#else
#define BASCULE_DEVICE inline
#define BASCULE_UNROLL
#endif
