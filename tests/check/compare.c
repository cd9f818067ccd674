// SPDX-License-Identifier: MIT
#include "tests/check/compare.h"

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

static bool tell(char what[NB_COMPARE_TEXT], size_t i, size_t cols, double got, const char *whose,
                 long double wanted) {
    snprintf(what, NB_COMPARE_TEXT, "[%zu, %zu] is %.17g (%a), %s %.17Lg (%La)", i / cols, i % cols,
             got, got, whose, wanted, wanted);
    return false;
}

static bool tell_poison(char what[NB_COMPARE_TEXT], size_t i, size_t cols) {
    snprintf(what, NB_COMPARE_TEXT,
             "[%zu, %zu] was not written, or was made from what may not be read", i / cols,
             i % cols);
    return false;
}

bool nb_compare_bits(const void *got, const void *wanted, size_t count, size_t cols, size_t size,
                     const char *whose, char what[NB_COMPARE_TEXT]) {
    for (size_t i = 0; i < count; i++) {
        uint64_t a = bits_at(got, i, size), b = bits_at(wanted, i, size);
        if (is_poison(a, size))
            return tell_poison(what, i, cols);
        if (a != b && !(isnan(value_at(got, i, size)) && isnan(value_at(wanted, i, size))))
            return tell(what, i, cols, value_at(got, i, size), whose, value_at(wanted, i, size));
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

bool nb_compare_bound(const void *got, const struct nb_expected *expected, size_t count,
                      size_t cols, size_t size, struct nb_error_size *error,
                      char what[NB_COMPARE_TEXT]) {
    long double ulp = ulp_of(largest(expected, count), size);
    long double overflow = size == sizeof(float) ? (long double)FLT_MAX : (long double)DBL_MAX;
    for (size_t i = 0; i < count; i++) {
        long double value = expected[i].value, bound = expected[i].bound;
        double x = value_at(got, i, size);
        if (is_poison(bits_at(got, i, size), size))
            return tell_poison(what, i, cols);
        if (!isfinite(value)) {
            if (isnan(value) ? !isnan(x) : x != (double)value)
                return tell(what, i, cols, x, "the reference has", value);
            continue;
        }
        if (isfinite(bound) && fabsl(value) + bound > overflow)
            continue; // the reference has a wider range, so it cannot say when this one overflows
        long double off = fabsl(x - value);
        if (!(off <= bound)) {
            tell(what, i, cols, x, "the reference has", value);
            size_t used = strlen(what);
            snprintf(what + used, NB_COMPARE_TEXT - used, " +- %.3Lg", bound);
            return false;
        }
        if (off > 0 && off / bound > error->share)
            error->share = (double)(off / bound);
        if (off / ulp > error->ulp)
            error->ulp = (double)(off / ulp);
    }
    return true;
}
