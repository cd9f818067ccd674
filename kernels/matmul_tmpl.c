// SPDX-License-Identifier: MIT
// Matrix products. Every output element is one chain over ascending k, so the vectors lie along n
// and the accumulators of a register tile, TILE_ROWS x TILE_VECS, stay in registers while k runs.
// Blocks over k carry the chain through memory; that changes no bit. The three forms share one loop
// nest and differ in how a tile finds its operands:
//   a(i, k) = a[i * lda + k] in nn and nt, a[k * lda + i] in tn
//   b(k, j) = b[k * ldb + j] in nn and tn; nt transposes a panel of b to that first
// The anatomy (panels, register tile, k-blocks) is that of Goto & van de Geijn 2008 and BLIS (Van
// Zee & van de Geijn 2015).

enum {
    TILE_COLS = TILE_VECS * LANES,
    BLOCK_K = 65536 / (TILE_COLS * sizeof(real)) < 256 ? 65536 / (TILE_COLS * sizeof(real)) : 256,
    BLOCK_M = 240, // a multiple of every TILE_ROWS
};

// What a tile does besides multiplying.
struct tile_job {
    const real *a, *b; // at (0, 0) of the tile and of this k-block
    size_t lda, ldb, k;
    const real *start; // where the chains start, or NULL: at 0
    size_t ldstart;
    real *c;
    size_t ldc;
    const real *bias;    // (columns of the tile), or NULL
    const epilogue *out; // at the last k-block, or NULL
    size_t left;         // columns in the tile's last register, or ALL
};

// c (rows, vecs * LANES) of one k-block. `rows`, `vecs`, `tn` and `part` are constants at every
// call.
INLINE void tile(const size_t rows, const size_t vecs, const int tn, const int part,
                 const struct tile_job *t) {
    vec acc[TILE_ROWS][TILE_VECS];
#define LEFT(v) (part && (v) == vecs - 1 ? t->left : ALL)
    UNROLL for (size_t i = 0; i < rows; i++) {
        UNROLL for (size_t v = 0; v < vecs; v++) {
            acc[i][v] =
                t->start ? load_left(t->start + i * t->ldstart + v * LANES, LEFT(v)) : v_zero();
        }
    }
    const real *a = t->a, *b = t->b;
    const size_t lda = t->lda, ldb = t->ldb;
    for (size_t k = 0; k < t->k; k++, b += ldb) {
        vec bk[TILE_VECS];
        UNROLL for (size_t v = 0; v < vecs; v++) bk[v] = load_left(b + v * LANES, LEFT(v));
        UNROLL for (size_t i = 0; i < rows; i++) {
            vec ai = v_set1(tn ? a[k * lda + i] : a[i * lda + k]);
            UNROLL for (size_t v = 0; v < vecs; v++) acc[i][v] = v_fma(ai, bk[v], acc[i][v]);
        }
    }
    const epilogue *out = t->out;
    if (out != NULL && t->bias != NULL) {
        UNROLL for (size_t v = 0; v < vecs; v++) {
            const vec bias = load_left(t->bias + v * LANES, LEFT(v));
            UNROLL for (size_t i = 0; i < rows; i++) acc[i][v] = v_add(acc[i][v], bias);
        }
    }
    if (out != NULL && out->relu) {
        UNROLL for (size_t i = 0; i < rows; i++) {
            UNROLL for (size_t v = 0; v < vecs; v++) acc[i][v] = v_relu(acc[i][v]);
        }
    }
    if (out != NULL && out->sgd) {
        const vec rate = v_set1(out->lr), decay = v_set1(out->weight_decay);
        UNROLL for (size_t i = 0; i < rows; i++) {
            UNROLL for (size_t v = 0; v < vecs; v++) {
                const vec old = load_left(t->c + i * t->ldc + v * LANES, LEFT(v));
                acc[i][v] = v_fnma(rate, v_fma(decay, old, acc[i][v]), old);
            }
        }
    }
    UNROLL for (size_t i = 0; i < rows; i++) {
        UNROLL for (size_t v = 0; v < vecs; v++)
            store_left(t->c + i * t->ldc + v * LANES, acc[i][v], LEFT(v));
    }
#undef LEFT
}

// Whether to take the code without masks: where masks are free there is none.
#define WHOLE(left) (!FREE_MASKS && (LANES == 1 || (left) == ALL))

