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
    ACCUMULATORS = TILE_ROWS * TILE_VECS, // of the largest tile: those that the registers hold
    MOST_VECS = 4,
    MOST_COLS = MOST_VECS * LANES,
    BLOCK_K = 1024 / sizeof(real),
    BLOCK_M = 240, // a multiple of every TILE_ROWS
    BLOCK_N = 1024,
    PARTIAL = BLOCK_M * BLOCK_N / 4,
    PACKED_TILE = BLOCK_K * TILE_ROWS + 64 / sizeof(real),
    COPY_PANELS = BLOCK_K * TILE_COLS * sizeof(real) <= 24576,
};

// Register tiles below one another, of the same columns, in one k-block.
struct tile_job {
    size_t count;      // of tiles
    const real *a, *b; // at (0, 0) of the first tile and of this k-block
    size_t lda, ldb, k;
    size_t step;       // from a tile's a to that of the one below
    real *panel;       // a copy of b is left here, rows of whole registers; NULL: no
    const real *start; // where the chains start, or NULL: at 0
    size_t ldstart;
    real *c;
    size_t ldc;
    const real *bias;    // (columns of the tile), or NULL
    const epilogue *out; // at the last k-block, or NULL
    size_t left;         // columns in the tile's last register, or ALL
};

#define LEFT(v) (part && (v) == vecs - 1 ? t->left : ALL)

// acc = start + a . b, chains over k
INLINE void multiply(const size_t rows, const size_t vecs, const int tn, const int part,
                     const struct tile_job *t, const real *a, const real *start,
                     vec acc[TILE_ROWS][MOST_VECS]) {
    UNROLL for (size_t i = 0; i < rows; i++) {
        UNROLL for (size_t v = 0; v < vecs; v++) {
            acc[i][v] = start ? load_left(start + i * t->ldstart + v * LANES, LEFT(v)) : v_zero();
        }
    }
    const real *b = t->b;
    const size_t lda = t->lda, ldb = t->ldb;
    real *panel = COPY_PANELS ? t->panel : NULL;
    for (size_t k = 0; k < t->k; k++, b += ldb) {
        vec bk[MOST_VECS];
        UNROLL for (size_t v = 0; v < vecs; v++) bk[v] = load_left(b + v * LANES, LEFT(v));
        if (panel != NULL) {
            UNROLL for (size_t v = 0; v < vecs; v++) v_store(panel + v * LANES, bk[v]);
            panel += vecs * LANES;
        }
        UNROLL for (size_t i = 0; i < rows; i++) {
            vec ai = v_set1(tn ? a[k * lda + i] : a[i * lda + k]);
            UNROLL for (size_t v = 0; v < vecs; v++) acc[i][v] = v_fma(ai, bk[v], acc[i][v]);
        }
    }
}

// What follows the chains of c (rows, vecs * LANES).
INLINE void finish(const size_t rows, const size_t vecs, const int part, const struct tile_job *t,
                   const epilogue *out, const real *c, vec acc[TILE_ROWS][MOST_VECS]) {
    if (t->bias != NULL) {
        UNROLL for (size_t v = 0; v < vecs; v++) {
            const vec bias = load_left(t->bias + v * LANES, LEFT(v));
            UNROLL for (size_t i = 0; i < rows; i++) acc[i][v] = v_add(acc[i][v], bias);
        }
    }
    if (out->relu) {
        UNROLL for (size_t i = 0; i < rows; i++) {
            UNROLL for (size_t v = 0; v < vecs; v++) acc[i][v] = v_relu(acc[i][v]);
        }
    }
    if (out->sgd) {
        const vec rate = v_set1(out->lr), decay = v_set1(out->weight_decay);
        UNROLL for (size_t i = 0; i < rows; i++) {
            UNROLL for (size_t v = 0; v < vecs; v++) {
                const vec old = load_left(c + i * t->ldc + v * LANES, LEFT(v));
                acc[i][v] = v_fnma(rate, v_fma(decay, old, acc[i][v]), old);
            }
        }
    }
}

