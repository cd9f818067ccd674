// SPDX-License-Identifier: MIT
// Products that fill no register tile: few rows of nt, one row of nn, and few columns.

// Products of few rows with a transposed b: some columns of b are used as soon as they are
// transposed, in the registers where they are.
enum {
    ABREAST = PARTS_ABREAST * PART, // columns at a time
    MOST_FEW = 10,                  // rows at a time: beside the columns they fit the registers
    // Rows that are worth it in all: more read a panel often enough.
    MOST_FEW_OF_NT = PARTS_ABREAST > 1 ? 40
                     : LANES > 1       ? MOST_FEW
                                       : 0,
};

// The first rows of a square of b, for each register of columns of c.
struct squares {
    const real *row[MOST_VECS][PART];
    size_t ld;
};

// acc (rows, LANES), register v of each row, += a (rows, n) . b (LANES, n) transposed, n at most
// `cols`, which is ABREAST or PART; b's rows go on behind them.
INLINE void add_columns(const enum way way, const size_t rows, const size_t cols, size_t n,
                        const real *a, size_t lda, struct squares *b, const size_t v,
                        vec acc[][MOST_VECS]) {
    vec t[ABREAST];
    load_columns(b->row[v], b->ld, cols, n, t);
    UNROLL for (size_t r = 0; r < PART; r++) b->row[v][r] += cols;
    UNROLL for (size_t r = 0; r < cols; r++) {
        if (r < n) {
            UNROLL for (size_t i = 0; i < rows; i++) acc[i][v] =
                v_fma(v_set1(way == BY_COLUMNS ? a[i] : a[i * lda + r]), t[r], acc[i][v]);
            if (way == BY_COLUMNS)
                a = next_row(a, lda);
        }
    }
}

// acc (rows, vecs * LANES) += a (rows, left) . b (vecs * LANES, left) transposed
INLINE void add_squares(const enum way way, const size_t rows, const size_t vecs, const size_t left,
                        const real *a, size_t lda, struct squares *b, vec acc[][MOST_VECS]) {
    const size_t step = way == BY_COLUMNS ? lda : 1;
    if (left == ALL) {
        // The registers by turns where a single row has few chains, which wait for themselves.
        const size_t turn = rows == 1 ? ABREAST : LANES;
        UNROLL for (size_t g0 = 0; g0 < LANES; g0 += turn) UNROLL for (size_t v = 0; v < vecs; v++)
            UNROLL for (size_t g = g0; g < g0 + turn; g += ABREAST)
                add_columns(way, rows, ABREAST, ABREAST, a + g * step, lda, b, v, acc);
        return;
    }
    UNROLL for (size_t v = 0; v < vecs; v++) {
        for (size_t g = 0; g < left; g += PART) {
            if (left - g >= PART)
                add_columns(way, rows, PART, PART, a + g * step, lda, b, v, acc);
            else
                add_columns(way, rows, PART, left - g, a + g * step, lda, b, v, acc);
        }
    }
}

// c (rows, vecs * LANES), or t->left columns of the only register; squares of b are `copied` first
// where they are not whole, or where their rows would evict one another
INLINE void few_columns(const enum way way, const size_t rows, const size_t vecs, const bool copied,
                        size_t k, const real *a, size_t lda, const real *b, size_t ldb,
                        const struct tile_job *t, real *c) {
    const size_t step = way == BY_COLUMNS ? lda : 1;
    real elements[LANES * LANES];
    struct squares squares = {.ld = copied ? LANES : ldb};
    vec acc[MOST_FEW][MOST_VECS];
    begin(rows, vecs, t->left != ALL, t, t->start, acc);
    if (!copied)
        UNROLL for (size_t v = 0; v < vecs; v++)
            first_rows(b + v * LANES * ldb, ldb, squares.row[v]);
    size_t k0 = 0;
    for (; k - k0 >= LANES; k0 += LANES) {
        if (copied)
            first_rows(fill_square(t->left, ALL, b + k0, ldb, elements), LANES, squares.row[0]);
        add_squares(way, rows, vecs, ALL, a + k0 * step, lda, &squares, acc);
    }
    if (k0 < k) {
        if (copied)
            first_rows(fill_square(t->left, k - k0, b + k0, ldb, elements), LANES, squares.row[0]);
        add_squares(way, rows, vecs, k - k0, a + k0 * step, lda, &squares, acc);
    }
    if (t->left == ALL)
        finish(rows, vecs, 0, t, c, acc);
    else
        finish(rows, vecs, 1, t, c, acc);
}

