// SPDX-License-Identifier: MIT
// The ISA `autovec`: every kernel as the plain loops that a careful programmer writes and leaves to
// the compiler, with `omp simd` where it needs the permission. It is the baseline that the other
// ISAs have to beat. It does what kernel_list.h says except for the bits: sums are in whatever
// order the compiler likes, it fuses what it likes, and exp, log and pow are the C library's.
#include <tgmath.h>

#include "kernels/template.h"

enum {
#if defined(__AVX512F__)
    REGISTER_BYTES = 64,
#elif defined(__AVX2__)
    REGISTER_BYTES = 32,
#else
    REGISTER_BYTES = 16,
#endif
    LANES = REGISTER_BYTES / sizeof(real),
};

INLINE size_t at_most(size_t limit, size_t n) { return n < limit ? n : limit; }

#include "kernels/autovec/matmul_tmpl.c"
#include "kernels/autovec/reduce_tmpl.c"
#include "kernels/autovec/batchnorm_tmpl.c"
#include "kernels/autovec/layernorm_tmpl.c"
#include "kernels/autovec/relu_tmpl.c"
#include "kernels/autovec/softmax_xent_tmpl.c"
#include "kernels/autovec/optimizer_tmpl.c"
#include "kernels/autovec/peak_tmpl.c"
#include "kernels/autovec/pixel_tmpl.c"

#include "kernels/table_tmpl.c"
