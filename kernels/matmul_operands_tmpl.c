// SPDX-License-Identifier: MIT
// The operands of the matrix products: where they lie, and copies of what is slow to read there.

INLINE size_t whole_registers(size_t n) { return (n + LANES - 1) / LANES * LANES; }

// Where column j of a matrix begins, which lies in panels of ld columns or, without a stride, as a
// whole.
INLINE size_t column(size_t ld, size_t panel_stride, size_t j) {
    return panel_stride > 0 ? j / ld * panel_stride + j % ld : j;
}

// Such rows share one set of the L1 cache.
INLINE bool pages_apart(size_t ld) { return ld * sizeof(real) % PAGE == 0; }

// Whether rows of b are worth asking for, by a tile of few rows: those that lie apart. Wide ones in
// the same page the CPU fetches by itself, and those that are whole pages apart would evict one
// another from L1.
INLINE bool lie_apart(size_t rows, size_t vecs, size_t ldb) {
    enum { MOST_ROWS = 4, WIDE = 256 };
    const size_t bytes = vecs * LANES * sizeof(real), apart = ldb * sizeof(real);
    return rows <= MOST_ROWS && apart > (bytes >= WIDE ? PAGE / 4 : bytes) && !pages_apart(ldb);
}

// Whether the first tile of a panel asks for an operand of so many bytes, its rows ld apart. Those
// of weights in panels lie too close to be followed.
INLINE bool is_asked(size_t bytes, size_t ld) {
    const bool followed = follows_strides() && ld > NB_PANEL(real);
    return bytes >= (followed ? (size_t)LEAST_BEYOND_L3 : (size_t)LEAST_ASKED);
}

// Whether lines of c are asked for, which has so many bytes and is only written.
INLINE bool is_claimed(size_t bytes) {
    return bytes >= (follows_strides() ? (size_t)LEAST_BEYOND_L3 : (size_t)LEAST_CLAIMED);
}

enum { COPY_AHEAD = 8 }; // rows are asked for so many before they are copied

// Columns of b (k, cols) into panels of `width` columns, `stride` apart, row by row, as a CPU reads
// ahead: a tile that copies a panel of its own reads one or two lines of each row.
INLINE void copy_panels(const size_t width, size_t k, size_t cols, const real *b, size_t ldb,
                        real *panels, size_t stride) {
    const size_t whole = cols / width * width, left = cols - whole;
    real *row = panels, *last = panels + cols / width * stride; // the last panel may be narrower
    for (size_t r = 0; r < k; r++, b += ldb, row += width, last += whole_registers(left)) {
        real *to = row;
        for (size_t j = 0; j < cols; j += 64 / sizeof *b)
            __builtin_prefetch(b + COPY_AHEAD * ldb + j, 0, 2);
        for (size_t j = 0; j < whole; j += width, to += stride)
            for (size_t c = 0; c < width; c += LANES)
                v_store(to + c, v_load(b + j + c));
        for (size_t c = 0; c < left; c += LANES)
            v_store(last + c, v_load_n(b + whole + c, left - c));
    }
}

// a of tn, (k, rows), into tiles by columns, PACKED_TILE apart; row by row, too: its lines are read
// once, while one end of each tile is written. What a whole register puts into the next column of a
// tile is replaced there.
INLINE void pack_tiles(size_t k, size_t rows, const real *a, size_t lda, real *tiles) {
    const size_t reach = whole_registers(TILE_ROWS); // stays in the row for tiles in front
    const size_t front = rows < reach ? 0 : (rows - reach) / TILE_ROWS + 1;
    const size_t rest = rows - front * TILE_ROWS; // of less than two tiles
    for (size_t r = 0; r < k; r++, a += lda, tiles += TILE_ROWS) {
        const real *from = a;
        real *to = tiles;
        for (size_t i = 0; i < rows; i += 64 / sizeof *a)
            __builtin_prefetch(a + COPY_AHEAD * lda + i);
        UNROLL_BY(4) for (size_t t = 0; t < front; t++, from += TILE_ROWS, to += PACKED_TILE) {
            for (size_t c = 0; c < TILE_ROWS; c += LANES)
                v_store(to + c, v_load(from + c));
        }
        if (rest >= TILE_ROWS) {
            memcpy(to, from, TILE_ROWS * sizeof *a);
            from += TILE_ROWS;
            to += PACKED_TILE;
        }
        for (size_t c = 0; c < rest % TILE_ROWS; c++)
            to[c] = from[c];
    }
}
