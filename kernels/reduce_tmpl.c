// SPDX-License-Identifier: MIT
// Sums, means and variances along rows and columns, and the building blocks that the normalizations
// share.
//
// Variance is the corrected two-pass algorithm (Chan, Golub & LeVeque 1983): with m0 a rounded mean
// and d = x - m0,
//   mean = m0 + sum d / n,   sum (x - mean)^2 = sum d^2 - (sum d)^2 / n
// so an error of m0 cancels to first order, and data with a huge mean and a small spread keep their
// variance.

struct moments {
    real mean, m2; // m2 = sum (x - mean)^2
};

// The lanes' sums of one row.
INLINE lanes row_lanes(size_t n, const real *x) {
    lanes s = lanes_set1(0);
#define STEP(i, lane, left) \
    s.v[lane] = keep_left(left, v_add(s.v[lane], load_left(x + (i), left)), s.v[lane])
    FOR_ROW(n, STEP);
#undef STEP
    return s;
}

// Rounded means of `count` rows, a constant up to ROWS_ABREAST.
INLINE void row_means_of(const size_t count, size_t n, const real *x, size_t ldx, real *mean) {
    lanes s[ROWS_ABREAST];
    for (size_t r = 0; r < count; r++)
        s[r] = row_lanes(n, x + r * ldx);
    UNROLL for (size_t r = 0; r < count; r++) mean[r] = lanes_reduce_add(s[r]) / (real)n;
}

// Moments of `count` rows, a constant up to ROWS_ABREAST, from their rounded means: side by side,
// so that what lanes sum stays in registers. `asks`: for rows that come from memory, which else
// rests during this second pass.
INLINE void row_moments_of(const bool asks, const size_t count, size_t n, const real *x, size_t ldx,
                           const real *m0, struct moments *moments) {
    lanes s1[ROWS_ABREAST], s2[ROWS_ABREAST];
    vec mean[ROWS_ABREAST];
    UNROLL for (size_t r = 0; r < count; r++) {
        mean[r] = v_set1(m0[r]);
        s1[r] = s2[r] = lanes_set1(0);
    }
#define STEP(i, lane, left)                                         \
    UNROLL for (size_t r = 0; r < count; r++) {                     \
        vec *t1 = &s1[r].v[lane], *t2 = &s2[r].v[lane];             \
        ask_far_lane(asks, lane, x + r * ldx + (i));                \
        vec d = v_sub(load_left(x + r * ldx + (i), left), mean[r]); \
        *t1 = keep_left(left, v_add(*t1, d), *t1);                  \
        *t2 = keep_left(left, v_fma(d, d, *t2), *t2);               \
    }
    FOR_ROW(n, STEP);
#undef STEP
    UNROLL for (size_t r = 0; r < count; r++) {
        const real sum = lanes_reduce_add(s1[r]), shift = sum / (real)n;
        const real m2 = r_fma(-sum, shift, lanes_reduce_add(s2[r]));
        moments[r] = (struct moments){m0[r] + shift, m2 < 0 ? 0 : m2};
    }
}

// How many groups of ROWS_ABREAST rows go side by side; what is left goes one by one, as all rows
// do where that is one: no group, whose code would be there twice. The tree at the end of a row is
// a chain of additions that wait, and those of several rows overlap. Of long rows one is enough:
// the tree is a small part of them, and memory is best read in one stream.
INLINE size_t groups_of_rows(size_t rows, size_t cols) {
    return ROWS_ABREAST > 1 && is_short(cols) ? rows / ROWS_ABREAST : 0;
}

// BODY(i, count) for all rows, of which so many groups of `abreast` rows, a constant, go side by
// side.
#define FOR_ROWS_ABREAST(abreast, groups, rows, BODY)                              \
    do {                                                                           \
        size_t r_ = 0;                                                             \
        for (const size_t end_ = (groups) * (abreast); r_ < end_; r_ += (abreast)) \
            BODY(r_, abreast);                                                     \
        for (; r_ < (rows); r_++)                                                  \
            BODY(r_, 1);                                                           \
    } while (0)

