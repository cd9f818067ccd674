// SPDX-License-Identifier: MIT
// The benchmark's own promises: every thread does its part and no other, a cold job visits every
// set, a wrong result is found before it is timed, and groups take the samples that they say.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bench/ceiling.h"
#include "bench/group.h"
#include "bench/results.h"
#include "bench/selection.h"
#include "bench/verdict.h"

static struct nb_problem problem(struct nb_problems *problems, const char *text) {
    struct nb_error error;
    assert_int_equal(nb_problems_parse(problems, text, &error), NB_OK);
    return problems->all[0];
}

static _Atomic size_t calls, columns;

static void count(const void *table, const struct nb_call *call) {
    (void)table;
    calls++;
    columns += call->n;
}

static void test_threads_divide_the_outputs(void **state) {
    (void)state;
    struct nb_problems problems = {0};
    struct nb_error error;
    const struct nb_problem p = problem(&problems, "column_sum:3x1000");
    struct nb_operands operands;
    const struct nb_implementation counter = {.name = "counter", .call = count};
    assert_int_equal(nb_operands_make(&operands, &p, NB_F32, 1, 1, &error), NB_OK);
    size_t most = nb_team_limit(4);
    for (size_t threads = 1; threads <= most; threads++) {
        const struct nb_job job = {&counter, &operands, threads, false, false};
        size_t next = 0;
        calls = columns = 0;
        nb_team_run(&job, 5, &next);
        assert_int_equal(calls, 5 * threads);
        assert_int_equal(columns, 5 * 1000);
    }
    assert_true(nb_team_divides(&p, NB_F32, 2));
    nb_operands_free(&operands);
    nb_problems_free(&problems);

    // Sixteen floats are one cache line, which is not divided, and peak_fma has no outputs to
    // divide.
    const struct nb_problem line = problem(&problems, "column_sum:3x16");
    assert_false(nb_team_divides(&line, NB_F32, 2));
    assert_true(nb_team_divides(&line, NB_F64, 2));
    nb_problems_free(&problems);
    const struct nb_problem registers = problem(&problems, "peak_fma:100");
    assert_false(nb_team_divides(&registers, NB_F32, 2));
    nb_problems_free(&problems);
}

static unsigned char visited[64];
static const unsigned char *first_set;
static size_t set_bytes;

static void visit(const void *table, const struct nb_call *call) {
    (void)table;
    visited[(size_t)((const unsigned char *)call->at[0] - first_set) / set_bytes]++;
}

static void test_cold_visits_every_set(void **state) {
    (void)state;
    struct nb_problems problems = {0};
    struct nb_error error;
    const struct nb_problem p = problem(&problems, "row_sum:3x5");
    struct nb_operands operands;
    const struct nb_implementation visitor = {.name = "visitor", .call = visit};
    assert_int_equal(nb_operands_make(&operands, &p, NB_F32, 60, 1, &error), NB_OK);
    first_set = operands.first;
    set_bytes = operands.bytes;
    const struct nb_job cold = {&visitor, &operands, 1, true, false},
                        hot = {&visitor, &operands, 1, false, false};
    size_t next = 0;
    memset(visited, 0, sizeof visited);
    nb_team_run(&cold, 70, &next);
    nb_team_run(&cold, 50, &next);
    for (size_t set = 0; set < 60; set++)
        assert_int_equal(visited[set], 2);
    nb_team_run(&hot, 10, &next);
    assert_int_equal(visited[0], 12);
    nb_operands_free(&operands);
    nb_problems_free(&problems);
}

static size_t whole_calls;

static void count_whole(const void *table, const struct nb_call *call) {
    (void)table, (void)call;
    __atomic_fetch_add(&whole_calls, 1, __ATOMIC_RELAXED);
}

// Two threads get what one call gives; `in_steps`: without that call.
static void assert_shared(const char *text, bool in_steps) {
    struct nb_problems problems = {0};
    struct nb_error error;
    const struct nb_problem p = problem(&problems, text);
    struct nb_operands operands;
    struct nb_implementation code = nb_implementation_ours(p.kernel, NB_F32, NB_ISA_SCALAR);
    assert_int_equal(nb_operands_make(&operands, &p, NB_F32, 1, 1, &error), NB_OK);
    const struct nb_job whole = {&code, &operands, 1, false, true},
                        shared = {&code, &operands, 2, false, true};
    unsigned char *want = malloc(operands.bytes);
    assert_non_null(want);
    size_t next = 0;
    nb_team_run(&whole, 1, &next);
    memcpy(want, operands.first, operands.bytes);
    assert_memory_not_equal(want, operands.given, operands.bytes);
    memcpy(operands.first, operands.given, operands.bytes);
    nb_team_run(&shared, 1, &next);
    assert_memory_equal(operands.first, want, operands.bytes);
    whole_calls = 0;
    code.call = count_whole;
    nb_team_run(&shared, 1, &next);
    assert_true((whole_calls == 0) == in_steps);
    free(want);
    nb_operands_free(&operands);
    nb_problems_free(&problems);
}

