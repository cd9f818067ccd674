// SPDX-License-Identifier: MIT
// The register tile of the matrix products: accumulators, TILE_ROWS x TILE_VECS or as many in
// another shape, stay in registers while k runs.

enum {
    TILE_COLS = TILE_VECS * LANES,
    ACCUMULATORS = TILE_ROWS * TILE_VECS, // of the largest tile: those that the registers hold
    MOST_VECS = 4,                        // of a tile of few rows, which is wider
    FLAT_ROWS = ACCUMULATORS / MOST_VECS, // of such a tile for products of few k, up to
    MOST_FLAT_K = 32,
    // A panel of b, BLOCK_K x TILE_COLS, is worth copying where the copy stays in L1, of 24 KiB. A
    // wider one comes from L2 either way, and may be longer: chains wait in memory less often.
    COPY_PANELS = 1536 * TILE_COLS <= 24576,
    BLOCK_K = (COPY_PANELS && 2048 * TILE_COLS > 24576 ? 1536 : 2048) / sizeof(real), // k at a time
    // From a packed tile of a to the next: a line more than it holds, so that they do not all begin
    // in the same set of the cache.
    PACKED_TILE = BLOCK_K * TILE_ROWS + 64 / sizeof(real),
    // A tile that packs asks for rows of a so many k before it needs them: each is a page of its
    // own, and may come from memory.
    PACKED_AHEAD = 24,
    // A tile by rows asks for those of the next one, where they are longer than a line.
    LEAST_AHEAD_K = 17,
    // And one of few rows, whose k are soon done, for rows of b so many k before.
    B_AHEAD = 6,
    // The first tile of a panel asks for rows of b so many k before, and for the same rows of the
    // next panel, where b has more bytes than stay in an L2 cache beside all else.
    FIRST_AHEAD = 24,
    LEAST_ASKED = (COPY_PANELS ? 128 : 512) << 10,
    // Rows of such a tile, whose multiplications hide the questions.
    LEAST_ASKING = TILE_ROWS - 2 < FLAT_ROWS ? TILE_ROWS - 2 : FLAT_ROWS,
    // A tile asks for its lines of c, as it begins, where c has more bytes than stay in L2.
    LEAST_CLAIMED = 1792 << 10,
    // Both are for operands of more bytes than stay in L3, where the CPU itself fetches ahead.
    LEAST_BEYOND_L3 = 12 << 20,
    // The last k of a tile with more stores than a burst, a few rows at a time: the stores of
    // some lie between the multiplications of others then.
    LAST_K = 8,
    PAGE = 4096, // bytes
    WAYS = 8,    // of L1: as many lines of rows that lie whole pages apart stay there
};

// Register tiles below one another, of the same columns, in one k-block.
struct tile_job {
    size_t count;      // of tiles
    const real *a, *b; // at (0, 0) of the first tile and of this k-block
    size_t lda, ldb, k;
    size_t a_stride; // by rows: from a panel of a, of lda columns, to the next; 0: a is a matrix
    size_t step;     // from a tile's a to that of the one below
    real *panel;     // a copy of b is left here, rows of whole registers; NULL: no
    bool asks;       // for b
    bool claims;     // lines of c
    real *packed;    // by columns, a copy of a is left here, (k, TILE_ROWS) a tile; NULL: no
    real *start;     // where the chains start, or NULL: at 0
    size_t ldstart;
    real *c;
    size_t ldc;
    const real *bias;    // (columns of the tile), or NULL
    const epilogue *out; // at the last k-block, or NULL
    size_t left;         // columns in the tile's last register, or ALL
};

// The row below another, found from it: the compiler would else keep the address of each register
// of a tile, from the first row on, and those do not fit its own registers.
INLINE real *below(real *row, size_t ld) {
    row += ld;
    __asm__("" : "+r"(row));
    return row;
}

// The same of a matrix that is read.
INLINE const real *next_row(const real *row, size_t ld) {
    row += ld;
    __asm__("" : "+r"(row));
    return row;
}

// Every register of a tile, v of row i; of the last in a row only a part of the columns may be
// there. EACH_OF goes down a matrix with them, `row` being its first row at the start.
#define EACH UNROLL for (size_t i = 0; i < rows; i++) UNROLL for (size_t v = 0; v < vecs; v++)
#define EACH_OF(row, ld)                                           \
    UNROLL for (size_t i = 0; i < rows; i++, row = below(row, ld)) \
        UNROLL for (size_t v = 0; v < vecs; v++)
