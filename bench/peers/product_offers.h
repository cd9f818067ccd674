// SPDX-License-Identifier: MIT
// What a BLAS offers: the three products in one dtype, by its functions nn_f32, nt_f32 and tn_f32.
#ifndef NB_BENCH_PEERS_PRODUCT_OFFERS_H
#define NB_BENCH_PEERS_PRODUCT_OFFERS_H

// clang-format off
#define NB_PRODUCT_OFFERS(dtype, suffix)                                      \
    {.kernel = "matmul_nn", .dtypes = {[dtype] = true}, .call = nn_##suffix}, \
    {.kernel = "matmul_nt", .dtypes = {[dtype] = true}, .call = nt_##suffix}, \
    {.kernel = "matmul_tn", .dtypes = {[dtype] = true}, .call = tn_##suffix}
// clang-format on

#endif