static void row_sum(size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    for (size_t i = 0; i < rows; i++)
        sum[i] = lanes_reduce_add(row_lanes(cols, x + i * ldx));
}

INLINE void row_moments_all(const bool asks, size_t rows, size_t cols, const real *x, size_t ldx,
                            real *mean, real *variance) {
    real m0[ROWS_ABREAST];
    struct moments moments[ROWS_ABREAST];
#define BODY(i, count)                                                    \
    do {                                                                  \
        row_means_of(count, cols, x + (i)*ldx, ldx, m0);                  \
        row_moments_of(asks, count, cols, x + (i)*ldx, ldx, m0, moments); \
        for (size_t r = 0; r < (count); r++) {                            \
            mean[(i) + r] = moments[r].mean;                              \
            variance[(i) + r] = moments[r].m2 / (real)cols;               \
        }                                                                 \
    } while (0)
    FOR_ROWS_ABREAST(ROWS_ABREAST, groups_of_rows(rows, cols), rows, BODY);
#undef BODY
}

// Long rows from memory are asked for where that was measured to pay, on Zen 5, which is known by
// its following of strides; on Zen 4 asking lost, others were not measured (docs/performance.md).
static void row_moments(size_t rows, size_t cols, const real *x, size_t ldx, real *mean,
                        real *variance) {
    if (is_far(rows, cols) && !is_short(cols) && follows_strides())
        row_moments_all(true, rows, cols, x, ldx, mean, variance);
    else
        row_moments_all(false, rows, cols, x, ldx, mean, variance);
}

INLINE size_t rows_of_block(size_t rows, size_t r0) {
    return rows - r0 < NB_BLOCK_ROWS ? rows - r0 : NB_BLOCK_ROWS;
}

// total (cols) = first ? block sum : total + block sum
INLINE void add_block(real *total, vec block, bool first, size_t left) {
    store_left(total, first ? block : v_add(load_left(total, left), block), left);
}

// sum (cols) of x (rows, cols), rows one after another, to 0 or the second to the first; `most`
// registers of them side by side
INLINE void strip_sum(const bool asks, const bool to_zero, const size_t most, size_t streams,
                      size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    const size_t ahead = far_ahead(asks, ldx);
    for (size_t i0 = 0; i0 < rows; i0 += streams) {
        const size_t i1 = group_end(rows, i0, streams);
#define BODY(c, vecs, left)                                                                       \
    do {                                                                                          \
        vec s[SUM_VECS];                                                                          \
        const real *begin = to_zero || i0 > 0 ? sum : x;                                          \
        UNROLL for (size_t v = 0; v < (vecs); v++) s[v] =                                         \
            to_zero && i0 == 0 ? v_zero() : load_left(begin + (c) + v * LANES, left);             \
        for (size_t i = to_zero || i0 > 0 ? i0 : 1; i < i1; i++) {                                \
            ask(asks, vecs, x + i * ldx + (c) + ahead);                                           \
            UNROLL for (size_t v = 0; v < (vecs); v++) s[v] =                                     \
                v_add(s[v], load_left(x + i * ldx + (c) + v * LANES, left));                      \
        }                                                                                         \
        UNROLL for (size_t v = 0; v < (vecs); v++) store_left(sum + (c) + v * LANES, s[v], left); \
    } while (0)
        FOR_COLUMNS_OF(most, cols, BODY);
#undef BODY
    }
}

// The same of a block of rows of an array. What registers hold the sums of is read as it lies; a
// single stream has four registers side by side.
INLINE void block_strip_sum(const bool asks, const bool to_zero, size_t streams, size_t rows,
                            size_t cols, const real *x, size_t ldx, real *sum) {
    enum { FOUR = SUM_VECS < 4 ? SUM_VECS : 4 };
    if (SUM_VECS > COLUMN_VECS && rows > STREAMS && cols <= SUM_VECS * LANES)
        strip_sum(asks, to_zero, SUM_VECS, NB_BLOCK_ROWS, rows, cols, x, ldx, sum);
    else if (FOUR > COLUMN_VECS && streams == 1)
        strip_sum(asks, to_zero, FOUR, 1, rows, cols, x, ldx, sum);
    else
        strip_sum(asks, to_zero, COLUMN_VECS, streams, rows, cols, x, ldx, sum);
}

