// SPDX-License-Identifier: MIT
// What a BLAS offers: products in one dtype, by its functions nn_f32, nt_f32, tn_f32, nn_panels_f32
// and nt_panels_f32.
#ifndef NB_BENCH_PEERS_PRODUCT_OFFERS_H
#define NB_BENCH_PEERS_PRODUCT_OFFERS_H

#include "bench/peers/panels.h"

#define NB_PRODUCT_IN_PANELS(form, suffix)                                              \
    static void form##_panels_##suffix(const void *table, const struct nb_call *call) { \
        const struct nb_call rows = nb_without_panels(table, call);                     \
        form##_##suffix(NULL, &rows);                                                   \
    }
#define NB_PRODUCTS_IN_PANELS(suffix) \
    NB_PRODUCT_IN_PANELS(nn, suffix)  \
    NB_PRODUCT_IN_PANELS(nt, suffix)

// clang-format off
#define NB_PRODUCT_OFFERS(dtype, suffix)                                      \
    {.kernel = "matmul_nn", .dtypes = {[dtype] = true}, .call = nn_##suffix}, \
    {.kernel = "matmul_nt", .dtypes = {[dtype] = true}, .call = nt_##suffix}, \
    {.kernel = "matmul_tn", .dtypes = {[dtype] = true}, .call = tn_##suffix}, \
    {.kernel = "matmul_nn_panels", .dtypes = {[dtype] = true}, .hot_only = true, .call = nn_panels_##suffix}, \
    {.kernel = "matmul_nt_panels", .dtypes = {[dtype] = true}, .hot_only = true, .call = nt_panels_##suffix}
// clang-format on

#endif
