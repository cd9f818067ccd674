// SPDX-License-Identifier: MIT
// AVX-512 F, BW, DQ and VL: 512-bit registers, 32 of them, and masks for tails.
#include <immintrin.h>

#if NB_BITS == 32
#    define LANES 16
typedef __m512 vec;
typedef __mmask16 mask;
#    define MM(op) _mm512_##op##_ps
#    define MM256(op) _mm256_##op##_ps
#    define MM_LOWER(a) _mm512_castps512_ps256(a)
#    define MM_UPPER(a) _mm512_extractf32x8_ps(a, 1)
#    define MM_CMP _mm512_cmp_ps_mask
#    define MM_WIDEN _mm512_zextps128_ps512
#    define MM_BROADCAST _mm512_mask_broadcast_f32x4
#    define MM_WIDEN256 _mm512_castps256_ps512
#    define MM_INSERT _mm512_insertf32x8
#    define MM_SHUFFLE _mm512_shuffle_f32x4
#    define MM128(op) _mm_##op##_ps
typedef __m128 vec128;
#else
#    define LANES 8
typedef __m512d vec;
typedef __mmask8 mask;
#    define MM(op) _mm512_##op##_pd
#    define MM256(op) _mm256_##op##_pd
#    define MM_LOWER(a) _mm512_castpd512_pd256(a)
#    define MM_UPPER(a) _mm512_extractf64x4_pd(a, 1)
#    define MM_CMP _mm512_cmp_pd_mask
#    define MM_WIDEN _mm512_zextpd128_pd512
#    define MM_BROADCAST _mm512_mask_broadcast_f64x2
#    define MM_WIDEN256 _mm512_castpd256_pd512
#    define MM_INSERT _mm512_insertf64x4
#    define MM_SHUFFLE _mm512_shuffle_f64x2
#    define MM128(op) _mm_##op##_pd
typedef __m128d vec128;
#endif

#define PART (16 / sizeof(real))
#define TILE_ROWS 6
#define TILE_VECS 4
#define COLUMN_VECS 4
#define SUM_VECS 16
#define ROWS_ABREAST 4
#define PARTS_ABREAST 2
#define STORE_BURST 8   // of whole lines, two cycles each on Zen 4
#define STREAM_BYTES 32 // rows that are whole registers apart are rare, halves are not

INLINE mask first_lanes(size_t n) { return (mask)(n < LANES ? (1u << n) - 1 : (1u << LANES) - 1); }