#define IS_PART (part && v == vecs - 1)
#define LOAD(p) (IS_PART ? v_load_n(p, t->left) : v_load(p))
#define STORE(p, a) (IS_PART ? v_store_n(p, a, t->left) : v_store(p, a))

enum form { NN, NT, TN }; // of matmul_tmpl.c

// How a tile finds its rows of a.
enum way {
    BY_ROWS,    // a(i, k) = a[i * lda + k]
    AHEAD,      // the same, and rows of b are asked for
    BY_COLUMNS, // a(i, k) = a[k * lda + i]
    PACKING,    // the same, and they are copied
};

// Where the chains start.
INLINE void begin(const size_t rows, const size_t vecs, const int part, const struct tile_job *t,
                  real *start, vec acc[][MOST_VECS]) {
    if (start != NULL)
        EACH_OF(start, t->ldstart) acc[i][v] = LOAD(start + v * LANES);
    else
        EACH acc[i][v] = v_zero();
}

// a(i, k) in all lanes
#define A(i) v_set1(way <= AHEAD ? a[(i)*lda + k] : a[k * lda + (i)])

// For a row of b that comes from far away.
INLINE void ask_ahead(const size_t vecs, const real *b, size_t ldb) {
    UNROLL for (size_t j = 0; j < vecs * LANES; j += 64 / sizeof *b)
        __builtin_prefetch(b + B_AHEAD * ldb + j);
}

// acc += column k of a . row k of b, of a flat tile whose accumulators leave room for column k of a
// and one register: b passes by.
INLINE void add_k_flat(const size_t rows, const size_t vecs, const enum way way, const int part,
                       const struct tile_job *t, size_t k, const real *a, const real *b,
                       vec acc[][MOST_VECS]) {
    const size_t lda = t->lda;
    vec ak[TILE_ROWS];
    if (way == AHEAD)
        ask_ahead(vecs, b, t->ldb);
    UNROLL for (size_t i = 0; i < rows; i++) ak[i] = v_keep(A(i));
    UNROLL for (size_t v = 0; v < vecs; v++) {
        const vec bv = v_keep(LOAD(b + v * LANES));
        UNROLL for (size_t i = 0; i < rows; i++) acc[i][v] = v_fma(ak[i], bv, acc[i][v]);
    }
}

// The same of any tile: row k of b stays, and a passes by. `first`: of the tiles of a panel, it may
// ask for b, and copies it into t->panel, which is there where panels are copied.
INLINE void add_k(const size_t rows, const size_t vecs, const enum way way, const int part,
                  const bool first, const struct tile_job *t, size_t k, const real *a,
                  const size_t lda, const real *b, const size_t ldb, real *packed,
                  vec acc[][MOST_VECS]) {
    vec bk[MOST_VECS];
    UNROLL for (size_t v = 0; v < vecs; v++) {
        bk[v] = LOAD(b + v * LANES);
        if (rows > 1)
            bk[v] = v_keep(bk[v]);
    }
    if (way == AHEAD)
        ask_ahead(vecs, b, ldb);
    if (first && (!COPY_PANELS || t->asks)) {
        UNROLL for (size_t j = 0; j < vecs * LANES; j += 64 / sizeof *b) {
            __builtin_prefetch(b + FIRST_AHEAD * ldb + j, 0, 2);
            __builtin_prefetch(b + vecs * LANES + j, 0, 2);
        }
    }
    if (first && (COPY_PANELS || t->panel != NULL)) {
        real *row = t->panel + k * vecs * LANES;
        UNROLL for (size_t v = 0; v < vecs; v++) v_store(row + v * LANES, bk[v]);
    }
    if (way == PACKING) {
        __builtin_prefetch(a + (k + PACKED_AHEAD) * lda + rows - 1, 0, 2);
        memcpy(packed + k * TILE_ROWS, a + k * lda, rows * sizeof *a);
    }
    UNROLL for (size_t i = 0; i < rows; i++) {
        vec ai = A(i);
        UNROLL for (size_t v = 0; v < vecs; v++) acc[i][v] = v_fma(ai, bk[v], acc[i][v]);
    }
}
#undef A

