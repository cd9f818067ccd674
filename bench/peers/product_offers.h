// SPDX-License-Identifier: MIT
// What a BLAS offers: products in one dtype, by its functions nn_f32, nt_f32, tn_f32 and
// nn_panels_f32. It knows no panels of ours: it gets their matrix as rows, which is what it likes,
// copied once per row of the table and not timed.
#ifndef NB_BENCH_PEERS_PRODUCT_OFFERS_H
#define NB_BENCH_PEERS_PRODUCT_OFFERS_H

#include <stdlib.h>

#include "bench/peers/panels.h"

// The table of a peer's row.
struct nb_panels_copied {
    const unsigned char *panels; // the b that was copied
    size_t n, size;
    _Alignas(64) unsigned char rows[]; // (k, n)
};

// The table of a row, which is NULL where b does not lie in panels.
static inline enum nb_code nb_open_product(const struct nb_job *job, void **table,
                                           struct nb_error *error) {
    const struct nb_operands *operands = job->operands;
    *table = NULL;
    if (!nb_has_panels(operands->problem->kernel))
        return NB_OK;
    const struct nb_call call = nb_operands_call(operands, operands->first);
    const size_t size = nb_dtype_size(operands->dtype), bytes = call.k * call.n * size;
    struct nb_panels_copied *copied = aligned_alloc(64, (sizeof *copied + bytes + 63) / 64 * 64);
    if (copied == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    copied->panels = call.at[NB_PRODUCT_B];
    copied->n = call.n;
    copied->size = size;
    nb_copy_panels(&call, size, copied->rows);
    *table = copied;
    return NB_OK;
}

// The same piece of a product with b in rows.
static inline struct nb_call nb_without_panels(const void *table, const struct nb_call *call) {
    const struct nb_panels_copied *copied = table;
    const unsigned char *b = call->at[NB_PRODUCT_B];
    const size_t stride = call->ld[NB_PRODUCT_B] * copied->size;
    const size_t columns = (size_t)(b - copied->panels) / stride * NB_PANEL(char); // in bytes
    struct nb_call rows = *call;
    rows.at[NB_PRODUCT_B] = (unsigned char *)copied->rows + columns;
    rows.ld[NB_PRODUCT_B] = copied->n;
    return rows;
}

#define NB_PRODUCT_IN_PANELS(suffix)                                                \
    static void nn_panels_##suffix(const void *table, const struct nb_call *call) { \
        const struct nb_call rows = nb_without_panels(table, call);                 \
        nn_##suffix(NULL, &rows);                                                   \
    }

// clang-format off
#define NB_PRODUCT_OFFERS(dtype, suffix)                                      \
    {.kernel = "matmul_nn", .dtypes = {[dtype] = true}, .call = nn_##suffix}, \
    {.kernel = "matmul_nt", .dtypes = {[dtype] = true}, .call = nt_##suffix}, \
    {.kernel = "matmul_tn", .dtypes = {[dtype] = true}, .call = tn_##suffix}, \
    {.kernel = "matmul_nn_panels", .dtypes = {[dtype] = true}, .hot_only = true, .call = nn_panels_##suffix}
// clang-format on

#endif
