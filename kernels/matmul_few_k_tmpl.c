// SPDX-License-Identifier: MIT
// Products of few k, where a burst of stores at the end of every tile would keep multiplications
// waiting: what b has of some columns stays in registers, and the rows of c pass by.

enum {
    FEW_K_VECS = ACCUMULATORS - MOST_VECS, // k times the registers of columns
    MOST_FEW_K = ACCUMULATORS > STORE_BURST ? FEW_K_VECS / 2 : 0,
    MOST_COLS = MOST_VECS * LANES,
    // Of c that is only written, and is claimed, so many rows at a time go through all columns, and
    // lines are asked for so many rows before.
    FEW_K_ROWS = 32,
    FEW_K_AHEAD = 8,
    PANEL_VECS = NB_PANEL(real) / LANES,
    MOST_PASSING_K = PASSING_K,
};

// c (t->count, vecs * LANES) <- a . b (k, vecs * LANES). `plain`: the chains start at 0, and
// nothing follows them.
INLINE void outer_rows(const enum way way, const size_t k, const size_t vecs, const int part,
                       const bool plain, const struct tile_job *job) {
    struct tile_job copy = *job, *const t = &copy; // what is stored cannot change it
    if (plain) {
        copy.claims = false;
        copy.start = NULL;
        copy.out = NULL;
    }
    const real *a = t->a;
    real *start = t->start, *c = t->c;
    vec b[FEW_K_VECS][MOST_VECS];
    UNROLL for (size_t r = 0; r < k; r++) {
        UNROLL for (size_t v = 0; v < vecs; v++) {
            const real *at = t->b + r * t->ldb + v * LANES;
            b[r][v] = part && v == vecs - 1 ? v_load_n(at, t->left) : v_load(at);
        }
    }
    for (size_t left = t->count; left > 0; left--) {
        vec acc[1][MOST_VECS];
        if (t->claims) {
            UNROLL for (size_t v = 0; v < vecs; v++)
                __builtin_prefetch(c + FEW_K_AHEAD * t->ldc + v * LANES, 1);
        }
        begin(1, vecs, part, t, start, acc);
        UNROLL for (size_t r = 0; r < k; r++) {
            vec ai = v_set1(a[way == BY_COLUMNS ? r * t->lda : r]);
            UNROLL for (size_t v = 0; v < vecs; v++) acc[0][v] = v_fma(ai, b[r][v], acc[0][v]);
        }
        finish(1, vecs, part, t, c, acc);
        a += t->step;
        c += t->ldc;
        start = start == NULL ? NULL : start + t->ldstart;
    }
}

// Rows of one register are asked what is plain as long as they multiply: the answer is code.
INLINE void outer_tile(const enum way way, const size_t k, const size_t vecs, const int part,
                       const struct tile_job *t) {
    if (vecs == 1 && t->start == NULL && t->out == NULL)
        outer_rows(way, k, vecs, part, true, t);
    else
        outer_rows(way, k, vecs, part, false, t);
}

#define CASE(k, v)                           \
    case (k)*8 + (v):                        \
        if ((k) * (v) <= FEW_K_VECS) {       \
            if (t->left == ALL)              \
                outer_tile(way, k, v, 0, t); \
            else                             \
                outer_tile(way, k, v, 1, t); \
        }                                    \
        break;
#define CASES(k) CASE(k, 1) CASE(k, 2) CASE(k, 3) CASE(k, 4)
INLINE void outer(const enum way way, size_t k, size_t vecs, const struct tile_job *t) {
    switch (k * 8 + vecs) {
        CASES(1)
        CASES(2) CASES(3) CASES(4) CASES(5) CASES(6) CASES(7) CASES(8) CASES(9) CASES(10)
    }
}
#undef CASES
#undef CASE

INLINE bool is_few_k(size_t k) { return k <= MOST_FEW_K; }

