// SPDX-License-Identifier: MIT
// Products that fill no register tile: few columns, and few rows of nt.

enum form { NN, NT, TN }; // of matmul_tmpl.c

// Below this many k a copy is not read often enough to pay.
enum { LEAST_COPIED_K = 16 };

// Columns of c that are too few to fill their registers: the vectors lie along the rows of c
// instead. `chains` holds c transposed, and a is transposed where its rows run along k.
enum { NARROW_M = TILE_COLS, NARROW_N = 2 * LANES };

INLINE bool is_narrow(size_t m, size_t n, size_t k) {
    return LANES > 1 && n < NARROW_N && n % LANES > 0 && n % LANES * 4 <= LANES * 3 &&
           m >= NARROW_M && k >= LEAST_COPIED_K;
}

// c (rows, n) <- chains (n, NARROW_M), and the epilogue
INLINE void store_narrow(size_t rows, size_t n, const real *chains, real *c, size_t ldc,
                         const epilogue *out) {
    for (size_t i = 0; i < rows; i += LANES) {
        for (size_t j = 0; j < n; j += LANES) {
            const size_t left = n - j < LANES ? n - j : ALL;
            const struct tile_job job = {
                .bias = out && out->bias ? out->bias + j : NULL, .out = out, .left = left};
            vec t[LANES];
            load_transposed(n - j, ALL, chains + j * NARROW_M + i, NARROW_M, t);
            for (size_t r = 0; r < LANES && i + r < rows; r++) {
                vec acc[1][MOST_VECS] = {{t[r]}};
                if (left == ALL)
                    finish(1, 1, 0, &job, c + (i + r) * ldc + j, acc);
                else
                    finish(1, 1, 1, &job, c + (i + r) * ldc + j, acc);
            }
        }
    }
}

INLINE void matmul_narrow(const enum form form, size_t m, size_t n, size_t k, const real *a,
                          size_t lda, const real *b, size_t ldb, real *c, size_t ldc,
                          const epilogue *out) {
    real chains[NARROW_N * NARROW_M];
    real panel[BLOCK_K * NARROW_M];
    for (size_t i = 0; i < m; i += NARROW_M) {
        const size_t rows = m - i < NARROW_M ? m - i : NARROW_M;
        const size_t vecs = (rows + LANES - 1) / LANES;
        const bool accumulate = out && out->accumulate;
        if (accumulate)
            transpose(n, rows, c + i * ldc, ldc, chains, NARROW_M);
        for (size_t k0 = 0; k0 < k; k0 += BLOCK_K) {
            struct tile_job t = {
                .k = k - k0 < BLOCK_K ? k - k0 : BLOCK_K,
                .lda = ldb,
                .b = form == TN ? a + k0 * lda + i : panel,
                .ldb = form == TN ? lda : (size_t)NARROW_M,
                .ldstart = NARROW_M,
                .ldc = NARROW_M,
                .left = form == TN && rows % LANES ? rows % LANES : ALL,
            };
            if (form == NN)
                transpose(t.k, rows, a + i * lda + k0, lda, panel, NARROW_M);
            for (size_t j = 0; j < n;) {
                const struct stack next = next_tiles(n - j, false);
                t.count = next.count;
                t.step = next.rows;
                t.a = b + k0 * ldb + j;
                t.c = chains + j * NARROW_M;
                t.start = k0 > 0 || accumulate ? t.c : NULL;
                tiles_by_columns(next.rows, vecs, &t);
                j += next.rows * next.count;
            }
        }
        store_narrow(rows, n, chains, c + i * ldc, ldc, out);
    }
}

// nt with few rows, for which a panel would hardly be read: each square of b is used as soon as it
// is transposed, in the registers where it is.
enum { MOST_FEW = LANES / 2 }; // its registers and the chains fit side by side

// acc (rows, LANES) += a (rows, left) . b (cols, left) transposed
INLINE void add_square(const size_t rows, size_t cols, const size_t left, const real *a, size_t lda,
                       const real *b, size_t ldb, vec acc[][MOST_VECS]) {
    vec t[LANES];
    load_transposed(cols, left, b, ldb, t);
    UNROLL for (size_t r = 0; r < LANES; r++) {
        if (r < left) {
            UNROLL for (size_t i = 0; i < rows; i++) acc[i][0] =
                v_fma(v_set1(a[i * lda + r]), t[r], acc[i][0]);
        }
    }
}

// c of `rows` rows, a constant up to MOST_FEW.
INLINE void few_rows(const size_t rows, size_t n, size_t k, const real *a, size_t lda,
                     const real *b, size_t ldb, real *c, size_t ldc, const epilogue *out) {
    for (size_t j = 0; j < n; j += LANES) {
        const size_t cols = n - j < LANES ? n - j : ALL;
        const struct tile_job job = {
            .ldc = ldc, .bias = out && out->bias ? out->bias + j : NULL, .out = out, .left = cols};
        vec acc[LANES][MOST_VECS];
        for (size_t i = 0; i < rows; i++)
            acc[i][0] = out && out->accumulate ? load_left(c + i * ldc + j, cols) : v_zero();
        size_t k0 = 0;
        for (; k - k0 >= LANES; k0 += LANES)
            add_square(rows, n - j, ALL, a + k0, lda, b + j * ldb + k0, ldb, acc);
        if (k0 < k)
            add_square(rows, n - j, k - k0, a + k0, lda, b + j * ldb + k0, ldb, acc);
        if (cols == ALL)
            finish(rows, 1, 0, &job, c + j, acc);
        else
            finish(rows, 1, 1, &job, c + j, acc);
    }
}

static void matmul_few(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                       size_t ldb, real *c, size_t ldc, const epilogue *out) {
    switch (m) {
#define CASE(rows)                                             \
    case rows:                                                 \
        if (rows <= MOST_FEW)                                  \
            few_rows(rows, n, k, a, lda, b, ldb, c, ldc, out); \
        break;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
#undef CASE
    }
}
