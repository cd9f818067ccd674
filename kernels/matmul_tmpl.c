// SPDX-License-Identifier: MIT
// Matrix products. Every output element is one chain over ascending k, so the vectors lie along n.
// Blocks over k carry the chain through memory; that changes no bit. The three forms share one loop
// nest and differ in how a tile finds its operands:
//   a(i, k) = a[i * lda + k] in nn and nt, a[k * lda + i] in tn
//   b(k, j) = b[k * ldb + j] in nn and tn; nt transposes a panel of b to that first
// The k of a in nn and of b in nt may lie in panels of lda or ldb, a_stride or b_stride apart.
// The anatomy (packed blocks, panels, register tile) is that of Goto & van de Geijn 2008 and BLIS
// (Van Zee & van de Geijn 2015), except that only what is slow to read where it lies is copied.

#include "kernels/matmul_tile_tmpl.c"
#include "kernels/matmul_operands_tmpl.c"
#include "kernels/transpose_tmpl.c"
#include "kernels/matmul_few_k_tmpl.c"
#include "kernels/matmul_thin_tmpl.c"

enum {
    BLOCK_M = 240,   // a multiple of every TILE_ROWS; half of it where L2 is small
    MOST_ONCE = 192, // rows of nt in one block even there, for each block transposes b
    BLOCK_N = 512,
    // Unfinished chains of the sgd epilogue: rows of up to BLOCK_N columns.
    PARTIAL = COPY_PANELS ? (480 << 10) / sizeof(real) : 120 * BLOCK_N,
    PACKED = BLOCK_M / TILE_ROWS * PACKED_TILE,
    // k at a time of a panel of weights, which is one stream and read as it lies: chains wait in
    // memory half as often.
    MOST_PANEL_K = COPY_PANELS ? BLOCK_K : 2 * BLOCK_K,
    LEAST_PACKED_K = 33,             // below, a is read as it lies
    ROOM = (1 << 20) / sizeof(real), // on the stack: packed a, unfinished chains, kept panels of b
    MOST_CACHED = 1 << 20,           // bytes of b that are read from where they lie;
    MOST_CACHED_ONCE = 400 << 10,    // by more than one block of rows, where panels are copied
    GROUP = 128,                     // columns of b that are copied at a time
    LEAST_GROUPS = 96,   // rows that are worth copies that no tile makes beside its work
    LEAST_CROWDED = 200, // or by a tile, of rows that crowd few sets of L2,
    LEAST_FAR = 30,      // where L3 is far
    CROWD = 1400 << 10,  // see crowds()
};

_Static_assert(PACKED + PARTIAL <= ROOM, "what a block needs has room");
_Static_assert((int)MOST_CACHED >= (int)LEAST_ASKED, "the tile that asks is the one that copies");
_Static_assert(NB_PANEL(real) % MOST_COLS == 0 && BLOCK_N % NB_PANEL(real) == 0, "tiles in panels");

struct product {
    size_t m, n, k;
    const real *a, *b;
    size_t lda, ldb, a_stride, b_stride;
    real *c;
    size_t ldc, panel_stride;
    const epilogue *out;
    size_t rows, width; // of a whole tile, which is as wide as a panel of b
    bool copies; // panels of b, where they fit L1, so that their lines do not evict one another
    bool asks;   // for panels of b that come from further away than L2
    bool claims; // lines of c
    bool packs;  // a of tn, whose tiles else touch a line and a page for each k
    real *panel, *packed, *partial;
    real *kept;          // panels of b that one block of rows leaves for the next, or NULL
    size_t step, kept_k; // k of a block, and of what is kept: as many, or all
};

// What is computed at a time: rows i0 to i1 and columns j0 to j1 of c, k from k0 to k1.
struct block {
    size_t i0, i1, j0, j1, k0, k1;
    size_t first; // row of c whose unfinished chains come first
    bool filled;  // the panels of b are there
};