INLINE vec v_zero(void) { return MM(setzero)(); }
INLINE vec v_set1(real s) { return MM(set1)(s); }
INLINE vec v_load(const real *p) { return MM(loadu)(p); }
// A load across two lines that are far away costs several times as much as halves that cross none,
// where rows are half registers apart (docs/performance.md).
#define HAS_LOAD_FAR
INLINE vec v_load_far(const real *p) {
    return MM_INSERT(MM_WIDEN256(MM256(loadu)(p)), MM256(loadu)(p + LANES / 2), 1);
}
INLINE vec v_load_n(const real *p, size_t n) { return MM(maskz_loadu)(first_lanes(n), p); }
INLINE vec v_keep(vec a) {
    __asm__("" : "+v"(a));
    return a;
}
INLINE void v_store(real *p, vec a) { MM(storeu)(p, a); }
INLINE void v_store_n(real *p, vec a, size_t n) { MM(mask_storeu)(p, first_lanes(n), a); }
INLINE void v_stream_n(real *p, vec a, size_t n) {
    if (n < LANES && n != LANES / 2) {
        v_store_n(p, a, n);
        return;
    }
    MM256(stream)(p, MM_LOWER(a));
    if (n >= LANES)
        MM256(stream)(p + LANES / 2, MM_UPPER(a));
}
INLINE void v_stream(real *p, vec a) { v_stream_n(p, a, LANES); }
INLINE void v_stream_end(void) { _mm_sfence(); }
INLINE vec v_first(size_t n, vec a, vec b) { return MM(mask_blend)(first_lanes(n), b, a); }
#if NB_BITS == 32
INLINE vec v_from_bytes(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE vec v_to_float(vec a) { return a; }
#else
INLINE vec v_from_bytes(const uint8_t *p) {
    return _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE vec v_to_float(vec a) { return _mm512_cvtps_pd(_mm512_cvtpd_ps(a)); }
#endif
INLINE vec v_add(vec a, vec b) { return MM(add)(a, b); }
INLINE vec v_sub(vec a, vec b) { return MM(sub)(a, b); }
INLINE vec v_mul(vec a, vec b) { return MM(mul)(a, b); }
INLINE vec v_div(vec a, vec b) { return MM(div)(a, b); }
INLINE vec v_sqrt(vec a) { return MM(sqrt)(a); }
INLINE vec v_fma(vec a, vec b, vec c) { return MM(fmadd)(a, b, c); }
INLINE vec v_fnma(vec a, vec b, vec c) { return MM(fnmadd)(a, b, c); }
// The instruction returns its second operand unless the first is greater: that is v_max, and v_relu
// with a second.
INLINE vec v_max(vec a, vec b) { return MM(max)(a, b); }
INLINE vec v_relu(vec a) { return MM(max)(v_zero(), a); }
INLINE vec v_if_positive(vec m, vec a) { return MM(maskz_mov)(MM_CMP(m, v_zero(), _CMP_GT_OQ), a); }
INLINE vec v_round(vec a) {
    return MM(roundscale)(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// 1 * 2^n: the instruction takes the exponent as it is.
INLINE vec v_pow2(vec n) { return MM(scalef)(v_set1(1), n); }

INLINE vec128 load_part(const real *p, size_t n) {
    return n >= PART ? MM128(loadu)(p) : MM128(maskz_loadu)((__mmask8)first_lanes(n), p);
}

// Each part of 128 bits from a row of its own: loads then do half of what shuffles do else.
INLINE vec v_load_parts(const real *p, size_t ld, size_t n) {
    const mask each = first_lanes(PART);
    vec t = MM_WIDEN(load_part(p, n));
    UNROLL for (size_t q = 1; q < LANES / PART; q++) t =
        MM_BROADCAST(t, (mask)(each << q * PART), load_part(p + q * ld, n));
    return t;
}

// Half of the loads of v_load_parts, of which only one in a cycle fills 512 bits.
INLINE void v_load_two_parts(const real *p, size_t ld, vec *first, vec *second) {
    vec a = MM_WIDEN256(MM256(loadu)(p)), b = MM_WIDEN256(MM256(loadu)(p + 2 * ld));
    a = MM_INSERT(a, MM256(loadu)(p + ld), 1);
    b = MM_INSERT(b, MM256(loadu)(p + 3 * ld), 1);
    *first = MM_SHUFFLE(a, b, 0x88);
    *second = MM_SHUFFLE(a, b, 0xdd);
}

INLINE vec v_zip_lower(vec a, vec b) { return MM(unpacklo)(a, b); }
INLINE vec v_zip_upper(vec a, vec b) { return MM(unpackhi)(a, b); }

// Halves of `a` combined by op, then halves of that, down to one lane.
#if NB_BITS == 32
#    define REDUCE(op, a)                                                                          \
        __m256 half = _mm256_##op##_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));   \
        __m128 part = _mm_##op##_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)); \
        part = _mm_##op##_ps(part, _mm_movehl_ps(part, part));                                     \
        return _mm_cvtss_f32(_mm_##op##_ss(part, _mm_movehdup_ps(part)))
#else
#    define REDUCE(op, a)                                                                         \
        __m256d half = _mm256_##op##_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1)); \
        __m128d part =                                                                            \
            _mm_##op##_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));          \
        return _mm_cvtsd_f64(_mm_##op##_sd(part, _mm_unpackhi_pd(part, part)))
#endif

INLINE real v_reduce_add(vec a) { REDUCE(add, a); }
INLINE real v_reduce_max(vec a) { REDUCE(max, a); }
