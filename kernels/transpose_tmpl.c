// SPDX-License-Identifier: MIT
// Matrices transposed by registers: squares of LANES x LANES, loaded in parts of 128 bits from the
// rows where they belong, and shuffled within these (transpose_parts of simd.h).

// The first rows of a matrix of LANES rows, from a column on; the others lie PART, 2 PART ... rows
// below.
INLINE void first_rows(const real *x, size_t ldx, const real *row[PART]) {
    UNROLL for (size_t r = 0; r < PART; r++, x = next_row(x, ldx)) row[r] = x;
}

// t (cols, LANES) <- the transposed columns of (LANES, cols), cols a multiple of 2 * PART; or,
// where it is PART, of the first n. All of a row first: rows that lie pages apart would else evict
// one another.
INLINE void load_columns(const real *const row[PART], size_t ld, const size_t cols, size_t n,
                         vec t[]) {
    UNROLL for (size_t r = 0; r < PART; r++) {
        const real *const from = row[r];
        if (PARTS_ABREAST == 2 && cols > PART) {
            UNROLL for (size_t g = 0; g < cols; g += 2 * PART)
                v_load_two_parts(from + g, PART * ld, &t[g + r], &t[g + PART + r]);
        } else {
            UNROLL for (size_t g = 0; g < cols; g += PART) t[g + r] =
                v_load_parts(from + g, PART * ld, n);
        }
    }
    UNROLL for (size_t g = 0; g < cols; g += PART) transpose_parts(t + g);
}

// x (rows, left) -> square (LANES, LANES), what is not there being 0
INLINE const real *fill_square(size_t rows, size_t left, const real *x, size_t ldx, real *square) {
    for (size_t r = 0; r < LANES; r++)
        v_store(square + r * LANES, r < rows ? v_load_n(x + r * ldx, left) : v_zero());
    return square;
}

// t (left, LANES) <- x (rows, left)
INLINE void load_transposed(size_t rows, const size_t left, const real *x, size_t ldx,
                            vec t[LANES]) {
    real square[LANES * LANES];
    const real *row[PART];
    const bool whole = rows >= LANES && left == ALL;
    const size_t ld = whole ? ldx : (size_t)LANES;
    first_rows(whole ? x : fill_square(rows, left, x, ldx, square), ld, row);
    load_columns(row, ld, LANES, PART, t);
}

// x (cols, k) -> panel (k, ldp)
static void transpose(size_t k, size_t cols, const real *x, size_t ldx, real *panel, size_t ldp) {
    for (size_t j = 0; j < cols; j += LANES) {
        vec t[LANES];
        for (size_t i = 0; i < k; i += LANES) {
            // What is no square at the end is part of one that begins earlier.
            if (k - i < LANES && k >= LANES)
                i = k - LANES;
            if (k - i >= LANES) {
                load_transposed(cols - j, ALL, x + j * ldx + i, ldx, t);
                UNROLL for (size_t r = 0; r < LANES; r++) v_store(panel + (i + r) * ldp + j, t[r]);
                continue;
            }
            load_transposed(cols - j, k - i, x + j * ldx + i, ldx, t);
            UNROLL for (size_t r = 0; r < LANES; r++) {
                if (i + r < k)
                    v_store(panel + (i + r) * ldp + j, t[r]);
            }
        }
    }
}

// Columns k0 to k0 + k of x (cols, ...), which may lie in panels -> panel (k, ldp)
INLINE void transpose_panels(size_t k, size_t cols, const real *x, size_t ldx, size_t x_stride,
                             size_t k0, real *panel, size_t ldp) {
    for (size_t done = 0, piece; done < k; done += piece) {
        const size_t at = k0 + done, whole = x_stride > 0 ? ldx - at % ldx : k;
        piece = k - done < whole ? k - done : whole;
        transpose(piece, cols, x + column(ldx, x_stride, at), ldx, panel + done * ldp, ldp);
    }
}
