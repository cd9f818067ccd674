// SPDX-License-Identifier: MIT
// Products whose right factor lies in panels, which is how weights stay: a tile then reads b as one
// stream, whole lines one after another, and nobody copies anything. Some rows of a at a time go
// through all panels, so that those of a large batch do not come from memory again for each.

// c (m, n) <- a (m, k) . b (k, n), panels of b
static void matmul_nn_panels(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                             size_t panel_stride, real *c, size_t ldc, const epilogue *out) {
    enum { PANEL = NB_PANEL(real) };
    const size_t c_stride = out ? out->panel_stride : 0;
    epilogue rest = out ? *out : (epilogue){0};
    rest.panel_stride = 0;
    for (size_t i = 0; i < m; i += BLOCK_M) {
        const size_t rows = m - i < BLOCK_M ? m - i : BLOCK_M;
        for (size_t j = 0; j < n; j += PANEL) {
            const size_t cols = n - j < PANEL ? n - j : PANEL;
            if (out && out->bias)
                rest.bias = out->bias + j;
            matmul_nn(rows, cols, k, a + i * lda, lda, b + j / PANEL * panel_stride, PANEL,
                      c + column(ldc, c_stride, j) + i * ldc, ldc, out ? &rest : NULL);
        }
    }
}

// c (m, n) <- a (m, k) . b (n, k) transposed, panels of columns of b. A few rows of a are
// multiplied panel after panel, so that b is one stream, too.
static void matmul_nt_panels(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                             size_t panel_stride, real *c, size_t ldc, const epilogue *out) {
    enum { PANEL = NB_PANEL(real) };
    if (k <= PANEL || m > MOST_FEW_OF_NT || is_swapped(m, n, k, out) ||
        (out && (out->sgd || out->panel_stride > 0))) {
        nt(m, n, k, a, lda, b, PANEL, k > PANEL ? panel_stride : 0, c, ldc, out);
        return;
    }
    const epilogue first = {.accumulate = out && out->accumulate}, more = {.accumulate = true};
    epilogue last = out ? *out : more;
    last.accumulate = true;
    for (size_t l = 0; l < k; l += PANEL, b += panel_stride) {
        const size_t depth = k - l < PANEL ? k - l : PANEL;
        matmul_nt(m, n, depth, a + l, lda, b, PANEL, c, ldc,
                  l == 0          ? &first
                  : l + depth < k ? &more
                                  : &last);
    }
}