INLINE void few_rows(const enum way way, const size_t rows, size_t n, size_t k, const real *a,
                     size_t lda, const real *b, size_t ldb, real *c, size_t ldc,
                     const epilogue *out) {
    // Few rows are few chains, which wait for themselves: 64 bytes of columns side by side, as far
    // as there are registers, and of a single row twice as many.
    const size_t least = (rows == 1 ? 128 : 64) / LANES / sizeof(real);
    const size_t most = least > MOST_VECS ? MOST_VECS : least;
    const size_t fitting = (ACCUMULATORS - PART) / rows;
    const size_t wide = fitting == 0 ? 1 : fitting < most ? fitting : most;
    const bool apart = pages_apart(ldb);
    for (size_t j = 0; j < n;) {
        const size_t fit = apart ? 1 : (n - j) / LANES;
        const size_t vecs = fit >= wide ? wide : fit >= 2 ? 2 : 1;
        const size_t cols = n - j < LANES ? n - j : ALL;
        const struct tile_job t = {
            .start = out && out->accumulate ? c + j : NULL,
            .ldstart = ldc,
            .ldc = ldc,
            .bias = out && out->bias ? out->bias + j : NULL,
            .out = out,
            .left = cols,
        };
        if (cols < LANES || (apart && LANES > WAYS))
            few_columns(way, rows, 1, true, k, a, lda, b + j * ldb, ldb, &t, c + j);
        else if (vecs == wide)
            few_columns(way, rows, wide, false, k, a, lda, b + j * ldb, ldb, &t, c + j);
        else if (vecs == 2)
            few_columns(way, rows, 2, false, k, a, lda, b + j * ldb, ldb, &t, c + j);
        else
            few_columns(way, rows, 1, false, k, a, lda, b + j * ldb, ldb, &t, c + j);
        j += vecs * LANES;
    }
}

// c (m, n) <- a . b (n, k) transposed, with a(i, k) as `way` says
INLINE void matmul_few(const enum way way, size_t m, size_t n, size_t k, const real *a, size_t lda,
                       const real *b, size_t ldb, real *c, size_t ldc, const epilogue *out) {
    const size_t parts = (m + MOST_FEW - 1) / MOST_FEW;
    for (size_t part = 0, i = 0; part < parts; part++) {
        const size_t rows = (m - i + parts - part - 1) / (parts - part);
        const real *ai = way == BY_COLUMNS ? a + i : a + i * lda;
        switch (rows) {
#define CASE(rows)                                                         \
    case rows:                                                             \
        few_rows(way, rows, n, k, ai, lda, b, ldb, c + i * ldc, ldc, out); \
        break;
            CASE(1)
            CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10)
#undef CASE
        }
        i += rows;
    }
}

// One row of nn, whose time is that of reading b: some rows of b pass side by side from end to end,
// as a CPU reads ahead, where tiles would go down columns that are a piece of a page wide.
enum {
    ROWS_OF_B = 8,
    STRIP_N = 4096 / sizeof(real), // columns at a time: their chains wait in L1
};

INLINE bool is_one_row(const enum form form, size_t m, size_t n, size_t k) {
    return form == NN && LANES > 1 && m == 1 && n > MOST_VECS * LANES && k >= 8 * ROWS_OF_B;
}

