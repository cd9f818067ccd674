// SPDX-License-Identifier: MIT
// AVX2 and FMA: 256-bit registers, 16 of them.
#include <immintrin.h>

#if NB_BITS == 32
#    define LANES 8
typedef __m256 vec;
#    define MM(op) _mm256_##op##_ps
#    define MM128(op) _mm_##op##_ps
#    define MM_WIDEN _mm256_zextps128_ps256
typedef __m128 vec128;
#else
#    define LANES 4
typedef __m256d vec;
#    define MM(op) _mm256_##op##_pd
#    define MM128(op) _mm_##op##_pd
#    define MM_WIDEN _mm256_zextpd128_pd256
typedef __m128d vec128;
#endif

#define PART (16 / sizeof(real))
#define TILE_ROWS 6
#define TILE_VECS 2
#define TILE_TURN 4 // pays beside a neighbour on the core (docs/performance.md)
#define PASSING_K 4
#define COLUMN_VECS 2
#define SUM_VECS 4
#define ROWS_ABREAST 1
#define STREAM_BYTES 32

// All bits set in the first n lanes.
INLINE __m256i first_lanes(size_t n) {
    int count = n < LANES ? (int)n : LANES;
#if NB_BITS == 32
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#else
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
#endif
}

INLINE vec v_zero(void) { return MM(setzero)(); }
INLINE vec v_set1(real s) { return MM(set1)(s); }
INLINE vec v_load(const real *p) { return MM(loadu)(p); }
INLINE vec v_load_n(const real *p, size_t n) { return MM(maskload)(p, first_lanes(n)); }
INLINE vec v_keep(vec a) {
    __asm__("" : "+x"(a));
    return a;
}
INLINE void v_store(real *p, vec a) { MM(storeu)(p, a); }

// By halves: on AMD's CPUs one masked store takes longer than all of these.
INLINE void v_store_n(real *p, vec a, size_t n) {
    if (n >= LANES) {
        v_store(p, a);
        return;
    }
#if NB_BITS == 32
    __m128 rest = _mm256_castps256_ps128(a);
    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(a, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, rest);
#else
    __m128d rest = _mm256_castpd256_pd128(a);
    if (n & 2) {
        _mm_storeu_pd(p, rest);
        rest = _mm256_extractf128_pd(a, 1);
        p += 2;
    }
    if (n & 1)
        _mm_store_sd(p, rest);
#endif
}

INLINE void v_stream(real *p, vec a) { MM(stream)(p, a); }
INLINE void v_stream_n(real *p, vec a, size_t n) {
    if (n >= LANES)
        v_stream(p, a);
    else
        v_store_n(p, a, n);
}
INLINE void v_stream_end(void) { _mm_sfence(); }

INLINE vec v_first(size_t n, vec a, vec b) {
#if NB_BITS == 32
    return MM(blendv)(b, a, _mm256_castsi256_ps(first_lanes(n)));
#else
    return MM(blendv)(b, a, _mm256_castsi256_pd(first_lanes(n)));
#endif
}

#if NB_BITS == 32
INLINE vec v_from_bytes(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
INLINE vec v_to_float(vec a) { return a; }
#else
INLINE vec v_from_bytes(const uint8_t *p) {
    int bytes;
    memcpy(&bytes, p, sizeof bytes);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
}
INLINE vec v_to_float(vec a) { return _mm256_cvtps_pd(_mm256_cvtpd_ps(a)); }
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
INLINE vec v_if_positive(vec m, vec a) { return MM(and)(a, MM(cmp)(m, v_zero(), _CMP_GT_OQ)); }
INLINE vec v_round(vec a) { return MM(round)(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// n + bias is moved to the low bits of the significand by adding 2^23 (2^52), then shifted into the
// exponent.
INLINE vec v_pow2(vec n) {
#if NB_BITS == 32
    __m256i bits = _mm256_castps_si256(v_add(n, v_set1(0x1p23f + 127)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
#else
    __m256i bits = _mm256_castpd_si256(v_add(n, v_set1(0x1p52 + 1023)));
    return _mm256_castsi256_pd(_mm256_slli_epi64(bits, 52));
#endif
}

INLINE vec128 load_part(const real *p, size_t n) {
    return n >= PART ? MM128(loadu)(p) : MM128(maskload)(p, _mm256_castsi256_si128(first_lanes(n)));
}

// Each part of 128 bits from a row of its own: loads then do what shuffles do else.
INLINE vec v_load_parts(const real *p, size_t ld, size_t n) {
    return MM(insertf128)(MM_WIDEN(load_part(p, n)), load_part(p + ld, n), 1);
}

INLINE vec v_zip_lower(vec a, vec b) { return MM(unpacklo)(a, b); }
INLINE vec v_zip_upper(vec a, vec b) { return MM(unpackhi)(a, b); }

// Halves of `a` combined by op, then halves of that, down to one lane.
#if NB_BITS == 32
#    define REDUCE(op, a)                                                                    \
        __m128 half = _mm_##op##_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1)); \
        half = _mm_##op##_ps(half, _mm_movehl_ps(half, half));                               \
        return _mm_cvtss_f32(_mm_##op##_ss(half, _mm_movehdup_ps(half)))
#else
#    define REDUCE(op, a)                                                                     \
        __m128d half = _mm_##op##_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1)); \
        return _mm_cvtsd_f64(_mm_##op##_sd(half, _mm_unpackhi_pd(half, half)))
#endif

INLINE real v_reduce_add(vec a) { REDUCE(add, a); }
INLINE real v_reduce_max(vec a) { REDUCE(max, a); }
