// SPDX-License-Identifier: MIT
// Cross-entropy of softmax, and the exponential and logarithm it needs: our own polynomials over
// correctly rounded operations, so that the C library of the machine has no say in the bits.

// exp(x) for x <= 0, NaN for NaN, about 1 ulp. x = n ln 2 + r with |r| <= ln 2 / 2 (ln 2 in two
// parts, Cody & Waite 1980), then the Taylor polynomial of exp(r): its remainder |r|^8 / 8! = 5e-9
// (f32), |r|^14 / 14! = 4e-18 (f64) is below rounding. 2^n is applied as two factors, so that
// results may be subnormal; far below them the result is 0.
INLINE vec v_exp(vec x) {
#if NB_BITS == 32
    static const real inverse_factorials[] = {1.f / 5040, 1.f / 720, 1.f / 120, 1.f / 24,
                                              1.f / 6,    1.f / 2,   1,         1};
    const real ln2_high = 0x1.62ep-1f, ln2_low = 0x1.0bfbe8p-15f, log2_e = 0x1.715476p+0f,
               lowest = -104;
#else
    static const real inverse_factorials[] = {1. / 6227020800,
                                              1. / 479001600,
                                              1. / 39916800,
                                              1. / 3628800,
                                              1. / 362880,
                                              1. / 40320,
                                              1. / 5040,
                                              1. / 720,
                                              1. / 120,
                                              1. / 24,
                                              1. / 6,
                                              1. / 2,
                                              1,
                                              1};
    const real ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b39p-40,
               log2_e = 0x1.71547652b82fep+0, lowest = -746;
#endif
    // v_max keeps its second operand when that is NaN.
    const vec y = v_max(v_set1(lowest), x);
    const vec n = v_round(v_mul(y, v_set1(log2_e)));
    const vec r = v_fnma(n, v_set1(ln2_low), v_fnma(n, v_set1(ln2_high), y));
    vec p = v_set1(inverse_factorials[0]);
    UNROLL for (size_t i = 1; i < sizeof inverse_factorials / sizeof(real); i++) p =
        v_fma(p, r, v_set1(inverse_factorials[i]));
    const vec half = v_round(v_mul(n, v_set1((real)0.5)));
    return v_mul(v_mul(p, v_pow2(half)), v_pow2(v_sub(n, half)));
}

// log(s) for a normal s > 0, about 1 ulp; NaN and infinity stay. s = m 2^e with m in [sqrt(1/2),
// sqrt(2)), and log m = 2 atanh(f) = 2 f + 2 f^3 / 3 + ..., f = (m - 1) / (m + 1), |f| <= 0.172.
static real log_of(real s) {
    if (!(s <= (NB_BITS == 32 ? (real)0x1.fffffep127f : (real)0x1.fffffffffffffp1023)))
        return s;
#if NB_BITS == 32
    typedef uint32_t word;
    enum { TERMS = 5, FRACTION = 23, BIAS = 127 };
    const real ln2_high = 0x1.62ep-1f, ln2_low = 0x1.0bfbe8p-15f;
#else
    typedef uint64_t word;
    enum { TERMS = 11, FRACTION = 52, BIAS = 1023 };
    const real ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b39p-40;
#endif
    real m;
    word bits;
    memcpy(&bits, &s, sizeof bits);
    int e = (int)(bits >> FRACTION) - BIAS;
    bits -= (word)e << FRACTION;
    memcpy(&m, &bits, sizeof m); // in [1, 2)
    if (m > (real)1.4142135623730951) {
        m *= (real)0.5;
        e++;
    }
    const real f = (m - 1) / (m + 1), f2 = f * f;
    real p = 0;
    for (int term = TERMS; term >= 1; term--)
        p = r_fma(p, f2, (real)2 / (real)(2 * term + 1));
    const real tail = r_fma(p * f2, f, (real)e * ln2_low);
    return r_fma((real)e, ln2_high, r_fma(2, f, tail));
}

static void softmax_xent(size_t rows, size_t cols, const real *x, size_t ldx, const uint8_t *labels,
                         size_t batch, real *loss, real *dx, size_t lddx) {
    const real divisor = (real)batch;
    for (size_t i = 0; i < rows; i++) {
        const real *xi = x + i * ldx;
        lanes top = lanes_set1(-(real)INFINITY), s = lanes_set1(0);
#define STEP(j, lane, left) \
    top.v[lane] = keep_left(left, v_max(top.v[lane], load_left(xi + (j), left)), top.v[lane])
        FOR_ROW(cols, STEP);
#undef STEP
        const real max = lanes_reduce_max(top), chosen = xi[labels[i]] - max;
        const vec shift = v_set1(max);
        real *di = dx ? dx + i * lddx : NULL;
#define STEP(j, lane, left)                                          \
    do {                                                             \
        vec e = v_exp(v_sub(load_left(xi + (j), left), shift));      \
        s.v[lane] = keep_left(left, v_add(s.v[lane], e), s.v[lane]); \
        if (di)                                                      \
            store_left(di + (j), e, left);                           \
    } while (0)
        FOR_ROW(cols, STEP);
#undef STEP
        const real sum = lanes_reduce_add(s);
        loss[i] = log_of(sum) - chosen;
        if (!di)
            continue;
        const real e = di[labels[i]]; // exp(chosen)
#define STEP(j, lane, left)                                                                     \
    store_left(di + (j), v_div(v_div(load_left(di + (j), left), v_set1(sum)), v_set1(divisor)), \
               left)
        FOR_ROW(cols, STEP);
#undef STEP
        // The chosen class again, with the 1 taken off before the division.
        di[labels[i]] = (e / sum - 1) / divisor;
    }
}
