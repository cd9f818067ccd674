// SPDX-License-Identifier: MIT
// The SIMD interface: `vec` is one register of LANES reals, and every ISA header defines the same
// operations on it. Kernels are written once over these and compiled per ISA and per precision. An
// operation belongs here only if it is cheap on every ISA and gives the same bits on all of them.
//
//   v_zero() v_set1(s)           all lanes
//   v_load(p) v_store(p, a)      LANES elements, any alignment
//   v_load_far(p)                v_load of what comes from beyond L2, in halves where that is
//                                better: HAS_LOAD_FAR
//   v_load_n(p, n)               the first n elements, the other lanes 0; n >= LANES loads all.
//                                Reads no further.
//   v_store_n(p, a, n)           the first n lanes; writes no further
//   v_stream(p, a) v_stream_n(p, a, n)    as v_store and v_store_n, but past the caches; p at a
//   v_stream_end()               multiple of STREAM_BYTES. Before others read it: v_stream_end.
//                                Where STREAM_BYTES is 0, stores as all others.
//   v_keep(a)                    a, in a register: not loaded again wherever it is used
//   v_first(n, a, b)             the first n lanes of a, the others of b
//   v_from_bytes(p)              LANES bytes as numbers
//   v_to_float(a)                rounded to float, and back to real
//   v_add v_sub v_mul v_div v_sqrt    correctly rounded
//   v_fma(a, b, c)               a * b + c with one rounding;  v_fnma(a, b, c): -(a * b) + c
//   v_max(a, b)                  a > b ? a : b
//   v_relu(a)                    a < 0 ? 0 : a, so -0 and NaN stay
//   v_if_positive(m, a)          m > 0 ? a : 0
//   v_round(a)                   to the nearest integer, ties to even
//   v_pow2(n)                    2^n for integral n within the exponents of normal numbers
//   v_load_parts(p, ld, n)       LANES / PART rows, PART elements of each side by side: part q from
//                                p + q * ld, the first n of its elements, the others 0
//   v_load_two_parts(p, ld, first, second)    v_load_parts of PART elements from p and from behind
//                                them
//   v_zip_lower(a, b)            within each part, the lower halves of a and b by turns: a, b, a, b
//   v_zip_upper(a, b)            the same of the upper halves
//   v_reduce_add(a)              lane i + lane i + LANES/2, and so on down to one: part of the
//                                tree of contract rule 2
//   v_reduce_max(a)              the same tree with v_max
//
//   far_l3()                     whether L3 answers late, as behind the mesh of Intel's CPUs: for
//                                choices of where things lie and what is asked for, never of bits;
//                                nor of one lane, which waits for arithmetic
//   follows_strides()            likewise: whether the CPU itself fetches ahead along rows that
//                                lie apart
//
// PART is the number of lanes that shuffles are cheap within: those of 128 bits.
// Each header also states the register budget: TILE_ROWS x TILE_VECS accumulators of matmul;
// COLUMN_VECS, the registers of columns that the column-wise kernels take side by side; and
// ROWS_ABREAST, the rows of the row-wise ones. It may state SUM_VECS, the same of sums alone;
// STORE_BURST, where more stores than that, one after another, keep multiplications waiting;
// PASSING_K, the most k of matmul_passing; TILE_TURN, how many k a tile's loop takes in a turn; and
// PARTS_ABREAST, 2 where two parts of a row are better loaded together, for which it has a
// v_load_two_parts of its own.
#ifndef NB_KERNELS_SIMD_SIMD_H
#define NB_KERNELS_SIMD_SIMD_H

#include "kernels/template.h"

// clang-format off
#include TEXT(kernels/simd/NB_ISA.h)
// clang-format on

#ifndef STREAM_BYTES
#    define STREAM_BYTES 0
INLINE void v_stream(real *p, vec a) { v_store(p, a); }
INLINE void v_stream_n(real *p, vec a, size_t n) { v_store_n(p, a, n); }
INLINE void v_stream_end(void) {}
#endif

#ifndef HAS_LOAD_FAR
INLINE vec v_load_far(const real *p) { return v_load(p); }
#endif

#ifdef __x86_64__
INLINE bool far_l3(void) { return LANES > 1 && __builtin_cpu_is("intel"); }
// AMD's from Zen 5 on, which is known by an instruction that is new there.
INLINE bool follows_strides(void) {
    return LANES > 1 && __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512vp2intersect");
}
#else
INLINE bool far_l3(void) { return false; }
INLINE bool follows_strides(void) { return false; }
#endif

#ifndef PARTS_ABREAST
#    define PARTS_ABREAST 1
INLINE void v_load_two_parts(const real *p, size_t ld, vec *first, vec *second) {
    *first = v_load_parts(p, ld, PART);
    *second = v_load_parts(p + PART, ld, PART);
}
#endif

#ifndef SUM_VECS
#    define SUM_VECS COLUMN_VECS
#endif
#ifndef TILE_TURN
#    define TILE_TURN 1
#endif
#define UNROLL_TURN UNROLL_BY(TILE_TURN)
#ifndef PASSING_K
#    define PASSING_K 0
#endif
#ifndef STORE_BURST
#    define STORE_BURST (TILE_ROWS * TILE_VECS)
#endif

