// SPDX-License-Identifier: MIT
#include "src/peak.h"

#include <math.h>
#include <stdlib.h>

#include "src/clock.h"

// Short and many: some of them run while nothing else does.
enum { REPEATS = 25 };

struct work {
    enum nb_isa isa;
    size_t rounds;    // of the FMA loops
    size_t count;     // of the triad's elements
    float *a, *b, *c; // (count)
};

typedef void (*work_fn)(struct work *work, size_t thread, size_t threads);

static void fma_f32(struct work *work, size_t thread, size_t threads) {
    (void)thread, (void)threads;
    nb_isa_kernels_f32(work->isa)->peak_fma(work->rounds);
}

static void fma_f64(struct work *work, size_t thread, size_t threads) {
    (void)thread, (void)threads;
    nb_isa_kernels_f64(work->isa)->peak_fma(work->rounds);
}

static void fill(struct work *work, size_t thread, size_t threads) {
    size_t end = work->count * (thread + 1) / threads;
    for (size_t i = work->count * thread / threads; i < end; i++)
        work->a[i] = 0, work->b[i] = 1, work->c[i] = 2;
}

static void triad(struct work *work, size_t thread, size_t threads) {
    size_t begin = work->count * thread / threads, end = work->count * (thread + 1) / threads;
    nb_isa_kernels_f32(work->isa)->peak_triad(end - begin, work->a + begin, work->b + begin,
                                              work->c + begin, 3.0F);
}

// Seconds of the work done once by each thread.
static double seconds(struct work *work, size_t threads, work_fn function) {
    double start = nb_now();
#ifdef _OPENMP
#    pragma omp parallel for num_threads((int)threads) schedule(static, 1)
#endif
    for (size_t thread = 0; thread < threads; thread++)
        function(work, thread, threads);
    return nb_now() - start;
}

static double best_seconds(struct work *work, size_t threads, work_fn function) {
    double best = INFINITY;
    for (int i = 0; i < REPEATS; i++)
        best = fmin(best, seconds(work, threads, function));
    return best;
}

static double peak_flops(enum nb_isa isa, size_t threads, work_fn function, double flops) {
    struct work work = {.isa = isa, .rounds = 1 << 12};
    // So much that starting the threads does not count. One thread tells how much that is: on a
    // busy machine the start of several can take longer than the work.
    while (best_seconds(&work, 1, function) < 0.002)
        work.rounds *= 2;
    double done = flops * (double)work.rounds * (double)threads;
    return done / best_seconds(&work, threads, function);
}

double nb_peak_flops_f32(enum nb_isa isa, size_t threads) {
    return peak_flops(isa, threads, fma_f32, nb_isa_kernels_f32(isa)->peak_flops);
}

double nb_peak_flops_f64(enum nb_isa isa, size_t threads) {
    return peak_flops(isa, threads, fma_f64, nb_isa_kernels_f64(isa)->peak_flops);
}

double nb_peak_bandwidth(enum nb_isa isa, size_t threads, size_t bytes) {
    struct work work = {.isa = isa, .count = bytes / sizeof(float)};
    // Arrays at the same place of a page would get in each other's way.
    const size_t gap = 272;
    float *memory = malloc((3 * work.count + 2 * gap) * sizeof *memory);
    if (memory == NULL)
        return NAN;
    work.a = memory;
    work.b = work.a + work.count + gap;
    work.c = work.b + work.count + gap;
    seconds(&work, threads, fill);
    double result = 3 * (double)bytes / best_seconds(&work, threads, triad);
    free(memory);
    return result;
}