// Registers side by side: a tile of few rows is a wider one. Panels of c are whole tiles wide.
INLINE size_t tile_vecs(size_t rows, bool panels) {
    const size_t vecs = rows < TILE_ROWS && rows > 0 ? ACCUMULATORS / rows : TILE_VECS;
    return vecs >= MOST_VECS ? MOST_VECS : panels && vecs == 3 ? 2 : vecs;
}

// Whether tiles are flat: as wide as they can be, of fewer rows. They broadcast less of a and leave
// longer pieces of c's rows, which pays as long as some k of so many columns of b stay in L1.
INLINE bool is_flat(size_t m, size_t n, size_t k) {
    return LANES > 1 && FLAT_ROWS < TILE_ROWS && m >= TILE_ROWS && n > TILE_COLS &&
           k <= MOST_FLAT_K;
}

// The part of a block that lies in one panel of b, from column j.
INLINE void multiply_panel(const enum form form, const struct product *p, const struct block *at,
                           size_t j) {
    const epilogue *out = p->out;
    const bool begins = at->k0 == 0, last = at->k1 == p->k, sgd = out && out->sgd;
    // The sgd epilogue finds the parameters in c, so its chains wait elsewhere.
    const bool aside = sgd && !last;
    const size_t cols = at->j1 - j < p->width ? at->j1 - j : p->width;
    const size_t vecs = (cols + LANES - 1) / LANES, block_cols = at->j1 - at->j0;
    // Where panels stay in L2, the tiles of a block's first one pack a for those of the others.
    const bool packs = !COPY_PANELS && p->packs && j == at->j0, packed = p->packs && !packs;
    real *const panel =
        p->kept ? p->kept + (j - at->j0) * p->kept_k + at->k0 % p->kept_k * p->width : p->panel;
    // Panels that are kept are copied a group at a time, from rows of b that one reads end to end,
    // or each by its first tile.
    const bool groups = COPY_PANELS && form != NT && p->kept != NULL;
    const bool filled = at->filled || groups, fills = (p->copies || p->kept) && !filled;
    const bool able = next_tiles(p->rows, at->i1 - at->i0, p->packs).rows >= LEAST_ASKING;
    struct tile_job t = {
        .lda = packed ? (size_t)TILE_ROWS : p->lda,
        .a_stride = p->a_stride,
        .k = at->k1 - at->k0,
        .b = form == NT || filled ? panel : p->b + at->k0 * p->ldb + j,
        .ldb = form == NT || filled ? vecs * LANES : p->ldb,
        .panel = form != NT && fills && able ? panel : NULL,
        .asks = p->asks && !filled && able,
        .ldstart = sgd ? block_cols : p->ldc,
        .ldc = aside ? block_cols : p->ldc,
        .bias = out && out->bias ? out->bias + j : NULL,
        .out = last ? out : NULL,
        .left = cols % LANES ? cols % LANES : ALL,
    };
    if (groups && !at->filled && (j - at->j0) % GROUP == 0) {
        const size_t group = at->j1 - j < GROUP ? at->j1 - j : GROUP, stride = p->kept_k * p->width;
        const real *b = p->b + at->k0 * p->ldb + j;
        if (p->width == TILE_COLS) // as nearly always, a constant
            copy_panels(TILE_COLS, t.k, group, b, p->ldb, panel, stride);
        else
            copy_panels(p->width, t.k, group, b, p->ldb, panel, stride);
    }
    if (COPY_PANELS && packed && j == at->j0)
        pack_tiles(t.k, at->i1 - at->i0, p->a + at->k0 * p->lda + at->i0, p->lda, p->packed);
    if (form == NT && !filled)
        transpose_panels(t.k, cols, p->b + j * p->ldb, p->ldb, p->b_stride, at->k0, panel,
                         vecs * LANES);
    for (size_t i = at->i0; i < at->i1;) {
        struct stack next = next_tiles(p->rows, at->i1 - i, p->packs);
        real *unfinished = p->partial + (i - at->first) * block_cols + (j - at->j0);
        real *tile = p->packed + (i - at->i0) / TILE_ROWS * PACKED_TILE;
        // The first tile copies for the others, and asks.
        const bool first = COPY_PANELS ? t.panel != NULL : t.asks;
        t.count = first ? 1 : next.count;
        t.packed = tile;
        if (packed) {
            t.a = tile;
            t.step = PACKED_TILE;
        } else {
            t.a = form == TN ? p->a + at->k0 * p->lda + i
                             : p->a + i * p->lda + column(p->lda, p->a_stride, at->k0);
            t.step = form == TN ? next.rows : next.rows * p->lda;
        }
        t.c = aside ? unfinished : p->c + column(p->ldc, p->panel_stride, j) + i * p->ldc;
        t.start = begins && !(out && out->accumulate) ? NULL : sgd ? unfinished : t.c;
        t.claims = p->claims && !aside && t.start != t.c;
        if (form != TN && first)
            first_by_rows(next.rows, vecs, &t);
        else if (form != TN && p->rows == TILE_ROWS && lie_apart(next.rows, vecs, t.ldb))
            tiles_ahead(next.rows, vecs, &t);
        else if (form != TN)
            tiles_by_rows(next.rows, vecs, &t);
        else if (packs && first)
            first_packing(next.rows, vecs, &t);
        else if (packs)
            tiles_packing(next.rows, vecs, &t);
        else if (first)
            first_by_columns(next.rows, vecs, &t);
        else
            tiles_by_columns(next.rows, vecs, &t);
        i += next.rows * t.count;
        t.asks = false;
        if (t.panel != NULL) {
            t.b = panel;
            t.ldb = vecs * LANES;
            t.panel = NULL;
        }
    }
}

