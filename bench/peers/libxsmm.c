// SPDX-License-Identifier: MIT
// libxsmm: products. It compiles code for small products as they are asked for; a larger one is
// cut into tiles here, whose panel of the right factor stays in the second-level cache. Our threads
// call it on pieces.
//
// It thinks in columns: our row-major c = a . b is its column-major c^T = b^T . a^T, so that the
// factors change places. It can take its right one transposed, our a of matmul_tn, but not its left
// one: a panel of our b of matmul_nt is transposed first, each time.
#include <libxsmm.h>

#include "bench/peer.h"
#include "bench/peers/product_offers.h"

enum { A, B, C, TILE_M = 128, TILE_N = 64, TILE_K = 256 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

#define PRODUCT(dtype, real, letter)                                                               \
    static void tile_##dtype(size_t m, size_t n, size_t k, const real *a, size_t lda, int flags,   \
                             const real *b, size_t ldb, real *c, size_t ldc, bool first) {         \
        const int ld_left = (int)ldb, ld_right = (int)lda, ld_out = (int)ldc;                      \
        const int prefetch = LIBXSMM_GEMM_PREFETCH_NONE;                                           \
        const real alpha = 1, beta = first ? 0 : 1;                                                \
        libxsmm_##letter##mmdispatch((int)n, (int)m, (int)k, &ld_left, &ld_right, &ld_out, &alpha, \
                                     &beta, &flags, &prefetch)(b, a, c);                           \
    }                                                                                              \
    static void product_##dtype(const struct nb_call *call, bool a_transposed,                     \
                                bool b_transposed) {                                               \
        static _Thread_local _Alignas(64) real panel[TILE_K * TILE_N];                             \
        const size_t lda = call->ld[A], ldb = call->ld[B], ldc = call->ld[C];                      \
        const int flags = a_transposed ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE;       \
        for (size_t j = 0; j < call->n; j += TILE_N) {                                             \
            size_t n = least(call->n - j, TILE_N);                                                 \
            for (size_t l = 0; l < call->k; l += TILE_K) {                                         \
                size_t k = least(call->k - l, TILE_K), ld = b_transposed ? TILE_N : ldb;           \
                const real *b = (const real *)call->at[B] + l * ldb + j;                           \
                if (b_transposed) {                                                                \
                    b = (const real *)call->at[B] + j * ldb + l;                                   \
                    libxsmm_otrans(panel, b, sizeof(real), (int)k, (int)n, (int)ldb, TILE_N);      \
                    b = panel;                                                                     \
                }                                                                                  \
                for (size_t i = 0; i < call->m; i += TILE_M)                                       \
                    tile_##dtype(                                                                  \
                        least(call->m - i, TILE_M), n, k,                                          \
                        (const real *)call->at[A] + (a_transposed ? l * lda + i : i * lda + l),    \
                        lda, flags, b, ld, (real *)call->at[C] + i * ldc + j, ldc, l == 0);        \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    FORM(nn, dtype, false, false)                                                                  \
    FORM(nt, dtype, false, true)                                                                   \
    FORM(tn, dtype, true, false)
#define FORM(form, dtype, a_transposed, b_transposed)                           \
    static void form##_##dtype(const void *table, const struct nb_call *call) { \
        (void)table;                                                            \
        product_##dtype(call, a_transposed, b_transposed);                      \
    }
PRODUCT(f32, float, s)
PRODUCT(f64, double, d)
NB_PRODUCTS_IN_PANELS(f32)
NB_PRODUCTS_IN_PANELS(f64)

static const struct nb_offer offers[] = {
    NB_PRODUCT_OFFERS(NB_F32, f32), NB_PRODUCT_OFFERS(NB_F64, f64), {0}};

static const char *version(void) { return LIBXSMM_VERSION; }

const struct nb_peer nb_peer_libxsmm = {.name = "libxsmm",
                                        .version = version,
                                        .offers = offers,
                                        .open = nb_open_product,
                                        .close = free};
