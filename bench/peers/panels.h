// SPDX-License-Identifier: MIT
// The right factor of matmul_nn_panels, for libraries that know no panels of ours: each gets its
// matrix as rows, copied once per row of the table and not timed.
#ifndef NB_BENCH_PEERS_PANELS_H
#define NB_BENCH_PEERS_PANELS_H

#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

enum { NB_PRODUCT_B = 1 }; // the operand of a product that may lie in panels

// b (k, n) of a call, which lies in panels, as rows that lie without gaps.
static inline void nb_copy_panels(const struct nb_call *call, size_t size, void *rows) {
    const size_t width = NB_PANEL(char) / size, stride = call->ld[NB_PRODUCT_B] * size;
    for (size_t j = 0; j < call->n; j += width) {
        const unsigned char *panel = (unsigned char *)call->at[NB_PRODUCT_B] + j / width * stride;
        const size_t cols = call->n - j < width ? call->n - j : width;
        for (size_t l = 0; l < call->k; l++)
            memcpy((unsigned char *)rows + (l * call->n + j) * size, panel + l * width * size,
                   cols * size);
    }
}

// b of a row of the table, copied.
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
    if (strcmp(operands->problem->kernel->name, "matmul_nn_panels") != 0)
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

#endif
