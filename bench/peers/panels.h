// SPDX-License-Identifier: MIT
// The right factor of matmul_nn_panels, for libraries that know no panels of ours: its matrix as
// rows.
#ifndef NB_BENCH_PEERS_PANELS_H
#define NB_BENCH_PEERS_PANELS_H

#include <string.h>

#include "bench/peer.h"

enum { NB_PRODUCT_B = 1 }; // the operand of a product that may lie in panels

static inline bool nb_has_panels(const struct nb_kernel *kernel) {
    return strcmp(kernel->name, "matmul_nn_panels") == 0;
}

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

#endif
