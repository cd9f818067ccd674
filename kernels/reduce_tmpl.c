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

// Rows that are reduced side by side: the tree at the end of each is a chain of additions that wait
// for one another, and those of several rows overlap.
enum { ROWS_ABREAST = 4 };

// The lanes' sums of one row.
INLINE lanes row_lanes(size_t n, const real *x) {
    lanes s = lanes_set1(0);
#define STEP(i, lane, left) \
    s.v[lane] = keep_left(left, v_add(s.v[lane], load_left(x + (i), left)), s.v[lane])
    FOR_ROW(n, STEP);
#undef STEP
    return s;
}

// Sums of `count` rows, a constant up to ROWS_ABREAST.
INLINE void row_sums_of(const size_t count, size_t n, const real *x, size_t ldx, real *sum) {
    lanes s[ROWS_ABREAST];
    for (size_t r = 0; r < count; r++)
        s[r] = row_lanes(n, x + r * ldx);
    UNROLL for (size_t r = 0; r < count; r++) sum[r] = lanes_reduce_add(s[r]);
}

// Moments of `count` rows, a constant up to ROWS_ABREAST.
INLINE void row_moments_of(const size_t count, size_t n, const real *x, size_t ldx,
                           struct moments *moments) {
    real m0[ROWS_ABREAST];
    lanes s1[ROWS_ABREAST], s2[ROWS_ABREAST];
    row_sums_of(count, n, x, ldx, m0);
    for (size_t r = 0; r < count; r++) {
        m0[r] /= (real)n;
        const vec mean = v_set1(m0[r]);
        lanes t1 = lanes_set1(0), t2 = lanes_set1(0);
#define STEP(i, lane, left)                                                \
    do {                                                                   \
        vec d = v_sub(load_left(x + r * ldx + (i), left), mean);           \
        t1.v[lane] = keep_left(left, v_add(t1.v[lane], d), t1.v[lane]);    \
        t2.v[lane] = keep_left(left, v_fma(d, d, t2.v[lane]), t2.v[lane]); \
    } while (0)
        FOR_ROW(n, STEP);
#undef STEP
        s1[r] = t1;
        s2[r] = t2;
    }
    UNROLL for (size_t r = 0; r < count; r++) {
        const real sum = lanes_reduce_add(s1[r]), shift = sum / (real)n;
        const real m2 = r_fma(-sum, shift, lanes_reduce_add(s2[r]));
        moments[r] = (struct moments){m0[r] + shift, m2 < 0 ? 0 : m2};
    }
}

// BODY(i, count) for all rows: ROWS_ABREAST of them at a time, then one by one.
#define FOR_ROWS_ABREAST(rows, BODY)                            \
    do {                                                        \
        size_t r_ = 0;                                          \
        for (; r_ + ROWS_ABREAST <= (rows); r_ += ROWS_ABREAST) \
            BODY(r_, ROWS_ABREAST);                             \
        for (; r_ < (rows); r_++)                               \
            BODY(r_, 1);                                        \
    } while (0)

static void row_sum(size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    for (size_t i = 0; i < rows; i++)
        sum[i] = lanes_reduce_add(row_lanes(cols, x + i * ldx));
}

static void row_moments(size_t rows, size_t cols, const real *x, size_t ldx, real *mean,
                        real *variance) {
    struct moments moments[ROWS_ABREAST];
#define BODY(i, count)                                          \
    do {                                                        \
        row_moments_of(count, cols, x + (i)*ldx, ldx, moments); \
        for (size_t r = 0; r < (count); r++) {                  \
            mean[(i) + r] = moments[r].mean;                    \
            variance[(i) + r] = moments[r].m2 / (real)cols;     \
        }                                                       \
    } while (0)
    FOR_ROWS_ABREAST(rows, BODY);
#undef BODY
}

INLINE size_t rows_of_block(size_t rows, size_t r0) {
    return rows - r0 < NB_BLOCK_ROWS ? rows - r0 : NB_BLOCK_ROWS;
}

// total (cols) = first ? block sum : total + block sum
INLINE void add_block(real *total, vec block, bool first, size_t left) {
    store_left(total, first ? block : v_add(load_left(total, left), block), left);
}