// Tiles of c (rows, vecs * LANES). `rows`, `vecs`, `tn` and `part` are constants at every call.
INLINE void tiles(const size_t rows, const size_t vecs, const int tn, const int part,
                  const struct tile_job *t) {
    const real *a = t->a, *start = t->start;
    real *c = t->c;
    for (size_t left = t->count; left > 0; left--) {
        vec acc[TILE_ROWS][MOST_VECS];
        multiply(rows, vecs, tn, part, t, a, start, acc);
        if (t->out != NULL)
            finish(rows, vecs, part, t, t->out, c, acc);
        UNROLL for (size_t i = 0; i < rows; i++) {
            UNROLL for (size_t v = 0; v < vecs; v++)
                store_left(c + i * t->ldc + v * LANES, acc[i][v], LEFT(v));
        }
        a += t->step;
        c += rows * t->ldc;
        start = start == NULL ? NULL : start + rows * t->ldstart;
    }
}
#undef LEFT

// Whether to take the code without masks: where masks are free there is none.
#define WHOLE(left) (!FREE_MASKS && (LANES == 1 || (left) == ALL))

// Tiles of `rows` rows and `vecs` registers, the last one of `t->left` columns: code for every
// size, chosen here, so that the accumulators of each are registers.
#define CASE(r, v, tn)                                       \
    case (r)*8 + (v):                                        \
        if ((r) <= TILE_ROWS && (r) * (v) <= ACCUMULATORS) { \
            if (WHOLE(t->left))                              \
                tiles(r, v, tn, 0, t);                       \
            else                                             \
                tiles(r, v, tn, 1, t);                       \
        }                                                    \
        break;
#define CASES(r, tn) CASE(r, 1, tn) CASE(r, 2, tn) CASE(r, 3, tn) CASE(r, 4, tn)
#define TILE(name, tn)                                                                    \
    static void name(size_t rows, size_t vecs, const struct tile_job *t) {                \
        switch (rows * 8 + vecs) {                                                        \
            CASES(1, tn) CASES(2, tn) CASES(3, tn) CASES(4, tn) CASES(5, tn) CASES(6, tn) \
        }                                                                                 \
    }
TILE(tiles_by_rows, 0)    // a(i, k) = a[i * lda + k]
TILE(tiles_by_columns, 1) // a(i, k) = a[k * lda + i]
#undef TILE
#undef CASES
#undef CASE
#undef WHOLE

enum form { NN, NT, TN };

// b (cols, k) -> panel (k, ldp), by squares of registers: step d swaps the squares of d x d
// elements beside the diagonal.
static void transpose(size_t k, size_t cols, const real *b, size_t ldb, real *panel, size_t ldp) {
    for (size_t j = 0; j < cols; j += LANES) {
        for (size_t i = 0; i < k; i += LANES) {
            const size_t left = k - i < LANES ? k - i : ALL;
            vec t[LANES];
            UNROLL for (size_t r = 0; r < LANES; r++) {
                t[r] = j + r < cols ? load_left(b + (j + r) * ldb + i, left) : v_zero();
            }
            UNROLL for (size_t d = LANES / 2; d > 0; d /= 2) {
                UNROLL for (size_t r = 0; r < LANES; r++) {
                    if ((r & d) == 0) {
                        const vec upper = t[r], lower = t[r + d];
                        t[r] = v_swap_upper(upper, lower, d);
                        t[r + d] = v_swap_lower(upper, lower, d);
                    }
                }
            }
            UNROLL for (size_t r = 0; r < LANES; r++) {
                if (r < left)
                    v_store(panel + (i + r) * ldp + j, t[r]);
            }
        }
    }
}

// The next tiles when `left` rows are to go: `count` of `rows` rows. Whole ones come first; the
// last two are alike, since one of a few rows has too few chains to keep the multipliers busy.
struct stack {
    size_t rows, count;
};
INLINE struct stack next_tiles(size_t left, bool packed) {
    const size_t whole = left / TILE_ROWS, rest = left % TILE_ROWS;
    const size_t count = rest == 0 || packed ? whole : whole - 1;
    if (left <= TILE_ROWS)
        return (struct stack){left, 1};
    if (count == 0)
        return (struct stack){(left + 1) / 2, 1};
    return (struct stack){TILE_ROWS, count};
}

// Registers side by side: a tile of few rows is a wider one.
INLINE size_t tile_vecs(size_t m) {
    const size_t vecs = m < TILE_ROWS && m > 0 ? ACCUMULATORS / m : TILE_VECS;
    return vecs < MOST_VECS ? vecs : MOST_VECS;
}