static void test_steps_make_the_whole(void **state) {
    (void)state;
    if (nb_team_limit(2) < 2)
        skip();
    assert_shared("batchnorm_forward:131x1000", true);
    assert_shared("batchnorm_relu_forward:131x1000", true);
    assert_shared("batchnorm_backward:131x1000", true);
    assert_shared("batchnorm_relu_backward:131x1000", true);
    assert_shared("batchnorm_forward:3x1000", false);
    assert_shared("layernorm_forward:131x1000", false);
}

// Code that spoils what the real one has computed.
static const struct nb_subject *real;
static float factor; // of one element
static size_t spoiled_at;

static void spoil(const void *table, const struct nb_call *call) {
    real->call(table, call);
    float *mean = call->at[1]; // the means of row_moments
    mean[spoiled_at] *= factor;
}

static enum nb_verdict verdict_of(const char *text, bool exact, float by, size_t at) {
    struct nb_problems problems = {0};
    struct nb_error error;
    const struct nb_problem p = problem(&problems, text);
    struct nb_operands operands;
    struct nb_implementation code = nb_implementation_ours(p.kernel, NB_F32, NB_ISA_SCALAR);
    real = p.kernel->subject[NB_F32];
    code.call = spoil;
    code.exact = exact;
    factor = by;
    spoiled_at = at;
    struct nb_row row = nb_row_of(&p, NB_F32, &code, 1, false);
    assert_int_equal(nb_operands_make(&operands, &p, NB_F32, 1, 1, &error), NB_OK);
    const struct nb_job job = {&code, &operands, 1, false, false};
    nb_verdict_prepare(&operands);
    assert_int_equal(nb_verdict_reach(&row, &job, &error), NB_OK);
    assert_true((row.verdict == NB_WRONG) == (row.error[0] != '\0'));
    assert_memory_equal(operands.first, operands.given, operands.bytes);
    nb_operands_free(&operands);
    nb_problems_free(&problems);
    return row.verdict;
}

static void test_verdict(void **state) {
    (void)state;
    // The second operand of row_moments is the mean, which is never 0.
    const char *text = "row_moments:40x30";
    assert_int_equal(verdict_of(text, true, 1, 0), NB_EXACT);
    assert_int_equal(verdict_of(text, true, 1 + 0x1p-23F, 39), NB_WRONG);
    assert_int_equal(verdict_of(text, true, NAN, 17), NB_WRONG);
    assert_int_equal(verdict_of(text, false, 1, 0), NB_BOUND);
    assert_int_equal(verdict_of(text, false, 1.01F, 39), NB_WRONG);
    assert_int_equal(verdict_of(text, false, NAN, 39), NB_WRONG);
}

static void test_only_the_contract_is_exact(void **state) {
    (void)state;
    struct nb_error error;
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        if (nb_isa_usable(isa))
            assert_true(nb_implementation_ours(nb_kernel_all(&error), NB_F32, isa).exact ==
                        nb_isa_exact(isa));
}

static void test_verdict_of_a_large_problem(void **state) {
    (void)state;
    // Only pieces of it are compared: the first and the last rows are among them.
    const char *text = "row_moments:120000x1000";
    assert_int_equal(verdict_of(text, true, 1, 0), NB_EXACT);
    assert_int_equal(verdict_of(text, true, 2, 0), NB_WRONG);
    assert_int_equal(verdict_of(text, true, 2, 119999), NB_WRONG);
    assert_int_equal(verdict_of(text, false, 1, 0), NB_BOUND);
    assert_int_equal(verdict_of(text, false, 2, 119999), NB_WRONG);
}

static void test_group(void **state) {
    (void)state;
    struct nb_problems problems = {0};
    struct nb_error error;
    const struct nb_problem p = problem(&problems, "row_moments:4x8");
    struct nb_implementation good = nb_implementation_ours(p.kernel, NB_F32, NB_ISA_SCALAR);
    struct nb_implementation bad = good;
    bad.call = spoil;
    real = p.kernel->subject[NB_F32];
    factor = 2;
    spoiled_at = 0;
    struct nb_row rows[] = {nb_row_of(&p, NB_F32, &good, 1, false),
                            nb_row_of(&p, NB_F32, &good, 1, true),
                            nb_row_of(&p, NB_F32, &bad, 1, false)};
    struct nb_progress progress = {0};
    const struct nb_timing timing = {.seed = 3,
                                     .check = true,
                                     .samples = 9,
                                     .least = 3,
                                     .room = 9,
                                     .sample_time = 1e-5,
                                     .cold_bytes = 4096,
                                     .progress = &progress};
    assert_int_equal(nb_group_run(rows, 3, &timing, 100, 1, &error), NB_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rows[i].verdict, NB_EXACT);
        assert_int_equal(rows[i].samples, 9);
        assert_true(rows[i].calls >= 1);
        assert_true(rows[i].min > 0 && rows[i].min <= rows[i].p05);
        assert_true(rows[i].p05 <= rows[i].median && rows[i].median <= rows[i].p95);
        assert_true(rows[i].mad >= 0);
    }
    assert_int_equal(rows[2].verdict, NB_WRONG);
    assert_int_equal(rows[2].samples, 0);
    for (size_t i = 0; i < 3; i++)
        nb_row_free(&rows[i]);

    // Short calls get all their samples, time or not; another visit would add to them.
    struct nb_row row = nb_row_of(&p, NB_F32, &good, 1, false);
    assert_int_equal(nb_group_run(&row, 1, &timing, 0, 1, &error), NB_OK);
    assert_int_equal(row.samples, 9);
    row.samples = 4;
    row.verdict = NB_WRONG; // one that an earlier visit has found wrong stays alone
    assert_int_equal(nb_group_run(&row, 1, &timing, 0, 1, &error), NB_OK);
    assert_int_equal(row.samples, 4);
    assert_true(isfinite(row.noise) && row.noise >= 0);
    nb_row_free(&row);
    nb_problems_free(&problems);
}