INLINE void column_sum_of(const bool asks, size_t streams, size_t rows, size_t cols, const real *x,
                          size_t ldx, real *sum) {
    real block[STRIP];
    if (rows == 0 && cols > 0)
        memset(sum, 0, cols * sizeof *sum);
    for (size_t c0 = 0; c0 < cols; c0 += STRIP) {
        const size_t width = cols - c0 < STRIP ? cols - c0 : STRIP;
        for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS) {
            block_strip_sum(asks, true, streams, rows_of_block(rows, r0), width, x + r0 * ldx + c0,
                            ldx, block);
#define BODY(c, vecs, left)                               \
    UNROLL for (size_t v = 0; v < (vecs); v++) add_block( \
        sum + c0 + (c) + v * LANES, load_left(block + (c) + v * LANES, left), r0 == 0, left)
            FOR_COLUMNS(width, BODY);
#undef BODY
        }
    }
}

static void column_sum(size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    const size_t streams = sum_streams_of(rows, cols, ldx);
    if (is_far(rows, cols))
        column_sum_of(true, streams, rows, cols, x, ldx, sum);
    else
        column_sum_of(false, streams, rows, cols, x, ldx, sum);
}

// s1 = sum (x - m0), s2 = sum (x - m0)^2, (cols) each, of x (rows, cols), a block that is cached.
// The next one is asked for meanwhile, or memory would rest.
INLINE void strip_centred_sums(const bool asks, size_t rows, size_t cols, const real *x, size_t ldx,
                               const real *m0, real *s1, real *s2) {
    for (size_t i0 = 0; i0 < rows; i0 += STREAMS) {
        const size_t i1 = group_end(rows, i0, STREAMS);
#define BODY(c, vecs, left)                                                             \
    do {                                                                                \
        vec t1[COLUMN_VECS], t2[COLUMN_VECS], mean[COLUMN_VECS];                        \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                    \
            const size_t j = (c) + v * LANES;                                           \
            mean[v] = load_left(m0 + j, left);                                          \
            t1[v] = i0 > 0 ? load_left(s1 + j, left) : v_zero();                        \
            t2[v] = i0 > 0 ? load_left(s2 + j, left) : v_zero();                        \
        }                                                                               \
        for (size_t i = i0; i < i1; i++) {                                              \
            ask(asks, vecs, x + (i + NB_BLOCK_ROWS) * ldx + (c));                       \
            UNROLL for (size_t v = 0; v < (vecs); v++) {                                \
                vec d = v_sub(load_left(x + i * ldx + (c) + v * LANES, left), mean[v]); \
                t1[v] = v_add(t1[v], d);                                                \
                t2[v] = v_fma(d, d, t2[v]);                                             \
            }                                                                           \
        }                                                                               \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                    \
            store_left(s1 + (c) + v * LANES, t1[v], left);                              \
            store_left(s2 + (c) + v * LANES, t2[v], left);                              \
        }                                                                               \
    } while (0)
        FOR_COLUMNS(cols, BODY);
#undef BODY
    }
}