static void column_sum(size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    if (rows == 0 && cols > 0)
        memset(sum, 0, cols * sizeof *sum);
    for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS) {
        const size_t count = rows_of_block(rows, r0);
#define BODY(c, vecs, left)                                                         \
    do {                                                                            \
        vec s[COLUMN_VECS];                                                         \
        UNROLL for (size_t v = 0; v < (vecs); v++) s[v] = v_zero();                 \
        for (size_t i = 0; i < count; i++) {                                        \
            UNROLL for (size_t v = 0; v < (vecs); v++) s[v] =                       \
                v_add(s[v], load_left(x + (r0 + i) * ldx + (c) + v * LANES, left)); \
        }                                                                           \
        UNROLL for (size_t v = 0; v < (vecs); v++)                                  \
            add_block(sum + (c) + v * LANES, s[v], r0 == 0, left);                  \
    } while (0)
        FOR_COLUMNS(cols, BODY);
#undef BODY
    }
}

// mean, m2 (cols) of x (rows, cols): the corrected two-pass algorithm inside a block of rows,
// blocks merged in order (Chan, Golub & LeVeque 1983): with delta = mean_b - mean and n, n_b the
// counts,
//   mean += delta * n_b / (n + n_b),   m2 += m2_b + delta^2 * n * n_b / (n + n_b)
static void column_m2(size_t rows, size_t cols, const real *x, size_t ldx, real *mean, real *m2) {
    for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS) {
        const size_t count = rows_of_block(rows, r0);
        const vec n = v_set1((real)count);
        const vec share = v_set1((real)count / (real)(r0 + count));
        const vec weight = v_mul(v_set1((real)r0), share);
        const real *block = x + r0 * ldx;
#define BODY(c, vecs, left)                                                                    \
    do {                                                                                       \
        vec s[COLUMN_VECS], s1[COLUMN_VECS], s2[COLUMN_VECS], m0[COLUMN_VECS];                 \
        UNROLL for (size_t v = 0; v < (vecs); v++) s[v] = s1[v] = s2[v] = v_zero();            \
        for (size_t i = 0; i < count; i++) {                                                   \
            UNROLL for (size_t v = 0; v < (vecs); v++) s[v] =                                  \
                v_add(s[v], load_left(block + i * ldx + (c) + v * LANES, left));               \
        }                                                                                      \
        UNROLL for (size_t v = 0; v < (vecs); v++) m0[v] = v_div(s[v], n);                     \
        for (size_t i = 0; i < count; i++) {                                                   \
            UNROLL for (size_t v = 0; v < (vecs); v++) {                                       \
                vec d = v_sub(load_left(block + i * ldx + (c) + v * LANES, left), m0[v]);      \
                s1[v] = v_add(s1[v], d);                                                       \
                s2[v] = v_fma(d, d, s2[v]);                                                    \
            }                                                                                  \
        }                                                                                      \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                           \
            real *mean_c = mean + (c) + v * LANES, *m2_c = m2 + (c) + v * LANES;               \
            vec shift = v_div(s1[v], n);                                                       \
            vec mean_b = v_add(m0[v], shift), m2_b = v_relu(v_fnma(s1[v], shift, s2[v]));      \
            if (r0 > 0) {                                                                      \
                vec old = load_left(mean_c, left), delta = v_sub(mean_b, old);                 \
                mean_b = v_fma(delta, share, old);                                             \
                m2_b = v_add(load_left(m2_c, left), v_fma(v_mul(delta, delta), weight, m2_b)); \
            }                                                                                  \
            store_left(mean_c, mean_b, left);                                                  \
            store_left(m2_c, m2_b, left);                                                      \
        }                                                                                      \
    } while (0)
        FOR_COLUMNS(cols, BODY);
#undef BODY
    }
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
    for (size_t i = 0; i < blocks; i++) {
#define BODY(c, vecs, left)                               \
    UNROLL for (size_t v = 0; v < (vecs); v++) add_block( \
        sum + (c) + v * LANES, load_left(x + i * ldx + (c) + v * LANES, left), i == 0, left)
        FOR_COLUMNS(cols, BODY);
#undef BODY
    }
}