static void test_presets(void **state) {
    (void)state;
    struct nb_error error;
    size_t count = 0;
    for (int preset = 0; nb_preset_names[preset] != NULL; preset++) {
        const struct nb_request request = {.preset = (enum nb_preset)preset, .default_threads = 2};
        struct nb_selection selection;
        assert_int_equal(nb_selection_make(&selection, &request, &error), NB_OK);
        assert_true(selection.count > count); // each is larger than the one before
        count = selection.count;
        for (size_t i = 0, end; i < selection.count; i = end) {
            end = nb_selection_group_end(&selection, i);
            for (size_t j = i; j < end; j++)
                for (size_t k = i; k < j; k++)
                    assert_false(nb_row_same(&selection.rows[j], &selection.rows[k]));
        }
        nb_selection_free(&selection);
    }
}

// A socket's L3 cache that is reported as one core's is not taken for what a core reaches; memory
// is measured beyond all of it.
static void test_folders_have_plain_names(void **state) {
    (void)state;
    static const struct {
        const char *cpu, *name;
    } cases[] = {{"AMD EPYC 9354", "amd-epyc-9354"},
                 {"Intel(R) Xeon(R) CPU @ 2.60GHz", "intel-xeon-cpu-2-60ghz"},
                 {"Core(TM)(r)", "core"},
                 {"Neoverse (N1)", "neoverse-n1"}};
    static struct nb_bench bench = {.date = "2026-11-22T12:00:00+00:00"};
    char parent[] = "results-XXXXXX", folder[NB_FOLDER_TEXT], want[NB_FOLDER_TEXT];
    struct nb_error error;
    assert_non_null(mkdtemp(parent));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(bench.machine.cpu, sizeof bench.machine.cpu, "%s", cases[i].cpu);
        assert_int_equal(nb_results_folder(&bench, parent, folder, &error), NB_OK);
        snprintf(want, sizeof want, "%s/%s-2026-11-22", parent, cases[i].name);
        assert_string_equal(folder, want);
        assert_int_equal(rmdir(folder), 0);
    }
    assert_int_equal(rmdir(parent), 0);
}

static void test_ceilings_know_caches(void **state) {
    (void)state;
    const size_t mebibyte = 1 << 20;
    struct nb_machine machine = {
        .caches = {{.level = 1, .kind = 'd', .bytes = 48 << 10, .shared_by = 1},
                   {.level = 1, .kind = 'i', .bytes = 32 << 10, .shared_by = 1},
                   {.level = 2, .kind = 'u', .bytes = mebibyte, .shared_by = 1},
                   {.level = 3, .kind = 'u', .bytes = 508 * mebibyte, .shared_by = 1}},
        .cache_count = 4,
    };
    struct nb_ceilings ceilings;
    nb_ceilings_begin(&ceilings, &machine);
    assert_int_equal(ceilings.capacity[NB_L1], 48 << 10);
    assert_int_equal(ceilings.capacity[NB_L2], mebibyte);
    assert_int_equal(ceilings.capacity[NB_L3], 32 * mebibyte);
    assert_int_equal(nb_ceilings_beyond_caches(&ceilings), 256 * mebibyte);
    machine.caches[3].shared_by = 2;
    nb_ceilings_begin(&ceilings, &machine);
    assert_int_equal(ceilings.capacity[NB_L3], 64 * mebibyte);
    machine.caches[3].bytes = 60 * mebibyte;
    nb_ceilings_begin(&ceilings, &machine);
    assert_int_equal(ceilings.capacity[NB_L3], 60 * mebibyte);
    assert_int_equal(nb_ceilings_beyond_caches(&ceilings), 240 * mebibyte);
    machine.cache_count = 0;
    nb_ceilings_begin(&ceilings, &machine);
    assert_int_equal(nb_ceilings_beyond_caches(&ceilings), 64 * mebibyte);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders_have_plain_names),
        cmocka_unit_test(test_ceilings_know_caches),
        cmocka_unit_test(test_threads_divide_the_outputs),
        cmocka_unit_test(test_cold_visits_every_set),
        cmocka_unit_test(test_steps_make_the_whole),
        cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_only_the_contract_is_exact),
        cmocka_unit_test(test_verdict_of_a_large_problem),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_presets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