// acc += a . b, chains over k from k0 to k1
INLINE void multiply(const size_t rows, const size_t vecs, const enum way way, const int part,
                     const bool first, const struct tile_job *t, size_t k0, size_t k1,
                     const real *a, real *packed, vec acc[][MOST_VECS]) {
    const real *b = t->b + k0 * t->ldb;
    const size_t lda = t->lda, ldb = t->ldb;
    // Strides that are known are displacements, and the k of a turn take one step of each pointer.
    if (TILE_TURN > 1 && way != PACKING && !first && !part && vecs == TILE_VECS &&
        ldb == vecs * LANES &&
        (way == BY_ROWS ? rows > FLAT_ROWS : rows == TILE_ROWS && lda == rows)) {
        UNROLL_TURN for (size_t k = k0; k < k1; k++, b += vecs * LANES)
            add_k(rows, vecs, way, part, first, t, k, a, way == BY_ROWS ? lda : rows, b,
                  vecs * LANES, packed, acc);
    } else if (TILE_TURN > 1 && way == BY_ROWS && !first && rows == TILE_ROWS) {
        UNROLL_TWICE for (size_t k = k0; k < k1; k++, b += ldb)
            add_k(rows, vecs, way, part, first, t, k, a, lda, b, ldb, packed, acc);
    } else if (rows < vecs && rows * vecs == ACCUMULATORS && !first && way != PACKING) {
        UNROLL_TURN for (size_t k = k0; k < k1; k++, b += ldb)
            add_k_flat(rows, vecs, way, part, t, k, a, b, acc);
    } else {
        for (size_t k = k0; k < k1; k++, b += ldb)
            add_k(rows, vecs, way, part, first, t, k, a, lda, b, ldb, packed, acc);
    }
}

// The finished chains of a tile, and what follows them, into c: step by step over all of them, so
// that each question is asked once.
INLINE void finish(const size_t rows, const size_t vecs, const int part, const struct tile_job *t,
                   real *c, vec acc[][MOST_VECS]) {
    const epilogue *out = t->out;
    const size_t ldc = t->ldc;
    if (out != NULL) {
        if (t->bias != NULL)
            EACH acc[i][v] = v_add(acc[i][v], LOAD(t->bias + v * LANES));
        if (out->relu)
            EACH acc[i][v] = v_relu(acc[i][v]);
        if (out->sgd && out->weight_decay != 0) {
            const vec decay = v_set1(out->weight_decay);
            real *row = below(c, 0); // loads of its own, else as many registers as a row
            EACH_OF(row, ldc) acc[i][v] = v_fma(decay, LOAD(row + v * LANES), acc[i][v]);
        }
    }
    if (out != NULL && out->sgd && vecs == 1) {
        // All loads first: one waits for the store of the row above that reaches into it.
        const vec lr = v_set1(out->lr);
        real *row = below(c, 0);
        EACH_OF(row, ldc) acc[i][v] = v_fnma(lr, acc[i][v], LOAD(row));
        EACH_OF(c, ldc) STORE(c, acc[i][v]);
    } else if (out != NULL && out->sgd) {
        // Loaded and stored one by one: loads taken together would not fit registers.
        const vec lr = v_set1(out->lr);
        EACH_OF(c, ldc) STORE(c + v * LANES, v_fnma(lr, acc[i][v], LOAD(c + v * LANES)));
    } else if (vecs > 1 && part && ldc == (vecs - 1) * LANES + t->left) {
        // Rows without gaps: what a whole register puts into the row below is replaced there.
        EACH_OF(c, ldc) {
            if (i + 1 < rows)
                v_store(c + v * LANES, acc[i][v]);
            else
                STORE(c + v * LANES, acc[i][v]);
        }
    } else {
        EACH_OF(c, ldc) STORE(c + v * LANES, acc[i][v]);
    }
}

