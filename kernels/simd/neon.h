// SPDX-License-Identifier: MIT
// AArch64 NEON: 128-bit registers, 32 of them.
#include <arm_neon.h>

#if NB_BITS == 32
#    define LANES 4
typedef float32x4_t vec;
typedef uint32x4_t mask;
#    define V(op) v##op##_f32
#    define VN(op) v##op##_n_f32
#    define SELECT vbslq_f32
#else
#    define LANES 2
typedef float64x2_t vec;
typedef uint64x2_t mask;
#    define V(op) v##op##_f64
#    define VN(op) v##op##_n_f64
#    define SELECT vbslq_f64
#endif

#define PART LANES
#define TILE_ROWS 6
#define TILE_VECS 4
#define COLUMN_VECS 4
#define ROWS_ABREAST 1

INLINE vec v_zero(void) { return VN(dupq)(0); }
INLINE vec v_set1(real s) { return VN(dupq)(s); }
INLINE vec v_load(const real *p) { return V(ld1q)(p); }
INLINE vec v_keep(vec a) { return a; }
INLINE void v_store(real *p, vec a) { V(st1q)(p, a); }

// NEON has no masks: a part of a register goes through memory.
INLINE vec v_load_n(const real *p, size_t n) {
    real part[LANES] = {0};
    for (size_t i = 0; i < LANES && i < n; i++)
        part[i] = p[i];
    return v_load(part);
}

INLINE void v_store_n(real *p, vec a, size_t n) {
    real part[LANES];
    v_store(part, a);
    for (size_t i = 0; i < LANES && i < n; i++)
        p[i] = part[i];
}

INLINE vec v_first(size_t n, vec a, vec b) {
    real part[LANES], first[LANES];
    v_store(part, b);
    v_store(first, a);
    for (size_t i = 0; i < LANES && i < n; i++)
        part[i] = first[i];
    return v_load(part);
}

#if NB_BITS == 32
INLINE vec v_from_bytes(const uint8_t *p) {
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(bytes)))));
}
INLINE vec v_to_float(vec a) { return a; }
#else
INLINE vec v_from_bytes(const uint8_t *p) {
    const vec pair = {p[0], p[1]};
    return pair;
}
INLINE vec v_to_float(vec a) { return vcvt_f64_f32(vcvt_f32_f64(a)); }
#endif
INLINE vec v_add(vec a, vec b) { return V(addq)(a, b); }
INLINE vec v_sub(vec a, vec b) { return V(subq)(a, b); }
INLINE vec v_mul(vec a, vec b) { return V(mulq)(a, b); }
INLINE vec v_div(vec a, vec b) { return V(divq)(a, b); }
INLINE vec v_sqrt(vec a) { return V(sqrtq)(a); }
INLINE vec v_fma(vec a, vec b, vec c) { return V(fmaq)(c, a, b); }
INLINE vec v_fnma(vec a, vec b, vec c) { return V(fmsq)(c, a, b); }
// Compare and select: vmaxq orders -0 below +0 and lets a NaN win, which the contract does not.
INLINE vec v_max(vec a, vec b) { return SELECT(V(cgtq)(a, b), a, b); }
INLINE vec v_relu(vec a) { return SELECT(V(cltq)(a, v_zero()), v_zero(), a); }
INLINE vec v_if_positive(vec m, vec a) { return SELECT(V(cgtq)(m, v_zero()), a, v_zero()); }
INLINE vec v_round(vec a) { return V(rndnq)(a); }

INLINE vec v_pow2(vec n) {
#if NB_BITS == 32
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
#else
    return vreinterpretq_f64_s64(vshlq_n_s64(vaddq_s64(vcvtq_s64_f64(n), vdupq_n_s64(1023)), 52));
#endif
}

INLINE vec v_load_parts(const real *p, size_t ld, size_t n) {
    (void)ld;
    return n >= LANES ? v_load(p) : v_load_n(p, n);
}

INLINE vec v_zip_lower(vec a, vec b) { return V(zip1q)(a, b); }
INLINE vec v_zip_upper(vec a, vec b) { return V(zip2q)(a, b); }

// Halves of `a` combined by op, then halves of that, down to one lane.
INLINE real v_reduce_add(vec a) {
#if NB_BITS == 32
    float32x2_t half = vadd_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(half, 0) + vget_lane_f32(half, 1);
#else
    return vgetq_lane_f64(a, 0) + vgetq_lane_f64(a, 1);
#endif
}

INLINE real v_reduce_max(vec a) {
    real part[LANES];
    v_store(part, a);
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++)
            part[i] = part[i] > part[i + half] ? part[i] : part[i + half];
    }
    return part[0];
}