// mean, m2 (cols) of a block of `count` rows from r0 on join those of the rows before it (Chan,
// Golub & LeVeque 1983): with delta = mean_b - mean and n, n_b the counts,
//   mean += delta * n_b / (n + n_b),   m2 += m2_b + delta^2 * n * n_b / (n + n_b)
INLINE void merge_moments(size_t r0, size_t count, size_t cols, const real *m0, const real *s1,
                          const real *s2, real *mean, real *m2) {
    const vec n = v_set1((real)count);
    const vec share = v_set1((real)count / (real)(r0 + count));
    const vec weight = v_mul(v_set1((real)r0), share);
#define BODY(c, vecs, left)                                                                  \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                                             \
        const size_t j = (c) + v * LANES;                                                    \
        vec sum = load_left(s1 + j, left), shift = v_div(sum, n);                            \
        vec mean_b = v_add(load_left(m0 + j, left), shift);                                  \
        vec m2_b = v_relu(v_fnma(sum, shift, load_left(s2 + j, left)));                      \
        if (r0 > 0) {                                                                        \
            vec old = load_left(mean + j, left), delta = v_sub(mean_b, old);                 \
            mean_b = v_fma(delta, share, old);                                               \
            m2_b = v_add(load_left(m2 + j, left), v_fma(v_mul(delta, delta), weight, m2_b)); \
        }                                                                                    \
        store_left(mean + j, mean_b, left);                                                  \
        store_left(m2 + j, m2_b, left);                                                      \
    }
    FOR_COLUMNS(cols, BODY);
#undef BODY
}

// mean, m2 (cols) of x (rows, cols): the corrected two-pass algorithm inside a block of rows,
// blocks merged in order. Where registers hold the sums of a strip, a block of it is read as it
// lies and stays in L1 for its second pass, unless its rows, whole pages apart, crowd few sets.
INLINE void column_m2_of(const bool asks, size_t rows, size_t cols, const real *x, size_t ldx,
                         real *mean, real *m2) {
    const bool narrow = is_line() && rows > STREAMS && !asks && !pages_apart(ldx);
    const size_t strip = narrow ? SUM_VECS * LANES : STRIP;
    real m0[STRIP], s1[STRIP], s2[STRIP];
    for (size_t c0 = 0; c0 < cols; c0 += strip) {
        const size_t width = cols - c0 < strip ? cols - c0 : strip;
        for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS) {
            const size_t count = rows_of_block(rows, r0);
            const real *block = x + r0 * ldx + c0;
            block_strip_sum(asks, true, STREAMS, count, width, block, ldx, m0);
#define BODY(c, vecs, left)                                                      \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                                 \
        real *sum = m0 + (c) + v * LANES;                                        \
        store_left(sum, v_div(load_left(sum, left), v_set1((real)count)), left); \
    }
            FOR_COLUMNS(width, BODY);
#undef BODY
            strip_centred_sums(asks, count, width, block, ldx, m0, s1, s2);
            merge_moments(r0, count, width, m0, s1, s2, mean + c0, m2 + c0);
        }
    }
}

static void column_m2(size_t rows, size_t cols, const real *x, size_t ldx, real *mean, real *m2) {
    if (is_cached(rows, cols))
        column_m2_of(false, rows, cols, x, ldx, mean, m2);
    else
        column_m2_of(true, rows, cols, x, ldx, mean, m2);
}

static void column_moments(size_t rows, size_t cols, const real *x, size_t ldx, real *mean,
                           real *variance) {
    if (rows == 0) {
        for (size_t c = 0; c < cols; c++)
            mean[c] = variance[c] = (real)NAN;
        return;
    }
    column_m2(rows, cols, x, ldx, mean, variance);
#define BODY(c, vecs, left)                                                 \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                            \
        real *p = variance + (c) + v * LANES;                               \
        store_left(p, v_div(load_left(p, left), v_set1((real)rows)), left); \
    }
    FOR_COLUMNS(cols, BODY);
#undef BODY
}

static void block_sum(size_t blocks, size_t cols, const real *x, size_t ldx, real *sum) {
    if (blocks == 0 && cols > 0)
        memset(sum, 0, cols * sizeof *sum);
    const size_t streams = sum_streams_of(blocks, cols, ldx);
    if (is_far(blocks, cols))
        block_strip_sum(true, false, streams, blocks, cols, x, ldx, sum);
    else
        block_strip_sum(false, false, streams, blocks, cols, x, ldx, sum);
}
