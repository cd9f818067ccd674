// SPDX-License-Identifier: MIT
// nt with fewer rows than columns, its factors swapped: c transposed = b . (a transposed) is nn,
// for which the smaller factor and the result are transposed instead of the larger factor. The
// chains are the same, and a product has the same bits either way round.

enum {
    SWAPPED_N = 120,                          // columns of c at a time
    MOST_SWAPPED_M = 192,                     // above, transposing b costs hardly more
    MOST_UNEVEN_M = 40,                       // above, lanes that idle cost as much as is saved
    MOST_TURNED = (512 << 10) / sizeof(real), // elements of a
};

// What is saved, (n - m) k elements transposed, should be half as much again as what comes to it,
// the m n of c, whose stores are many. Lanes lie along the rows of c, few of which should idle.
INLINE bool is_swapped(size_t m, size_t n, size_t k, const epilogue *out) {
    const size_t width = whole_registers(m); // of which 1 / 8 or nothing may idle
    if (k * width > MOST_TURNED || LANES == 1 || (out && (out->sgd || out->panel_stride > 0)))
        return false;
    return m >= LANES && (m <= MOST_UNEVEN_M ? 8 * m >= 7 * width : m == width) && m > MOST_FEW &&
           m <= MOST_SWAPPED_M && n >= 2 * m && 2 * (n - m) * k >= 3 * m * n;
}

// c (m, n) <- a (m, k) . b (n, k) transposed, b in panels or b_stride 0
static void matmul_swapped(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                           size_t ldb, size_t b_stride, real *c, size_t ldc, const epilogue *out) {
    static const epilogue more = {.accumulate = true};
    _Alignas(64) real turned[MOST_TURNED];                // a (k, ld) transposed
    _Alignas(64) real chains[SWAPPED_N * MOST_SWAPPED_M]; // c (cols, ld) transposed
    const size_t ld = whole_registers(m);
    const bool accumulate = out && out->accumulate;
    epilogue rest = out ? *out : (epilogue){0};
    transpose(k, m, a, lda, turned, ld);
    const size_t most = MOST_SWAPPED_M / ld * SWAPPED_N;
    for (size_t j = 0; j < n; j += most) {
        const size_t cols = n - j < most ? n - j : most;
        if (accumulate)
            transpose(cols, m, c + j, ldc, chains, ld);
        nn(cols, m, k, b + j * ldb, ldb, b_stride, turned, ld, chains, ld,
           accumulate ? &more : NULL);
        if (out && out->bias)
            rest.bias = out->bias + j;
        store_narrow(m, cols, chains, ld, c + j, ldc, out ? &rest : NULL);
    }
}