// chains (cols) += a (count) . b (count, cols), `count` a constant
INLINE void add_rows(const size_t count, size_t cols, const real *a, const real *b, size_t ldb,
                     real *chains) {
    vec ak[ROWS_OF_B];
    UNROLL for (size_t r = 0; r < count; r++) ak[r] = v_set1(a[r]);
#define BODY(c, vecs, left)                                                                   \
    do {                                                                                      \
        vec acc[COLUMN_VECS];                                                                 \
        const real *row = b + (c);                                                            \
        UNROLL for (size_t v = 0; v < (vecs); v++) acc[v] = v_load(chains + (c) + v * LANES); \
        UNROLL for (size_t r = 0; r < count; r++, row = next_row(row, ldb)) {                 \
            UNROLL for (size_t v = 0; v < (vecs); v++) acc[v] =                               \
                v_fma(ak[r], load_left(row + v * LANES, left), acc[v]);                       \
        }                                                                                     \
        UNROLL for (size_t v = 0; v < (vecs); v++) v_store(chains + (c) + v * LANES, acc[v]); \
    } while (0)
    FOR_COLUMNS(cols, BODY);
#undef BODY
}

// c (1, n) <- a (1, k) . b (k, n)
static void matmul_one_row(size_t n, size_t k, const real *a, const real *b, size_t ldb, real *c,
                           const epilogue *out) {
    real chains[STRIP_N];
    for (size_t j0 = 0; j0 < n; j0 += STRIP_N) {
        const size_t cols = n - j0 < STRIP_N ? n - j0 : STRIP_N;
        size_t k0 = 0;
        memset(chains, 0, whole_registers(cols) * sizeof *chains);
        if (out && out->accumulate)
            memcpy(chains, c + j0, cols * sizeof *c);
        for (; k - k0 >= ROWS_OF_B; k0 += ROWS_OF_B)
            add_rows(ROWS_OF_B, cols, a + k0, b + k0 * ldb + j0, ldb, chains);
        for (; k0 < k; k0++)
            add_rows(1, cols, a + k0, b + k0 * ldb + j0, ldb, chains);
        for (size_t j = 0; j < cols; j += LANES) {
            const struct tile_job t = {
                .bias = out && out->bias ? out->bias + j0 + j : NULL,
                .out = out,
                .left = cols - j < LANES ? cols - j : ALL,
            };
            vec acc[1][MOST_VECS] = {{v_load(chains + j)}};
            if (t.left == ALL)
                finish(1, 1, 0, &t, c + j0 + j, acc);
            else
                finish(1, 1, 1, &t, c + j0 + j, acc);
        }
    }
}

// Below this many k a copy is not read often enough to pay.
enum { LEAST_COPIED_K = 16 };

// Columns of c that are too few to fill their registers: the vectors lie along the rows of c
// instead. `chains` holds c transposed, and a is transposed where its rows run along k.
enum {
    NARROW_M = TILE_COLS,
    NARROW_N = 2 * LANES,
    // Where a comes from far away, some rows of it pass side by side from end to end, those below
    // are asked for, and chains of more columns wait, a line further apart than pages.
    FAR = 6 << 20, // bytes of a
    FAR_K = 16,    // rows
    FAR_M = 1024,
    FAR_LD = FAR_M + 64 / sizeof(real),
};

// Lanes along the rows of c are worth it where they leave out a fourth of the arithmetic.
INLINE bool is_narrow(const enum form form, size_t m, size_t n, size_t k) {
    return LANES > 1 && n < NARROW_N && m >= (form == NN ? (size_t)LANES : NARROW_M) &&
           k >= LEAST_COPIED_K && whole_registers(m) * n * 4 <= m * whole_registers(n) * 3;
}

// c (LANES, n or fewer columns) <- t, all rows in one go, so that each question is asked once
INLINE void finish_square(const int part, const struct tile_job *job, real *c, const vec t[LANES]) {
    vec acc[LANES][MOST_VECS];
    UNROLL for (size_t r = 0; r < LANES; r++) acc[r][0] = t[r];
    finish(LANES, 1, part, job, c, acc);
}