// c (m, n) <- a . b of few k; `panel` has room for BLOCK_K * MOST_COLS
static void matmul_few_k(const enum form form, size_t m, size_t n, size_t k, const real *a,
                         size_t lda, const real *b, size_t ldb, real *c, size_t ldc,
                         const epilogue *out, real *panel) {
    // Of four or two registers a panel of c holds whole numbers.
    const size_t width = (k * MOST_VECS <= FEW_K_VECS ? MOST_VECS : 2) * LANES;
    const size_t panel_stride = out ? out->panel_stride : 0;
    const bool read = out && (out->sgd || out->accumulate);
    const bool claims = is_claimed(m * n * sizeof(real)) && !read;
    const size_t rows = claims ? (size_t)FEW_K_ROWS : m;
    const size_t most = BLOCK_K * MOST_COLS / k / width * width; // columns that nt transposes
    const size_t cols = form == NT && most < n ? most : n;
    // Panels hold weights, which do not fit L2 beside all else: what the forward pass, which goes
    // through them from the first to the last, has left there is used before it is replaced.
    const bool backwards = panel_stride > 0;
    for (size_t j0 = 0; j0 < n; j0 += cols) {
        const size_t j1 = n - j0 < cols ? n : j0 + cols;
        const size_t ldp = whole_registers(j1 - j0);
        const size_t start = backwards ? j0 + (j1 - j0 - 1) / width * width : j0;
        const size_t step = backwards ? 0 - width : width;
        if (form == NT)
            transpose(k, j1 - j0, b + j0 * ldb, ldb, panel, ldp);
        for (size_t i = 0; i < m; i += rows) {
            for (size_t done = 0, j = start; done < j1 - j0; done += width, j += step) {
                const size_t left = j1 - j < width ? j1 - j : width;
                real *at = c + column(ldc, panel_stride, j) + i * ldc;
                const struct tile_job t = {
                    .count = m - i < rows ? m - i : rows,
                    .a = form == TN ? a + i : a + i * lda,
                    .b = form == NT ? panel + (j - j0) : b + j,
                    .lda = lda,
                    .ldb = form == NT ? ldp : ldb,
                    .step = form == TN ? 1 : lda,
                    .claims = claims,
                    .start = out && out->accumulate ? at : NULL,
                    .ldstart = ldc,
                    .c = at,
                    .ldc = ldc,
                    .bias = out && out->bias ? out->bias + j : NULL,
                    .out = out,
                    .left = left % LANES ? left % LANES : ALL,
                };
                if (form == TN)
                    outer(BY_COLUMNS, k, (left + LANES - 1) / LANES, &t);
                else
                    outer(BY_ROWS, k, (left + LANES - 1) / LANES, &t);
            }
        }
    }
}

// c (t->count, NB_PANEL) <- a . b (k, NB_PANEL) of tn, where b stays in L1, and passes by as an
// operand of the multiplications: half of the instructions of a tile. `only`: what follows a chain,
// SGD or nothing, of which the compiler knows which.
INLINE void panel_rows(const size_t k, const epilogue *only, const struct tile_job *job) {
    enum { ROWS = PASSING_K > 0 ? PANEL_VECS / MOST_VECS : 1 }; // as a tile's, below one another
    struct tile_job copy = *job, *const t = &copy;
    copy.out = only;
    copy.bias = NULL;
    copy.ldc = MOST_COLS;
    const real *a = t->a;
    real *c = t->c;
    for (size_t left = t->count; left > 0; left--) {
        vec acc[ROWS][MOST_VECS];
        begin(ROWS, MOST_VECS, 0, t, NULL, acc);
        UNROLL for (size_t r = 0; r < k; r++) {
            const vec ai = v_set1(a[r * t->lda]);
            const real *b = t->b + r * t->ldb;
            UNROLL for (size_t i = 0; i < ROWS; i++, b += MOST_COLS)
                UNROLL for (size_t v = 0; v < MOST_VECS; v++) acc[i][v] =
                    v_fma(ai, v_load(b + v * LANES), acc[i][v]);
        }
        finish(ROWS, MOST_VECS, 0, t, c, acc);
        a++;
        c += job->ldc;
    }
}

// How many columns of such a product do that.
INLINE size_t passing_columns(const enum form form, size_t n, size_t k, const epilogue *out) {
    const bool plain = !out || (!out->bias && !out->relu && !out->accumulate);
    return form == TN && k > 0 && k <= MOST_PASSING_K && plain ? n / NB_PANEL(real) * NB_PANEL(real)
                                                               : 0;
}

_Static_assert((int)MOST_PASSING_K <= 8, "matmul_passing has code for each k");

// c (m, n) <- a . b of so many columns, the last ones first, as in matmul_few_k. A function of its
// own, whose loops have all registers.
static __attribute__((noinline)) void matmul_passing(size_t m, size_t n, size_t k, const real *a,
                                                     size_t lda, const real *b, size_t ldb, real *c,
                                                     size_t ldc, const epilogue *out) {
    const bool sgd = out && out->sgd;
    const epilogue step = {
        .sgd = true, .lr = sgd ? out->lr : 0, .weight_decay = sgd ? out->weight_decay : 0};
    for (size_t j = n; j > 0;) {
        j -= NB_PANEL(real);
        const struct tile_job t = {
            .count = m,
            .a = a,
            .b = b + j,
            .lda = lda,
            .ldb = ldb,
            .c = c + column(ldc, out ? out->panel_stride : 0, j),
            .ldc = ldc,
        };
#define CASE(k)                         \
    case k:                             \
        if (k <= MOST_PASSING_K && sgd) \
            panel_rows(k, &step, &t);   \
        else if (k <= MOST_PASSING_K)   \
            panel_rows(k, NULL, &t);    \
        break;
        switch (k) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
#undef CASE
    }
}
