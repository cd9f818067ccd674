// SPDX-License-Identifier: MIT
// OpenBLAS: products, by its C interface, on row-major matrices. Its own threads stay asleep: ours
// call it on pieces.
#include <cblas.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "bench/peer.h"
#include "bench/peers/product_offers.h"

enum { A, B, C };

#define PRODUCT(form, dtype, real, gemm, transpose_a, transpose_b)                                 \
    static void form##_##dtype(const void *table, const struct nb_call *call) {                    \
        (void)table;                                                                               \
        const real *a = call->at[A], *b = call->at[B];                                             \
        gemm(CblasRowMajor, transpose_a, transpose_b, (int)call->m, (int)call->n, (int)call->k, 1, \
             a, (int)call->ld[A], b, (int)call->ld[B], 0, call->at[C], (int)call->ld[C]);          \
    }
#define PRODUCTS(dtype, real, gemm)                            \
    PRODUCT(nn, dtype, real, gemm, CblasNoTrans, CblasNoTrans) \
    PRODUCT(nt, dtype, real, gemm, CblasNoTrans, CblasTrans)   \
    PRODUCT(tn, dtype, real, gemm, CblasTrans, CblasNoTrans)
PRODUCTS(f32, float, cblas_sgemm)
PRODUCTS(f64, double, cblas_dgemm)
NB_PRODUCTS_IN_PANELS(f32)
NB_PRODUCTS_IN_PANELS(f64)

static const struct nb_offer offers[] = {
    NB_PRODUCT_OFFERS(NB_F32, f32), NB_PRODUCT_OFFERS(NB_F64, f64), {0}};

// "0.3.21" of "OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY Zen MAX_THREADS=64".
static const char *version(void) {
    static char text[32];
    sscanf(openblas_get_config(), "OpenBLAS %31s", text);
    return text;
}

static const char *core(void) { return openblas_get_corename(); }

// Every BLAS has these names, and one that is preloaded is called by them: it must be this.
static enum nb_code open_row(const struct nb_job *job, void **table, struct nb_error *error) {
    Dl_info own, called;
    if (dladdr((void *)(uintptr_t)openblas_get_config, &own) == 0 ||
        dladdr((void *)(uintptr_t)cblas_sgemm, &called) == 0 ||
        strcmp(own.dli_fname, called.dli_fname) != 0)
        return nb_error_set(error, NB_FAILED, "another library's cblas_sgemm hides OpenBLAS");
    openblas_set_num_threads(1);
    return nb_open_product(job, table, error);
}

const struct nb_peer nb_peer_openblas = {.name = "openblas",
                                         .version = version,
                                         .core = core,
                                         .offers = offers,
                                         .open = open_row,
                                         .close = free};
