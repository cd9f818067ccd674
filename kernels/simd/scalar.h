// SPDX-License-Identifier: MIT
// One lane: plain C, kept scalar by the flags of meson.build. It defines what every other ISA must
// give to the bit.
#define LANES 1
#define PART LANES
#define TILE_ROWS 4
#define TILE_VECS 2
#define COLUMN_VECS 4
#define ROWS_ABREAST 1

typedef real vec;

INLINE vec v_zero(void) { return 0; }
INLINE vec v_set1(real s) { return s; }
INLINE vec v_load(const real *p) { return *p; }
INLINE vec v_load_n(const real *p, size_t n) { return n > 0 ? *p : 0; }
INLINE vec v_keep(vec a) { return a; }
INLINE void v_store(real *p, vec a) { *p = a; }

INLINE void v_store_n(real *p, vec a, size_t n) {
    if (n > 0)
        *p = a;
}

INLINE vec v_first(size_t n, vec a, vec b) { return n > 0 ? a : b; }
INLINE vec v_from_bytes(const uint8_t *p) { return *p; }
INLINE vec v_to_float(vec a) { return (real)(float)a; }
INLINE vec v_add(vec a, vec b) { return a + b; }
INLINE vec v_sub(vec a, vec b) { return a - b; }
INLINE vec v_mul(vec a, vec b) { return a * b; }
INLINE vec v_div(vec a, vec b) { return a / b; }
INLINE vec v_sqrt(vec a) { return r_sqrt(a); }
INLINE vec v_fma(vec a, vec b, vec c) { return r_fma(a, b, c); }
INLINE vec v_fnma(vec a, vec b, vec c) { return r_fma(-a, b, c); }
INLINE vec v_max(vec a, vec b) { return a > b ? a : b; }
INLINE vec v_relu(vec a) { return a < 0 ? 0 : a; }
INLINE vec v_if_positive(vec m, vec a) { return m > 0 ? a : 0; }
INLINE vec v_round(vec a) { return NB_BITS == 32 ? (real)rintf((float)a) : (real)rint(a); }

// n + bias is moved to the low bits of the significand by adding 2^23 (2^52), then shifted into the
// exponent: unlike a conversion to an integer, this has a meaning for NaN.
INLINE vec v_pow2(vec n) {
#if NB_BITS == 32
    uint32_t bits;
    vec sum = n + (0x1p23f + 127);
#else
    uint64_t bits;
    vec sum = n + (0x1p52 + 1023);
#endif
    memcpy(&bits, &sum, sizeof bits);
    bits <<= NB_BITS == 32 ? 23 : 52;
    vec power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

INLINE vec v_load_parts(const real *p, size_t ld, size_t n) {
    (void)ld;
    return n >= LANES ? v_load(p) : v_load_n(p, n);
}

// Half of one lane is none.
INLINE vec v_zip_lower(vec a, vec b) { return (void)b, a; }
INLINE vec v_zip_upper(vec a, vec b) { return (void)a, b; }

INLINE real v_reduce_add(vec a) { return a; }
INLINE real v_reduce_max(vec a) { return a; }