// a (k, rows) -> tiles of TILE_ROWS columns, each (k, TILE_ROWS) and PACKED_TILE from the one
// before
static void pack(size_t k, size_t rows, const real *a, size_t lda, real *packed) {
    for (size_t i = 0; i < k; i++, a += lda, packed += TILE_ROWS) {
        real *to = packed;
        size_t r = 0;
        for (; r + TILE_ROWS <= rows; r += TILE_ROWS, to += PACKED_TILE)
            memcpy(to, a + r, TILE_ROWS * sizeof *a);
        for (size_t j = r; j < rows; j++)
            to[j - r] = a[j];
    }
}

INLINE void matmul(const enum form form, size_t m, size_t n, size_t k, const real *a, size_t lda,
                   const real *b, size_t ldb, real *c, size_t ldc, const epilogue *out) {
    real panel[BLOCK_K * MOST_COLS]; // b of some columns: copied together, or transposed
    real packed[BLOCK_M / TILE_ROWS * PACKED_TILE]; // of tn: a
    real partial[PARTIAL]; // of sgd: unfinished chains, since c holds the parameters
    const bool accumulate = out && out->accumulate, sgd = out && out->sgd;
    const size_t blocks = k > BLOCK_K ? (k + BLOCK_K - 1) / BLOCK_K : 1;
    const size_t step = (k + blocks - 1) / blocks;
    const size_t width = tile_vecs(m) * LANES;

    for (size_t j0 = 0; j0 < n; j0 += BLOCK_N) {
        const size_t j1 = n - j0 < BLOCK_N ? n : j0 + BLOCK_N;
        const size_t most_m =
            sgd && blocks > 1 ? PARTIAL / (j1 - j0) / TILE_ROWS * TILE_ROWS : BLOCK_M;
        const size_t block_m = most_m < BLOCK_M ? most_m : BLOCK_M;
        const bool copies = COPY_PANELS && form != NT && m >= 2 * TILE_ROWS && k >= 16;
        const bool packs = form == TN && k > 32 && j1 - j0 > 2 * width && m > 2 * TILE_ROWS;
        for (size_t i0 = 0; i0 < m; i0 += block_m) {
            const size_t i1 = m - i0 < block_m ? m : i0 + block_m;
            for (size_t block = 0; block < blocks; block++) {
                const size_t k0 = block * step, k1 = k - k0 < step ? k : k0 + step;
                const bool first = block == 0, last = block == blocks - 1;
                const bool aside = sgd && !last;
                if (packs)
                    pack(k1 - k0, i1 - i0, a + k0 * lda + i0, lda, packed);
                for (size_t j = j0; j < j1; j += width) {
                    const size_t cols = j1 - j < width ? j1 - j : width;
                    const size_t vecs = (cols + LANES - 1) / LANES;
                    struct tile_job t = {
                        .lda = packs ? (size_t)TILE_ROWS : lda,
                        .ldb = form == NT ? vecs * LANES : ldb,
                        .k = k1 - k0,
                        .b = form == NT ? panel : b + k0 * ldb + j,
                        .panel = copies ? panel : NULL,
                        .bias = out && out->bias ? out->bias + j : NULL,
                        .out = last ? out : NULL,
                        .left = cols % LANES ? cols % LANES : ALL,
                        .ldstart = sgd ? j1 - j0 : ldc,
                        .ldc = aside ? j1 - j0 : ldc,
                    };
                    if (form == NT)
                        transpose(t.k, cols, b + j * ldb + k0, ldb, panel, vecs * LANES);
                    struct stack next;
                    for (size_t i = i0; i < i1; i += next.rows * next.count) {
                        next = next_tiles(i1 - i, packs);
                        real *unfinished = partial + (i - i0) * (j1 - j0) + (j - j0);
                        t.count = t.panel != NULL ? 1 : next.count;
                        next.count = t.count;
                        t.step = packs        ? (size_t)PACKED_TILE
                                 : form == TN ? next.rows
                                              : next.rows * lda;
                        t.a = packs        ? packed + (i - i0) / TILE_ROWS * PACKED_TILE
                              : form == TN ? a + k0 * lda + i
                                           : a + i * lda + k0;
                        t.c = aside ? unfinished : c + i * ldc + j;
                        t.start = first && !accumulate ? NULL : sgd ? unfinished : t.c;
                        (form == TN ? tiles_by_columns : tiles_by_rows)(next.rows, vecs, &t);
                        if (t.panel != NULL)
                            t.b = panel, t.ldb = vecs * LANES, t.panel = NULL;
                    }
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
