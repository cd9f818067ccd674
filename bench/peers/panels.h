// SPDX-License-Identifier: MIT
// The right factor of matmul_nn_panels and matmul_nt_panels, for libraries that know no panels of
// ours: each gets its matrix as rows, copied once per row of the table and not timed.
#ifndef NB_BENCH_PEERS_PANELS_H
#define NB_BENCH_PEERS_PANELS_H

#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

enum { NB_PRODUCT_B = 1 }; // the operand of a product that may lie in panels

// A matrix (rows, cols) in panels of its columns, `stride` bytes apart, as rows without gaps.
static inline void nb_copy_panels(size_t rows, size_t cols, size_t size, const void *panels,
                                  size_t stride, void *copy) {
    const size_t width = NB_PANEL(char) / size;
    for (size_t j = 0; j < cols; j += width) {
        const unsigned char *panel = (const unsigned char *)panels + j / width * stride;
        const size_t some = cols - j < width ? cols - j : width;
        for (size_t i = 0; i < rows; i++)
            memcpy((unsigned char *)copy + (i * cols + j) * size, panel + i * width * size,
                   some * size);
    }
}

// b of a row of the table, copied.
struct nb_panels_copied {
    const unsigned char *panels; // the b that was copied
    bool transposed;             // that of nt_panels
    size_t cols, size;
    _Alignas(64) unsigned char rows[]; // (k, n), or (n, k)
};

// The table of a row, which is NULL where b does not lie in panels.
static inline enum nb_code nb_open_product(const struct nb_job *job, void **table,
                                           struct nb_error *error) {
    const struct nb_operands *operands = job->operands;
    const bool transposed = strcmp(operands->problem->kernel->name, "matmul_nt_panels") == 0;
    *table = NULL;
    if (!transposed && strcmp(operands->problem->kernel->name, "matmul_nn_panels") != 0)
        return NB_OK;
    const struct nb_call call = nb_operands_call(operands, operands->first);
    const size_t size = nb_dtype_size(operands->dtype), bytes = call.k * call.n * size;
    struct nb_panels_copied *copied = aligned_alloc(64, (sizeof *copied + bytes + 63) / 64 * 64);
    if (copied == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    copied->panels = call.at[NB_PRODUCT_B];
    copied->transposed = transposed;
    copied->cols = transposed ? call.k : call.n;
    copied->size = size;
    nb_copy_panels(transposed ? call.n : call.k, copied->cols, size, copied->panels,
                   call.ld[NB_PRODUCT_B] * size, copied->rows);
    *table = copied;
    return NB_OK;
}

// The same piece of a product with b in rows: it begins at a panel of nn_panels, and at a row of
// each panel of nt_panels.
static inline struct nb_call nb_without_panels(const void *table, const struct nb_call *call) {
    const struct nb_panels_copied *copied = table;
    const unsigned char *b = call->at[NB_PRODUCT_B];
    const size_t stride = call->ld[NB_PRODUCT_B] * copied->size;
    const size_t bytes = (size_t)(b - copied->panels), line = copied->cols * copied->size;
    const size_t skipped =
        copied->transposed ? bytes / NB_PANEL(char) * line : bytes / stride * NB_PANEL(char);
    struct nb_call rows = *call;
    rows.at[NB_PRODUCT_B] = (unsigned char *)copied->rows + skipped;
    rows.ld[NB_PRODUCT_B] = copied->cols;
    return rows;
}

#endif
