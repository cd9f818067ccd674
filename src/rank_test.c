// SPDX-License-Identifier: MIT
#include "src/rank_test.h"

#include <math.h>
#include <stdlib.h>

enum { EXACT_BELOW = 50 };

// The normal approximation: z of u, moved by 1/2 towards its mean because u is a whole number.
// ties: the sum of t^3 - t over the groups of t equal values.
static double normal_p(double n_a, double n_b, double u, double ties) {
    double n = n_a + n_b, mean = n_a * n_b / 2;
    double variance = n_a * n_b / 12 * (n + 1 - ties / (n * (n - 1)));
    if (!(variance > 0))
        return 1; // all values are equal
    double z = (fmax(u, n_a * n_b - u) - mean - 0.5) / sqrt(variance);
    return fmin(erfc(z * M_SQRT1_2), 1);
}

static double binomial(size_t n, size_t k) {
    double ways = 1;
    for (size_t i = 1; i <= k; i++)
        ways = ways * (double)(n - k + i) / (double)i;
    return ways;
}

// How many of the orders of n_a and n_b values have U = 0 ... u: Mann and Whitney's recursion on
// the largest value. If that is a b, it is above all of the a, else it is above nothing:
// ways(a, b, u) = ways(a, b - 1, u - a) + ways(a - 1, b, u). Sums of positive terms: the relative
// error stays near n_a + n_b roundings. -1 when memory is short.
static double ways_up_to(size_t n_a, size_t n_b, size_t u) {
    size_t stride = u + 1;
    double *ways = calloc((n_b + 1) * stride, sizeof *ways); // [b][u], for a growing number of a
    if (ways == NULL)
        return -1;
    for (size_t b = 0; b <= n_b; b++)
        ways[b * stride] = 1; // without an a, U is 0
    for (size_t a = 1; a <= n_a; a++)
        for (size_t b = 1; b <= n_b; b++)
            for (size_t i = a; i <= u; i++)
                ways[b * stride + i] += ways[(b - 1) * stride + i - a];
    double sum = 0;
    for (size_t i = 0; i <= u; i++)
        sum += ways[n_b * stride + i];
    free(ways);
    return sum;
}

enum nb_code nb_rank_test(const struct nb_sample *a, const struct nb_sample *b,
                          struct nb_rank_test *result, struct nb_error *error) {
    double u = 0, ties = 0;
    // Goes through the values of both in ascending order, equal ones at once.
    for (size_t i = 0, j = 0; i < a->n || j < b->n;) {
        double value = j == b->n || (i < a->n && a->x[i] < b->x[j]) ? a->x[i] : b->x[j];
        size_t before = i, from_b = j;
        while (i < a->n && a->x[i] == value)
            i++;
        while (j < b->n && b->x[j] == value)
            j++;
        double equal_a = (double)(i - before), equal_b = (double)(j - from_b);
        u += equal_b * ((double)before + equal_a / 2);
        double t = equal_a + equal_b;
        ties += t * t * t - t;
    }
    result->u = u;
    if (ties > 0 || a->n >= EXACT_BELOW || b->n >= EXACT_BELOW) {
        result->p = normal_p((double)a->n, (double)b->n, u, ties);
        return NB_OK;
    }
    double smaller = fmin(u, (double)(a->n * b->n) - u); // U is symmetric
    double ways = ways_up_to(a->n, b->n, (size_t)smaller);
    if (ways < 0)
        return nb_error_set(error, NB_FAILED, "not enough memory for the rank test; free some");
    result->p = fmin(2 * ways / binomial(a->n + b->n, a->n), 1);
    return NB_OK;
}

double nb_rank_test_smallest_p(size_t n_a, size_t n_b) {
    if (n_a == 0 || n_b == 0)
        return 1;
    if (n_a >= EXACT_BELOW || n_b >= EXACT_BELOW)
        return normal_p((double)n_a, (double)n_b, 0, 0);
    return fmin(2 / binomial(n_a + n_b, n_a), 1);
}

struct ranked {
    double p;
    size_t index;
};

static int ascending_p(const void *left, const void *right) {
    double a = ((const struct ranked *)left)->p, b = ((const struct ranked *)right)->p;
    return (a > b) - (a < b);
}

enum nb_code nb_holm(const double *p, double *adjusted, size_t count, struct nb_error *error) {
    if (count == 0)
        return NB_OK;
    struct ranked *ranked = calloc(count, sizeof *ranked);
    if (ranked == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory for %zu tests; free some", count);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){p[i], i};
    qsort(ranked, count, sizeof *ranked, ascending_p);
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fmin((double)(count - i) * ranked[i].p, 1));
        adjusted[ranked[i].index] = largest;
    }
    free(ranked);
    return NB_OK;
}