// The tile of `rows` rows and `vecs` registers, the last one of `t->left` columns: one function for
// every size, chosen here, so that the accumulators of each are registers.
#define CASE(r, v, tn)                              \
    case (r)*8 + (v):                               \
        if ((r) <= TILE_ROWS && (v) <= TILE_VECS) { \
            if (WHOLE(t->left))                     \
                tile(r, v, tn, 0, t);               \
            else                                    \
                tile(r, v, tn, 1, t);               \
        }                                           \
        break;
#define CASES(r, tn) CASE(r, 1, tn) CASE(r, 2, tn) CASE(r, 3, tn) CASE(r, 4, tn)
#define TILE(name, tn)                                                                    \
    static void name(size_t rows, size_t vecs, const struct tile_job *t) {                \
        switch (rows * 8 + vecs) {                                                        \
            CASES(1, tn) CASES(2, tn) CASES(3, tn) CASES(4, tn) CASES(5, tn) CASES(6, tn) \
        }                                                                                 \
    }
TILE(tile_by_rows, 0)    // a(i, k) = a[i * lda + k]
TILE(tile_by_columns, 1) // a(i, k) = a[k * lda + i]
#undef TILE
#undef CASES
#undef CASE
#undef WHOLE

enum form { NN, NT, TN };

// b (cols, k) -> panel (k, TILE_COLS)
static void transpose(size_t k, size_t cols, const real *b, size_t ldb, real *panel) {
    for (size_t j = 0; j < cols; j++) {
        for (size_t i = 0; i < k; i++)
            panel[i * TILE_COLS + j] = b[j * ldb + i];
    }
}

INLINE void matmul(const enum form form, size_t m, size_t n, size_t k, const real *a, size_t lda,
                   const real *b, size_t ldb, real *c, size_t ldc, const epilogue *out) {
    real panel[BLOCK_K * TILE_COLS];   // of nt: b transposed
    real partial[BLOCK_M * TILE_COLS]; // of sgd: unfinished chains, since c holds the parameters
    const bool accumulate = out && out->accumulate;
    const size_t blocks = k > BLOCK_K ? (k + BLOCK_K - 1) / BLOCK_K : 1;
    const size_t step = (k + blocks - 1) / blocks;

    for (size_t i0 = 0; i0 < m; i0 += BLOCK_M) {
        const size_t i1 = m - i0 < BLOCK_M ? m : i0 + BLOCK_M;
        for (size_t j = 0; j < n; j += TILE_COLS) {
            const size_t cols = n - j < TILE_COLS ? n - j : TILE_COLS;
            const size_t vecs = (cols + LANES - 1) / LANES;
            for (size_t block = 0; block < blocks; block++) {
                const size_t k0 = block * step, k1 = k - k0 < step ? k : k0 + step;
                const bool first = block == 0, last = block == blocks - 1;
                const bool aside = out && out->sgd && !last;
                struct tile_job t = {
                    .lda = lda,
                    .ldb = form == NT ? (size_t)TILE_COLS : ldb,
                    .k = k1 - k0,
                    .b = form == NT ? panel : b + k0 * ldb + j,
                    .bias = out && out->bias ? out->bias + j : NULL,
                    .out = last ? out : NULL,
                    .left = cols % LANES ? cols % LANES : ALL,
                    .ldstart = out && out->sgd ? (size_t)TILE_COLS : ldc,
                    .ldc = aside ? (size_t)TILE_COLS : ldc,
                };
                if (form == NT)
                    transpose(t.k, cols, b + j * ldb + k0, ldb, panel);
                for (size_t i = i0; i < i1; i += TILE_ROWS) {
                    real *unfinished = partial + (i - i0) * TILE_COLS;
                    t.a = form == TN ? a + k0 * lda + i : a + i * lda + k0;
                    t.c = aside ? unfinished : c + i * ldc + j;
                    t.start = first && !accumulate ? NULL : out && out->sgd ? unfinished : t.c;
                    const size_t rows = i1 - i < TILE_ROWS ? i1 - i : TILE_ROWS;
                    (form == TN ? tile_by_columns : tile_by_rows)(rows, vecs, &t);
                }
            }
        }
    }
}

static void matmul_nn(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(NN, m, n, k, a, lda, b, ldb, c, ldc, out);
}

static void matmul_nt(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(NT, m, n, k, a, lda, b, ldb, c, ldc, out);
}

static void matmul_tn(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(TN, m, n, k, a, lda, b, ldb, c, ldc, out);
}
