// SPDX-License-Identifier: MIT
// All kernels of one ISA in one precision, over the operations of kernels/simd/<NB_ISA>.h.
#include "kernels/simd/simd.h"

#include "kernels/matmul_tmpl.c"
#include "kernels/memory_tmpl.c"
#include "kernels/reduce_tmpl.c"
#include "kernels/batchnorm_tmpl.c"
#include "kernels/layernorm_tmpl.c"
#include "kernels/relu_tmpl.c"
#include "kernels/softmax_xent_tmpl.c"
#include "kernels/optimizer_tmpl.c"
#include "kernels/peak_tmpl.c"
#include "kernels/pixel_tmpl.c"

#include "kernels/table_tmpl.c"
