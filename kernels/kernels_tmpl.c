// SPDX-License-Identifier: MIT
// All kernels of one ISA in one precision, and the table that leads to them. Compiled with
// -DNB_SIMD=<header of kernels/simd>, -DNB_TABLE=<suffix of the table's symbol> and
// -DNB_BITS=<32|64>. The table is the only symbol that leaves this file, so no code of an ISA can
// be linked into another.
#include "kernels/kernels.h"
#include "kernels/simd/simd.h"

#include "kernels/matmul_tmpl.c"
#include "kernels/reduce_tmpl.c"
#include "kernels/batchnorm_tmpl.c"
#include "kernels/layernorm_tmpl.c"
#include "kernels/relu_tmpl.c"
#include "kernels/softmax_xent_tmpl.c"
#include "kernels/optimizer_tmpl.c"
#include "kernels/peak_tmpl.c"

#define TABLE NB_PASTE(NB_REAL(nb_table), NB_TABLE)

extern const struct NB_REAL(nb_kernels) TABLE;

const struct NB_REAL(nb_kernels) TABLE = {.isa = TEXT(NB_SIMD),
                                          .lanes = LANES,
                                          .mr = TILE_ROWS,
                                          .nr = TILE_COLS,
                                          .peak_flops = PEAK_FLOPS,
#define ENTRY(family, name, type, args) .name = name,
                                          NB_KERNEL_LIST(ENTRY, real, epilogue)
#undef ENTRY
};