// Tiles of c (rows, vecs * LANES). All but the job are constants at every call.
INLINE void tiles(const size_t rows, const size_t vecs, const enum way way, const bool first,
                  const int part, const struct tile_job *job) {
    const struct tile_job copy = *job, *t = &copy; // what is stored cannot change it
    const real *a = t->a;
    real *start = t->start, *c = t->c, *packed = t->packed;
    for (size_t left = t->count; left > 0; left--) {
        vec acc[TILE_ROWS][MOST_VECS];
        if (COPY_PANELS && vecs == TILE_VECS && left > 1 && start != NULL) { // chains of the next
            real *row = below(start, rows * t->ldstart);
            UNROLL for (size_t i = 0; i < rows; i++, row = below(row, t->ldstart)) {
                __builtin_prefetch(row, 1);
                __builtin_prefetch(row + TILE_COLS - 1, 1);
            }
        }
        if (way <= AHEAD && left > 1 && t->k >= LEAST_AHEAD_K) { // rows of a of the next tile
            UNROLL for (size_t i = 0; i < rows; i++) {
                __builtin_prefetch(a + t->step + i * t->lda);
                __builtin_prefetch(a + t->step + i * t->lda + 64 / sizeof(real));
            }
        }
        if (!COPY_PANELS && t->claims) {
            real *row = c;
            EACH_OF(row, t->ldc) __builtin_prefetch(row + v * LANES, 1);
        }
        begin(rows, vecs, part, t, start, acc);
        if (way == BY_COLUMNS && !first && !COPY_PANELS && rows * vecs > STORE_BURST) {
            const size_t abreast = STORE_BURST / vecs, last = t->k < LAST_K ? 0 : t->k - LAST_K;
            const struct tile_job *u = t;
            multiply(rows, vecs, way, part, false, t, 0, last, a, packed, acc);
            // What the rows need is found now, not kept from the loop's start.
            __asm__("" : "+r"(u));
            UNROLL for (size_t i = 0; i < rows; i += abreast) {
                const size_t count = rows - i < abreast ? rows - i : abreast;
                multiply(count, vecs, way, part, false, u, last, u->k, a + i, packed, acc + i);
                finish(count, vecs, part, u, c + i * u->ldc, acc + i);
            }
        } else {
            // Panel after panel of a, each found by the k of the whole; a matrix is a single one.
            const real *panel = a;
            for (size_t k0 = 0, k1 = t->k;; k0 = k1, k1 = t->k, panel += t->a_stride - t->lda) {
                if (way <= AHEAD && t->a_stride > 0 && t->k - k0 > t->lda)
                    k1 = k0 + t->lda;
                multiply(rows, vecs, way, part, first, t, k0, k1, panel, packed, acc);
                if (way > AHEAD || k1 == t->k)
                    break;
            }
            finish(rows, vecs, part, t, c, acc);
        }
        a += t->step;
        if (way == PACKING)
            packed += PACKED_TILE;
        c += rows * t->ldc;
        start = start == NULL ? NULL : start + rows * t->ldstart;
    }
}
#undef STORE
#undef LOAD
#undef IS_PART
#undef EACH_OF
#undef EACH

// Tiles of `rows` rows and `vecs` registers, the last one of `t->left` columns: code for every
// size, chosen here, so that the accumulators of each are registers. What a first tile does
// besides would take some from the others, so it has code of its own.
#define CASE(r, v, way, first)                                                                    \
    case (r)*8 + (v):                                                                             \
        if ((r) <= TILE_ROWS && (r) * (v) <= ACCUMULATORS && (!(first) || (r) >= LEAST_ASKING)) { \
            if (LANES == 1 || t->left == ALL)                                                     \
                tiles(r, v, way, first, 0, t);                                                    \
            else                                                                                  \
                tiles(r, v, way, first, 1, t);                                                    \
        }                                                                                         \
        break;
#define CASES(r, way, first) \
    CASE(r, 1, way, first) CASE(r, 2, way, first) CASE(r, 3, way, first) CASE(r, 4, way, first)
#define FEW_ROWS(way, first) \
    CASES(1, way, first) CASES(2, way, first) CASES(3, way, first) CASES(4, way, first)
#define ALL_ROWS(way, first) FEW_ROWS(way, first) CASES(5, way, first) CASES(6, way, first)
#define TILE(name, rows_of, way, first)                                    \
    static void name(size_t rows, size_t vecs, const struct tile_job *t) { \
        switch (rows * 8 + vecs) { rows_of(way, first) }                   \
    }
TILE(tiles_by_rows, ALL_ROWS, BY_ROWS, false)
TILE(tiles_ahead, FEW_ROWS, AHEAD, false)
TILE(tiles_by_columns, ALL_ROWS, BY_COLUMNS, false)
TILE(tiles_packing, ALL_ROWS, PACKING, false)
TILE(first_by_rows, ALL_ROWS, BY_ROWS, true)
TILE(first_by_columns, ALL_ROWS, BY_COLUMNS, true)
TILE(first_packing, ALL_ROWS, PACKING, true)
#undef TILE
#undef ALL_ROWS
#undef FEW_ROWS
#undef CASES
#undef CASE

// The next tiles when `left` rows are to go: `count` of `rows` rows, `most` being those of a whole
// tile. Whole ones come first; the last two are alike, since one of a few rows has too few chains
// to keep the multipliers busy.
struct stack {
    size_t rows, count;
};
INLINE struct stack next_tiles(size_t most, size_t left, bool packed) {
    const size_t whole = left / most, rest = left % most;
    const size_t count = rest == 0 || packed ? whole : whole - 1;
    if (left <= most)
        return (struct stack){left, 1};
    if (count == 0)
        return (struct stack){(left + 1) / 2, 1};
    return (struct stack){most, count};
}