// c (rows, n) <- chains (n, ld), and the epilogue
INLINE void store_narrow(size_t rows, size_t n, const real *chains, size_t ld, real *c, size_t ldc,
                         const epilogue *out) {
    // What is only stored AVX-512 had better store row by row.
    const bool by_squares = COPY_PANELS || (out && out->sgd);
    for (size_t i = 0; i < rows; i += LANES) {
        for (size_t j = 0; j < n; j += LANES) {
            const size_t left = n - j < LANES ? n - j : ALL;
            const struct tile_job job = {.ldc = ldc,
                                         .bias = out && out->bias ? out->bias + j : NULL,
                                         .out = out,
                                         .left = left};
            vec t[LANES];
            load_transposed(n - j, ALL, chains + j * ld + i, ld, t);
            if (by_squares && rows - i >= LANES) {
                if (left == ALL)
                    finish_square(0, &job, c + i * ldc + j, t);
                else
                    finish_square(1, &job, c + i * ldc + j, t);
                continue;
            }
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

// chains (n, ld) += b (k, n) transposed . a (k, rows), up to NARROW_M rows; the first tile `asks`
// for a, or what is below these k comes from `far` away
INLINE void narrow_tiles(size_t n, size_t rows, size_t k, const real *a, size_t lda, const real *b,
                         size_t ldb, real *chains, size_t ld, bool begins, bool asks, bool far) {
    const size_t vecs = (rows + LANES - 1) / LANES;
    struct tile_job t = {
        .k = k,
        .lda = ldb,
        .b = a,
        .ldb = lda,
        .ldstart = ld,
        .ldc = ld,
        .left = rows % LANES ? rows % LANES : ALL,
    };
    for (size_t r = 0; far && r < k; r++)
        __builtin_prefetch(a + (k + r) * lda, 0, 2);
    for (size_t j = 0; j < n;) {
        const struct stack next = next_tiles(TILE_ROWS, n - j, false);
        t.asks = asks && j == 0 && !COPY_PANELS && next.rows >= LEAST_ASKING;
        t.count = t.asks ? 1 : next.count;
        t.step = next.rows;
        t.a = b + j;
        t.c = chains + j * ld;
        t.start = begins ? NULL : t.c;
        if (t.asks)
            first_by_columns(next.rows, vecs, &t);
        else
            tiles_by_columns(next.rows, vecs, &t);
        j += next.rows * t.count;
    }
}

static void matmul_narrow(const enum form form, size_t m, size_t n, size_t k, const real *a,
                          size_t lda, const real *b, size_t ldb, real *c, size_t ldc,
                          const epilogue *out) {
    static const epilogue more = {.accumulate = true};
    const bool accumulate = out && out->accumulate, asks = is_asked(m * k * sizeof(real), lda);
    // By the whole of a, of which these may be the columns of one thread among many.
    const bool far = COPY_PANELS && form == TN && m > NARROW_M && lda * k * sizeof(real) >= FAR;
    const size_t most = far ? FAR_M : NARROW_M, ld = far ? FAR_LD : NARROW_M;
    const size_t step = far ? FAR_K : BLOCK_K;
    real chains[NARROW_N * (COPY_PANELS ? FAR_LD : NARROW_M)];
    for (size_t i0 = 0; i0 < m; i0 += most) {
        const size_t rows = m - i0 < most ? m - i0 : most;
        if (accumulate)
            transpose(n, rows, c + i0 * ldc, ldc, chains, ld);
        if (form == NN)
            matmul_few(BY_COLUMNS, n, rows, k, b, ldb, a + i0 * lda, lda, chains, ld,
                       accumulate ? &more : NULL);
        for (size_t k0 = 0; form == TN && k0 < k; k0 += step) {
            for (size_t i = 0; i < rows; i += NARROW_M)
                narrow_tiles(n, rows - i < NARROW_M ? rows - i : NARROW_M,
                             k - k0 < step ? k - k0 : step, a + k0 * lda + i0 + i, lda,
                             b + k0 * ldb, ldb, chains + i, ld, k0 == 0 && !accumulate, asks, far);
        }
        store_narrow(rows, n, chains, ld, c + i0 * ldc, ldc, out);
    }
}
