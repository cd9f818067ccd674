// SPDX-License-Identifier: MIT
// Matrix products as a blocked loop nest: a strip of c is in the first-level cache while a block of
// b passes by, and the inner loop adds multiples of four rows of b to a row of c. The three forms
// differ in how they walk through a; nt transposes the block of b first.

enum {
    TILE_ROWS = 1,
    TILE_COLS = 512 / sizeof(real),
    STRIP = 64, // rows of c
    DEPTH = 32, // rows of b
};

_Static_assert(NB_PANEL(real) % DEPTH == 0, "what is transposed lies in one panel");

// s (cols) += a0 * b[0] + a1 * b[1] + a2 * b[2] + a3 * b[3], rows of b ldb apart
INLINE void add_rows(size_t cols, const real *a, size_t a_step, const real *b, size_t ldb,
                     real *s) {
    const real a0 = a[0], a1 = a[a_step], a2 = a[2 * a_step], a3 = a[3 * a_step];
    const real *b1 = b + ldb, *b2 = b1 + ldb, *b3 = b2 + ldb;
#pragma omp simd
    for (size_t j = 0; j < cols; j++)
        s[j] += a0 * b[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j];
}

INLINE void add_row(size_t cols, real a, const real *b, real *s) {
#pragma omp simd
    for (size_t j = 0; j < cols; j++)
        s[j] += a * b[j];
}

// One finished row of c (cols), from its sums s.
INLINE void finish_row(size_t cols, const real *s, const real *bias, const epilogue *out, real *c) {
    if (out && out->sgd) {
        const real lr = out->lr, weight_decay = out->weight_decay;
        const bool decay = weight_decay != 0;
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            c[j] -= lr * (decay ? s[j] + weight_decay * c[j] : s[j]);
        return;
    }
    const bool relu = out && out->relu;
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        const real v = bias ? s[j] + bias[j] : s[j];
        c[j] = relu && v < 0 ? 0 : v;
    }
}

// Column j of a row of c, which may lie in panels.
INLINE real *at(const epilogue *out, real *row, size_t ldc, size_t j) {
    return out->panel_stride > 0 ? row + j / ldc * out->panel_stride + j % ldc : row + j;
}

// A finished row from column j on: in panels, each has its own piece.
INLINE void finish(size_t cols, const real *s, size_t j, const epilogue *out, real *c, size_t ldc) {
    const size_t stride = out ? out->panel_stride : 0;
    for (size_t done = 0, piece; done < cols; done += piece, j += piece) {
        const size_t panel = stride > 0 ? j / ldc : 0, column = j - panel * ldc;
        piece = stride > 0 ? at_most(ldc - column, cols - done) : cols;
        finish_row(piece, s + done, out && out->bias ? out->bias + j : NULL, out,
                   c + panel * stride + column);
    }
}

// b (cols, depth) -> block (depth, TILE_COLS)
static void transpose(size_t depth, size_t cols, const real *b, size_t ldb, real *block) {
    for (size_t j = 0; j < cols; j++) {
        for (size_t l = 0; l < depth; l++)
            block[l * TILE_COLS + j] = b[j * ldb + l];
    }
}

// c (m, n), where a(i, l) = a[i * a_row + l * a_step], and b is (k, n), or (n, k) when transposed,
// then in panels of ldb columns, unless b_stride is 0.
INLINE void matmul(const bool transposed, size_t m, size_t n, size_t k, const real *a, size_t a_row,
                   size_t a_step, const real *b, size_t ldb, size_t b_stride, real *c, size_t ldc,
                   const epilogue *out) {
    real s[STRIP][TILE_COLS], block[DEPTH * TILE_COLS];
    const bool accumulate = out && out->accumulate;
    for (size_t j0 = 0; j0 < n; j0 += TILE_COLS) {
        const size_t cols = at_most(TILE_COLS, n - j0);
        for (size_t i0 = 0; i0 < m; i0 += STRIP) {
            const size_t rows = at_most(STRIP, m - i0);
            for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < cols; j++)
                    s[i][j] = accumulate ? *at(out, c + (i0 + i) * ldc, ldc, j0 + j) : 0;
            }
            for (size_t l0 = 0; l0 < k; l0 += DEPTH) {
                const size_t depth = at_most(DEPTH, k - l0), fours = depth / 4 * 4;
                const real *bl = transposed ? block : b + l0 * ldb + j0;
                const size_t ldbl = transposed ? (size_t)TILE_COLS : ldb;
                const size_t col = b_stride > 0 ? l0 / ldb * b_stride + l0 % ldb : l0;
                if (transposed)
                    transpose(depth, cols, b + j0 * ldb + col, ldb, block);
                for (size_t i = 0; i < rows; i++) {
                    const real *ai = a + (i0 + i) * a_row + l0 * a_step;
                    for (size_t l = 0; l < fours; l += 4)
                        add_rows(cols, ai + l * a_step, a_step, bl + l * ldbl, ldbl, s[i]);
                    for (size_t l = fours; l < depth; l++)
                        add_row(cols, ai[l * a_step], bl + l * ldbl, s[i]);
                }
            }
            for (size_t i = 0; i < rows; i++)
                finish(cols, s[i], j0, out, c + (i0 + i) * ldc, ldc);
        }
    }
}

static void matmul_nn(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(false, m, n, k, a, lda, 1, b, ldb, 0, c, ldc, out);
}

static void matmul_nt(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(true, m, n, k, a, lda, 1, b, ldb, 0, c, ldc, out);
}

static void matmul_tn(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(false, m, n, k, a, 1, lda, b, ldb, 0, c, ldc, out);
}

static void matmul_nn_panels(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                             size_t panel_stride, real *c, size_t ldc, const epilogue *out) {
    enum { PANEL = NB_PANEL(real) };
    const epilogue whole = out ? *out : (epilogue){0};
    epilogue rest = whole;
    rest.panel_stride = 0;
    for (size_t j = 0; j < n; j += PANEL) {
        if (whole.bias)
            rest.bias = whole.bias + j;
        matmul_nn(m, at_most(PANEL, n - j), k, a, lda, b + j / PANEL * panel_stride, PANEL,
                  at(&whole, c, ldc, j), ldc, &rest);
    }
}

static void matmul_nt_panels(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                             size_t panel_stride, real *c, size_t ldc, const epilogue *out) {
    matmul(true, m, n, k, a, lda, 1, b, NB_PANEL(real), panel_stride, c, ldc, out);
}