// All k of rows i0 to i1 and columns j0 to j1 of c, `rows` rows at a time.
INLINE void multiply_blocks(const enum form form, const struct product *p, size_t rows, size_t i0,
                            size_t i1, size_t j0, size_t j1) {
    for (size_t k0 = 0; k0 == 0 || k0 < p->k; k0 += p->step) {
        const size_t k1 = p->k - k0 < p->step ? p->k : k0 + p->step;
        for (size_t i = i0; i < i1; i += rows) {
            const struct block at = {
                .i0 = i,
                .i1 = i1 - i < rows ? i1 : i + rows,
                .j0 = j0,
                .j1 = j1,
                .k0 = k0,
                .k1 = k1,
                .first = i0,
                .filled = p->kept && i > (p->kept_k < p->k ? i0 : 0),
            };
            for (size_t j = j0; j < j1; j += p->width)
                multiply_panel(form, p, &at, j);
        }
    }
}

// Rows of a block of c, `most` being whole tiles: all blocks alike, since a block of few rows reads
// b for little.
INLINE size_t rows_at_a_time(size_t m, size_t most) {
    const size_t blocks = m > most ? (m + most - 1) / most : 1;
    const size_t rows = (m + blocks - 1) / blocks;
    return (rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
}

// Whether a block of k rows of b, or of all, crowds few sets of L2, whose lines then evict one
// another: rows whose distance is a multiple of a large power of two repeat the same sets after
// 2^17 bytes / that power, where a way of the cache has 128 KiB.
INLINE bool crowds(size_t k, size_t ld) {
    const size_t apart = ld * sizeof(real);
    return (k < BLOCK_K ? k : BLOCK_K) * (apart & (0 - apart)) >= CROWD;
}

// Columns of b whose panels, each of `kept_k` k, have `room` to stay for further blocks of rows; 0
// where that does not pay: where b is small, or a is read anew for too few columns. nt transposes
// them once then, and rows that are not whole lines, of which every load touches two, are whole
// ones in a copy; copied by tiles, rows of whole lines pay for it from a third block on.
INLINE size_t kept_columns(const enum form form, size_t m, size_t n, size_t k, size_t kept_k,
                           size_t ldb, bool crowded, size_t width, size_t room) {
    const bool lines = form != NT && ldb * sizeof(real) % 64 == 0;
    const size_t cols = kept_k > 0 ? room / kept_k / width * width : 0;
    const size_t least = COPY_PANELS && form != NT ? LEAST_GROUPS - 1
                         : crowded                 ? (far_l3() ? LEAST_FAR : LEAST_CROWDED) - 1
                         : lines                   ? 2 * BLOCK_M
                                                   : BLOCK_M;
    const size_t cached = COPY_PANELS && m > BLOCK_M ? MOST_CACHED_ONCE : MOST_CACHED;
    const bool pays = k * n * sizeof(real) > cached && m > least;
    return pays && cols >= BLOCK_N / (form == TN && !crowded ? 2 : 4) ? cols : 0;
}

INLINE void matmul(const enum form form, size_t m, size_t n, size_t k, const real *a, size_t lda,
                   size_t a_stride, const real *b, size_t ldb, size_t b_stride, real *c, size_t ldc,
                   const epilogue *out) {
    _Alignas(64) real panel[BLOCK_K * MOST_COLS]; // b of some columns: copied, or transposed
    _Alignas(64) real room[ROOM];
    if (form != NT && a_stride == 0 && is_narrow(form, m, n, k)) {
        matmul_narrow(form, m, n, k, a, lda, b, ldb, c, ldc, out);
        return;
    }
    if (a_stride == 0 && is_one_row(form, m, n, k) && !(out && out->panel_stride > 0)) {
        matmul_one_row(n, k, a, b, ldb, c, out);
        return;
    }
    const size_t few = is_few_k(k) && MOST_FEW_OF_NT > MOST_FEW ? MOST_FEW : MOST_FEW_OF_NT;
    if (form == NT && b_stride == 0 && m > 0 && m <= few && !(out && out->panel_stride > 0)) {
        matmul_few(BY_ROWS, m, n, k, a, lda, b, ldb, c, ldc, out);
        return;
    }
    // Not row by row where loads of sgd would wait for the store of the row above.
    const bool overlaps = out && out->sgd && ldc < LANES;
    if (k > 0 && is_few_k(k) && !overlaps) {
        matmul_few_k(form, m, n, k, a, lda, b, ldb, c, ldc, out, panel);
        return;
    }
    if (m == 0)
        return;
    const size_t passing = passing_columns(form, n, k, out); // the others follow below
    if (passing > 0)
        matmul_passing(m, passing, k, a, lda, b, ldb, c, ldc, out);
    const bool flat = is_flat(m, n, k);
    const size_t tile = next_tiles(TILE_ROWS, m, false).rows; // of the first tile
    const size_t vecs = flat ? MOST_VECS : tile_vecs(tile, out && out->panel_stride > 0);
    const size_t width = vecs * LANES;
    const bool tall = m >= 2 * TILE_ROWS;
    const bool packs = form == TN && tall && k >= LEAST_PACKED_K && n > 2 * width;
    const bool aside = out && out->sgd && k > BLOCK_K;
    const size_t most_k = form == NN && ldb == NB_PANEL(real) ? MOST_PANEL_K : BLOCK_K;
    const size_t blocks = k > most_k ? (k + most_k - 1) / most_k : 1;
    const size_t unit = a_stride > 0 ? lda : b_stride > 0 ? ldb : 1; // whole panels
    const size_t step = k > 0 ? ((k + blocks - 1) / blocks + unit - 1) / unit * unit : 1;
    const bool crowded = form != NT && crowds(k, ldb);
    // So many rows of a block of k stay in L2, of which CPUs without AVX-512 have half a MiB.
    const size_t cached_m = COPY_PANELS && step > BLOCK_K / 2 && !(form == NT && m <= MOST_ONCE)
                                ? BLOCK_M / 2
                                : BLOCK_M;
    real *const partial = room + (packs ? cached_m / TILE_ROWS * PACKED_TILE : 0);
    real *const kept = partial + (aside ? PARTIAL : 0);
    const size_t left = (size_t)(room + ROOM - kept);
    const size_t kept_k = (COPY_PANELS || form == TN ? k * n > left : crowded) ? step : k;
    const size_t keeps =
        n > width ? kept_columns(form, m, n, k, kept_k, ldb, crowded, width, left) : 0;
    // Of small batches, from the last panel of weights to the first, as in matmul_few_k.
    const bool backwards = COPY_PANELS && out && out->panel_stride > 0 && !packs;
    const size_t cols = backwards ? ldc : keeps > 0 && keeps < BLOCK_N ? keeps : BLOCK_N;
    const struct product p = {
        .m = m,
        .n = n,
        .k = k,
        .a = a,
        .lda = lda,
        .b = b,
        .ldb = ldb,
        .a_stride = a_stride,
        .b_stride = b_stride,
        .c = c,
        .ldc = ldc,
        .panel_stride = out ? out->panel_stride : 0,
        .out = out,
        .rows = flat ? FLAT_ROWS : TILE_ROWS,
        .width = width,
        .panel = panel,
        .copies = COPY_PANELS && form != NT && tall && k >= LEAST_COPIED_K,
        .asks =
            form != NT && tall && n > width && (keeps > 0 || is_asked(k * n * sizeof(real), ldb)),
        .claims = is_claimed(m * n * sizeof(real)) && !follows_strides(),
        .packs = packs,
        .packed = room,
        .partial = partial,
        .kept = keeps > 0 ? kept : NULL,
        .step = step,
        .kept_k = keeps > 0 ? kept_k : 1,
    };
    for (size_t done = passing; done < n; done += cols) {
        const size_t j0 = backwards ? (n - 1) / cols * cols - (done - passing) : done;
        const size_t j1 = n - j0 < cols ? n : j0 + cols;
        const size_t most = PARTIAL / (j1 - j0) / TILE_ROWS * TILE_ROWS;
        const size_t rows = rows_at_a_time(m, aside && most < cached_m ? most : cached_m);
        // Where one block of k is kept, all rows use it before the next, or as many as can wait.
        const size_t waiting = !aside ? m : most > rows ? most / rows * rows : rows;
        const size_t most_rows = keeps > 0 && kept_k < k ? waiting : rows;
        for (size_t i0 = 0; i0 < m; i0 += most_rows)
            multiply_blocks(form, &p, rows, i0, m - i0 < most_rows ? m : i0 + most_rows, j0, j1);
    }
}

// c (m, n) <- a (m, k) . b (k, n), the columns of a in panels of lda, or a_stride being 0
static void nn(size_t m, size_t n, size_t k, const real *a, size_t lda, size_t a_stride,
               const real *b, size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(NN, m, n, k, a, lda, a_stride, b, ldb, 0, c, ldc, out);
}

static void matmul_nn(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    nn(m, n, k, a, lda, 0, b, ldb, c, ldc, out);
}

#include "kernels/matmul_swapped_tmpl.c"

// c (m, n) <- a (m, k) . b (n, k) transposed, the columns of b in panels of ldb, or b_stride being
// 0
static void nt(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,
               size_t b_stride, real *c, size_t ldc, const epilogue *out) {
    if (is_swapped(m, n, k, out))
        matmul_swapped(m, n, k, a, lda, b, ldb, b_stride, c, ldc, out);
    else
        matmul(NT, m, n, k, a, lda, 0, b, ldb, b_stride, c, ldc, out);
}

static void matmul_nt(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    nt(m, n, k, a, lda, b, ldb, 0, c, ldc, out);
}

static void matmul_tn(size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,
                      size_t ldb, real *c, size_t ldc, const epilogue *out) {
    matmul(TN, m, n, k, a, lda, 0, b, ldb, 0, c, ldc, out);
}

#include "kernels/matmul_panels_tmpl.c"
