// SPDX-License-Identifier: MIT
#include "check/compare.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// Quiet, so that arithmetic hands it on as it is.
#define POISON_F32 UINT32_C(0x7fe5a5a5)
#define POISON_F64 UINT64_C(0x7ffca5a5a5a5a5a5)

void nb_poison(void *values, size_t count, size_t size) {
    for (size_t i = 0; i < count; i++) {
        if (size == sizeof(float))
            ((uint32_t *)values)[i] = POISON_F32;
        else
            ((uint64_t *)values)[i] = POISON_F64;
    }
}

static uint64_t bits_at(const void *values, size_t i, size_t size) {
    return size == sizeof(float) ? ((const uint32_t *)values)[i] : ((const uint64_t *)values)[i];
}

static double value_at(const void *values, size_t i, size_t size) {
    return size == sizeof(float) ? (double)((const float *)values)[i] : ((const double *)values)[i];
}

static bool is_poison(uint64_t bits, size_t size) {
    return size == sizeof(float) ? (bits & INT32_MAX) == POISON_F32
                                 : (bits & INT64_MAX) == POISON_F64;
}

static void tell(char what[NB_COMPARE_TEXT], size_t i, size_t cols, double got, const char *whose,
                 double wanted) {
    snprintf(what, NB_COMPARE_TEXT, "[%zu, %zu] is %.17g (%a), %s %.17g (%a)", i / cols, i % cols,
             got, got, whose, wanted, wanted);
}

static void tell_poison(char what[NB_COMPARE_TEXT], size_t i, size_t cols) {
    snprintf(what, NB_COMPARE_TEXT,
             "[%zu, %zu] was not written, or was made from what may not be read", i / cols,
             i % cols);
}

static void tell_bound(char what[NB_COMPARE_TEXT], size_t i, size_t cols, double got,
                       struct nb_expected wanted) {
    snprintf(what, NB_COMPARE_TEXT, "[%zu, %zu] is %.17g, the reference has %.19Lg +- %.3Lg",
             i / cols, i % cols, got, wanted.value, wanted.bound);
}

bool nb_compare_bits(const void *got, const void *wanted, size_t count, size_t cols, size_t size,
                     const char *whose, char what[NB_COMPARE_TEXT]) {
    for (size_t i = 0; i < count; i++) {
        uint64_t a = bits_at(got, i, size), b = bits_at(wanted, i, size);
        double x = value_at(got, i, size), y = value_at(wanted, i, size);
        if (is_poison(a, size)) {
            tell_poison(what, i, cols);
            return false;
        }
        if (a != b && !(isnan(x) && isnan(y))) {
            tell(what, i, cols, x, whose, y);
            return false;
        }
    }
    return true;
}

static long double largest(const struct nb_expected *expected, size_t count) {
    long double max = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(expected[i].value) && fabsl(expected[i].value) > max)
            max = fabsl(expected[i].value);
    return max;
}

static long double ulp_of(long double value, size_t size) {
    int digits = size == sizeof(float) ? FLT_MANT_DIG : DBL_MANT_DIG;
    int least = size == sizeof(float) ? FLT_MIN_EXP : DBL_MIN_EXP;
    int exponent;
    frexpl(value, &exponent);
    if (value == 0 || exponent < least)
        exponent = least;
    return ldexpl(1, exponent - digits);
}

// How far `x` is off what is expected, or infinity where it must be the same and is not.
static long double error_of(double x, struct nb_expected expected) {
    if (isnan(expected.value))
        return isnan(x) ? 0 : INFINITY;
    if (isinf(expected.value))
        return x == (double)expected.value ? 0 : INFINITY;
    return isnan(x) ? INFINITY : fabsl(x - expected.value);
}

bool nb_compare_bound(const void *got, const struct nb_expected *expected, size_t count,
                      size_t cols, size_t size, struct nb_error_size *error,
                      char what[NB_COMPARE_TEXT]) {
    long double ulp = ulp_of(largest(expected, count), size);
    long double overflow = size == sizeof(float) ? (long double)FLT_MAX : (long double)DBL_MAX;
    for (size_t i = 0; i < count; i++) {
        double x = value_at(got, i, size);
        if (is_poison(bits_at(got, i, size), size)) {
            tell_poison(what, i, cols);
            return false;
        }
        // The reference has a wider range, so it cannot say when the kernel may overflow.
        if (isfinite(expected[i].value) && isfinite(expected[i].bound) &&
            fabsl(expected[i].value) + expected[i].bound > overflow)
            continue;
        long double off = error_of(x, expected[i]);
        if (off == 0)
            continue;
        if (!(off <= expected[i].bound) || isinf(off)) {
            tell_bound(what, i, cols, x, expected[i]);
            return false;
        }
        error->share = fmax(error->share, (double)(off / expected[i].bound));
        error->ulp = fmax(error->ulp, (double)(off / ulp));
    }
    return true;
}
