// SPDX-License-Identifier: MIT
// Threads that share a core are noticed, and the samples that they give are counted.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef _OPENMP
#    include <omp.h>
#endif

#include "bench/cores.h"
#include "bench/group.h"
#include "bench/selection.h"

enum { TRIES = 20, SAMPLES = 9 };

static void test_alone(void **state) {
    (void)state;
    double patience = 100;
    assert_true(nb_cores_at_work(1) > 0 && isfinite(nb_cores_at_work(1)));
    setenv("OMP_WAIT_POLICY", "passive", 1); // not asked then
    assert_true(nb_cores_at_work(3) == 3);
    assert_true(nb_cores_wait(3, &patience) && nb_cores_wait(3, NULL));
    assert_true(patience > 99);
    unsetenv("OMP_WAIT_POLICY");
}

#ifdef _OPENMP
// The threads of a team of two may use these CPUs.
static void allow(const cpu_set_t *cpus) {
#    pragma omp parallel num_threads(2)
    sched_setaffinity(0, sizeof *cpus, cpus);
}

static void rows_of_one_core(void) {
    struct nb_problems problems = {0};
    struct nb_error error;
    assert_int_equal(nb_problems_parse(&problems, "relu_forward:40x100", &error), NB_OK);
    const struct nb_problem *p = &problems.all[0];
    const struct nb_implementation ours = nb_implementation_ours(p->kernel, NB_F32, NB_ISA_SCALAR);
    struct nb_row rows[] = {nb_row_of(p, NB_F32, &ours, 1, false),
                            nb_row_of(p, NB_F32, &ours, 2, false)};
    struct nb_progress progress = {0};
    double patience = 0.05;
    const struct nb_timing timing = {.samples = SAMPLES,
                                     .least = 3,
                                     .room = SAMPLES,
                                     .sample_time = 1e-5,
                                     .patience = &patience,
                                     .progress = &progress};
    assert_int_equal(nb_group_run(rows, 2, &timing, 100, 1, &error), NB_OK);
    assert_int_equal(rows[0].samples, SAMPLES);
    assert_int_equal(rows[1].samples, SAMPLES);
    assert_int_equal(rows[0].shared, 0);
    assert_in_range(rows[1].shared, (SAMPLES + 1) / 2, SAMPLES);
    assert_true(nb_row_shared(&rows[1]) && !nb_row_shared(&rows[0]));
    assert_true(patience >= 0 && patience < 0.05);
    nb_row_free(&rows[0]);
    nb_row_free(&rows[1]);
    nb_problems_free(&problems);
}
#endif

static void test_two_on_one_core(void **state) {
    (void)state;
#ifdef _OPENMP
    if (omp_get_proc_bind() != omp_proc_bind_false) {
        printf("skipped: OMP_PROC_BIND or OMP_PLACES binds the threads to places\n");
        skip();
    }
    cpu_set_t usable, one;
    assert_int_equal(sched_getaffinity(0, sizeof usable, &usable), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &usable))
            CPU_SET(cpu, &one);
    allow(&one);
    size_t noticed = 0;
    for (int i = 0; i < TRIES; i++)
        noticed += !nb_cores_wait(2, NULL);
    rows_of_one_core();
    allow(&usable);
    assert_in_range(noticed, TRIES / 2, TRIES);
#else
    printf("skipped: built without OpenMP\n");
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_two_on_one_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
