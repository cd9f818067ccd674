// SPDX-License-Identifier: MIT
// How matrices pass through the caches in the reductions and normalizations: which rows go side by
// side, what is asked for ahead, what goes past. Choices of order in time, which change no bit;
// sizes are those of CPUs with 32 to 48 KiB of L1 and a share of some MiB of L3.

// Memory is read along the rows, of which so many pass side by side: down the columns every row is
// another page. What passes from one group of rows to the next waits in the L1 cache, which is why
// columns are taken in strips.
enum { STREAMS = 8, STRIP = 4096 / sizeof(real) };

// Whether a row is short: several together make a page.
INLINE bool is_short(size_t cols) { return cols * sizeof(real) < 2048; }

// Whether a register is a whole line.
INLINE bool is_line(void) { return sizeof(vec) == 64; }

// Whether x (rows, cols) may still be in a cache when it is read again; 4 MiB are a guess.
INLINE bool is_cached(size_t rows, size_t cols) { return rows * cols * sizeof(real) < 4 << 20; }

// Whether x (rows, cols) comes from memory: 12 MiB are a guess, too, of a share of an L3 cache.
INLINE bool is_far(size_t rows, size_t cols) { return rows * cols * sizeof(real) >= 12 << 20; }

// Asks for the lines of some registers, into L2, since more of its lines can be on their way.
// Nothing is read, so they may lie behind the end.
INLINE void ask(const bool asks, size_t vecs, const real *p) {
    if (asks && LANES > 1) {
        UNROLL for (size_t byte = 0; byte < vecs * sizeof(vec); byte += 64)
            __builtin_prefetch((const char *)p + byte, 0, 2);
    }
}

// How far behind an element of x that comes from memory that one lies which is asked for: a CPU's
// own prefetchers fall behind beside stores and several streams, and end at the page. Whole rows,
// so that who has some of the columns asks for their own, and no row that is about to be read
// beside this one.
INLINE size_t far_ahead(const bool asks, size_t ldx) {
    const size_t rows = asks ? (24 << 10) / (ldx * sizeof(real)) : 0;
    return (rows > STREAMS ? rows : STREAMS) * ldx;
}

// Asks in a walk along a row from memory, whose register `lane` is at p. Twice, which measured
// better, as if what is asked for while too many lines are on their way were forgotten.
INLINE void ask_far_lane(const bool asks, const size_t lane, const real *p) {
    enum { FURTHER = (24 << 10) / sizeof(real), NEARER = (8 << 10) / sizeof(real) };
    ask(asks && lane * sizeof(vec) % 64 == 0, 1, p + FURTHER);
    ask(asks && lane * sizeof(vec) % 64 == 0, 1, p + NEARER);
}

// Whether y (rows, cols), which is written once, goes past the caches: a line that is only written
// is else read first, and pushes out another.
INLINE bool goes_past(size_t rows, size_t cols, const real *y, size_t ldy) {
    enum { BYTES = STREAM_BYTES > 0 ? STREAM_BYTES : 1 };
    return STREAM_BYTES > 0 && is_far(rows, cols) && (uintptr_t)y % BYTES == 0 &&
           ldy * sizeof(real) % BYTES == 0;
}

// How many rows of several arrays pass side by side: short ones without gaps go as they lie in
// memory.
INLINE size_t streams_of(size_t rows, size_t cols, size_t ldx) {
    const bool as_they_lie = ldx == cols && is_short(cols);
    return as_they_lie && !is_cached(rows, cols) ? 1 : STREAMS;
}

// The same of one array that is summed along its columns: memory is quickest as one stream, and so
// are L2 and L3 for rows of 3 KiB and more without gaps, if a register is a line.
INLINE size_t sum_streams_of(size_t rows, size_t cols, size_t ldx) {
    const bool as_they_lie = is_line() && ldx == cols && cols * sizeof(real) >= 3 << 10;
    const bool in_l1 = rows * cols * sizeof(real) <= 96 << 10; // or nearly so
    return is_cached(rows, cols) && (in_l1 || !as_they_lie) ? STREAMS : 1;
}

// Whether rows of several arrays go one by one where nothing is summed: what does not fit L1 is
// best read and written as it lies, if a register is a line, so that what is loaded again for
// each row costs less than the lines do. In L3 short rows want company.
INLINE bool goes_by_rows(size_t arrays, size_t rows, size_t cols) {
    const size_t bytes = arrays * rows * cols * sizeof(real);
    return is_line() && bytes > 48 << 10 && (bytes <= 1 << 20 || !is_short(cols));
}

// The end of a group of `streams` rows from row i on.
INLINE size_t group_end(size_t rows, size_t i, size_t streams) {
    return rows - i < streams ? rows : i + streams;
}