// The virtual lanes of a row: ROW_VECS registers side by side, on every ISA the same ROW_LANES
// elements.
#define ROW_LANES NB_ROW_LANES(real)
#define ROW_VECS (ROW_LANES / LANES)

typedef struct {
    vec v[ROW_VECS];
} lanes;

INLINE lanes lanes_set1(real s) {
    lanes a;
    UNROLL for (size_t i = 0; i < ROW_VECS; i++) a.v[i] = v_set1(s);
    return a;
}

INLINE real lanes_reduce_add(lanes a) {
    UNROLL for (size_t half = ROW_VECS / 2; half > 0; half /= 2) {
        UNROLL for (size_t i = 0; i < half; i++) a.v[i] = v_add(a.v[i], a.v[i + half]);
    }
    return v_reduce_add(a.v[0]);
}

INLINE real lanes_reduce_max(lanes a) {
    UNROLL for (size_t half = ROW_VECS / 2; half > 0; half /= 2) {
        UNROLL for (size_t i = 0; i < half; i++) a.v[i] = v_max(a.v[i], a.v[i + half]);
    }
    return v_reduce_max(a.v[0]);
}

// Walks the n elements of a row, register by register: STEP(i, lane, left) with the index i of the
// register's first element, its number `lane` among the ROW_VECS, and `left` elements to go: ALL, a
// constant, for a whole register, which needs no mask.
#define ALL ((size_t)-1)
#define FOR_ROW(n, STEP)                                                                        \
    do {                                                                                        \
        size_t i_ = 0;                                                                          \
        for (; i_ + ROW_LANES <= (n); i_ += ROW_LANES) {                                        \
            UNROLL for (size_t r_ = 0; r_ < ROW_VECS; r_++) { STEP(i_ + r_ * LANES, r_, ALL); } \
        }                                                                                       \
        UNROLL for (size_t r_ = 0; r_ < ROW_VECS; r_++) {                                       \
            if (i_ + (r_ + 1) * LANES <= (n)) {                                                 \
                STEP(i_ + r_ * LANES, r_, ALL);                                                 \
            } else if (i_ + r_ * LANES < (n)) {                                                 \
                STEP(i_ + r_ * LANES, r_, (n)-i_ - r_ * LANES);                                 \
            }                                                                                   \
        }                                                                                       \
    } while (0)

// Walks the columns: BODY(column, vecs, left), COLUMN_VECS registers at a time, then one by one,
// then a part of one.
#define FOR_COLUMNS(cols, BODY) FOR_COLUMNS_OF(COLUMN_VECS, cols, BODY)

// The same, `most` registers at a time first, a constant.
#define FOR_COLUMNS_OF(most, cols, BODY)                                        \
    do {                                                                        \
        size_t c_ = 0;                                                          \
        if ((most) > COLUMN_VECS) {                                             \
            for (; c_ + (most)*LANES <= (cols); c_ += (most)*LANES) {           \
                BODY(c_, most, ALL);                                            \
            }                                                                   \
        }                                                                       \
        for (; c_ + COLUMN_VECS * LANES <= (cols); c_ += COLUMN_VECS * LANES) { \
            BODY(c_, COLUMN_VECS, ALL);                                         \
        }                                                                       \
        for (; c_ + LANES <= (cols); c_ += LANES) {                             \
            BODY(c_, 1, ALL);                                                   \
        }                                                                       \
        if (c_ < (cols)) {                                                      \
            BODY(c_, 1, (cols)-c_);                                             \
        }                                                                       \
    } while (0)

// With `left` from one of the walks: a whole register without a mask, or the part that is left.
INLINE vec load_left(const real *p, size_t left) {
    return left == ALL ? v_load(p) : v_load_n(p, left);
}

// The same of what comes from far away, or not.
INLINE vec get_left(const bool far, const real *p, size_t left) {
    return far && left == ALL ? v_load_far(p) : load_left(p, left);
}

INLINE void store_left(real *p, vec a, size_t left) {
    if (left == ALL)
        v_store(p, a);
    else
        v_store_n(p, a, left);
}

// The same, past the caches or into them.
INLINE void put_left(const bool past, real *p, vec a, size_t left) {
    if (!past)
        store_left(p, a, left);
    else if (left == ALL)
        v_stream(p, a);
    else
        v_stream_n(p, a, left);
}

INLINE vec keep_left(size_t left, vec a, vec b) { return left == ALL ? a : v_first(left, a, b); }

INLINE vec from_bytes_left(const uint8_t *p, size_t left) {
    uint8_t part[LANES] = {0};
    if (left >= LANES)
        return v_from_bytes(p);
    memcpy(part, p, left);
    return v_from_bytes(part);
}

// PART registers, the square of PART x PART in each part of them transposed: a perfect shuffle of
// all elements, once for each power of 2 in PART, turns their numbers (row, column) around.
INLINE void transpose_parts(vec t[PART]) {
    UNROLL for (size_t d = PART / 2; d > 0; d /= 2) {
        vec z[PART];
        UNROLL for (size_t r = 0; r < PART; r++) {
            const vec a = t[r / 2], b = t[(r + PART) / 2];
            z[r] = r % 2 == 0 ? v_zip_lower(a, b) : v_zip_upper(a, b);
        }
        UNROLL for (size_t r = 0; r < PART; r++) t[r] = z[r];
    }
}

#endif
