// SPDX-License-Identifier: MIT
// BLIS: products, by its typed interface, whose names no other BLAS has. Our threads call it on
// pieces.
#include <blis.h>

#include "bench/peer.h"
#include "bench/peers/product_offers.h"

enum { A, B, C };

// BLIS takes a row stride and a column stride of each matrix: a transposed one has them swapped.
#define PRODUCT(form, dtype, real, gemm, row_a, col_a, row_b, col_b)                               \
    static void form##_##dtype(const void *table, const struct nb_call *call) {                    \
        (void)table;                                                                               \
        real one = 1, zero = 0;                                                                    \
        rntm_t alone;                                                                              \
        bli_rntm_init(&alone);                                                                     \
        bli_rntm_set_num_threads(1, &alone);                                                       \
        inc_t lda = (inc_t)call->ld[A], ldb = (inc_t)call->ld[B], ldc = (inc_t)call->ld[C];        \
        gemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)call->m, (dim_t)call->n, (dim_t)call->k, \
             &one, call->at[A], row_a, col_a, call->at[B], row_b, col_b, &zero, call->at[C], ldc,  \
             1, NULL, &alone);                                                                     \
    }
#define PRODUCTS(dtype, real, gemm)                \
    PRODUCT(nn, dtype, real, gemm, lda, 1, ldb, 1) \
    PRODUCT(nt, dtype, real, gemm, lda, 1, 1, ldb) \
    PRODUCT(tn, dtype, real, gemm, 1, lda, ldb, 1)
PRODUCTS(f32, float, bli_sgemm_ex)
PRODUCTS(f64, double, bli_dgemm_ex)
NB_PRODUCTS_IN_PANELS(f32)
NB_PRODUCTS_IN_PANELS(f64)

static const struct nb_offer offers[] = {
    NB_PRODUCT_OFFERS(NB_F32, f32), NB_PRODUCT_OFFERS(NB_F64, f64), {0}};

static const char *version(void) { return bli_info_get_version_str(); }

// Before its start BLIS takes every core for one that it was not built with, and aborts.
static const char *core(void) {
    bli_init();
    return bli_arch_string(bli_arch_query_id());
}

const struct nb_peer nb_peer_blis = {.name = "blis",
                                     .version = version,
                                     .core = core,
                                     .offers = offers,
                                     .open = nb_open_product,
                                     .close = free};
