// SPDX-License-Identifier: MIT
// Matrix products. Every output element is one chain over ascending k, so the vectors lie along n
// and the accumulators of a register tile, TILE_ROWS x TILE_VECS, stay in registers while k runs.
// Blocks over k carry the chain through memory; that changes no bit. The three forms share one loop
// nest and differ in how a tile finds its operands:
//   a(i, k) = a[i * lda + k] in nn and nt, a[k * lda + i] in tn
//   b(k, j) = b[k * ldb + j] in nn and tn; nt transposes a panel of b to that first
// The anatomy (panels, register tile, k-blocks) is that of Goto & van de Geijn 2008 and BLIS (Van
// Zee & van de Geijn 2015).

typedef struct NB_REAL(nb_epilogue) epilogue;

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

// One finished vector of c at p.
INLINE vec finish(vec s, const real *p, const real *bias, const epilogue *out, size_t left) {
    if (out->sgd) {
        vec old = load_left(p, left);
        return v_fnma(v_set1(out->lr), v_fma(v_set1(out->weight_decay), old, s), old);
    }
    if (bias != NULL)
        s = v_add(s, load_left(bias, left));
    return out->relu ? v_relu(s) : s;
}

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
    UNROLL for (size_t i = 0; i < rows; i++) {
        UNROLL for (size_t v = 0; v < vecs; v++) {
            real *p = t->c + i * t->ldc + v * LANES;
            const real *bias = t->bias ? t->bias + v * LANES : NULL;
            vec s = t->out ? finish(acc[i][v], p, bias, t->out, LEFT(v)) : acc[i][v];
            store_left(p, s, LEFT(v));
        }
    }
#undef LEFT
}

// The tile of `rows` rows and `vecs` registers, the last one of `t->left` columns.
INLINE void tile_of(size_t rows, size_t vecs, const int tn, const struct tile_job *t) {
#define CASE(r, v)                                  \
    case (r)*8 + (v):                               \
        if ((r) <= TILE_ROWS && (v) <= TILE_VECS) { \
            if (t->left == ALL)                     \
                tile(r, v, tn, 0, t);               \
            else                                    \
                tile(r, v, tn, 1, t);               \
        }                                           \
        break;
#define CASES(r) CASE(r, 1) CASE(r, 2) CASE(r, 3) CASE(r, 4)
    switch (rows * 8 + vecs) { CASES(1) CASES(2) CASES(3) CASES(4) CASES(5) CASES(6) }
#undef CASES
#undef CASE
}

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
                    tile_of(i1 - i < TILE_ROWS ? i1 - i : TILE_ROWS, vecs, form == TN, &t);
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
