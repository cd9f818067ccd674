// SPDX-License-Identifier: MIT
// Peers: those of this build compute what the reference does, on odd shapes too; they get the
// threads that they ask for, and code for this CPU; and the best of them is found.
#include "tests/peer_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#    include <omp.h>
#endif

#include "bench/group.h"

// On shapes with remainders everywhere, and beyond the tiles of libxsmm; every problem of the
// presets is checked before it is timed.
static void test_peers_of_this_build(void **state) {
    (void)state;
    struct nb_problems problems =
        parse("matmul_*:1x1x1 matmul_*:3x7x5 matmul_*:130x250x33 matmul_*:131x65x600 "
              "*norm_*:2x1 *norm_*:33x17 *norm_*:130x250 *norm_*:300x9");
    size_t rows = 0, there = 0;
    for (size_t p = 0; nb_peers()[p] != NULL; p++)
        for (size_t i = 0; i < problems.count; i++)
            for (enum nb_dtype dtype = 0; dtype < NB_DTYPES; dtype++)
                for (size_t threads = 1; threads <= nb_team_limit(2); threads++) {
                    const struct nb_problem *problem = &problems.all[i];
                    const struct nb_offer *offer =
                        nb_peer_offer(nb_peers()[p], problem->kernel, dtype, false);
                    if (offer == NULL || nb_peers()[p]->version() == NULL ||
                        !nb_team_divides(problem, dtype, threads))
                        continue;
                    struct nb_row row = judge(
                        problem, dtype, nb_implementation_peer(nb_peers()[p], offer), threads);
                    char name[NB_ROW_NAME];
                    nb_row_name(&row, name);
                    if (row.verdict != NB_BOUND)
                        fail_msg("%s: %s", name, row.error);
                    rows++;
                }
    nb_problems_free(&problems);
    for (size_t p = 0; nb_peers()[p] != NULL; p++) {
        bool known = nb_peers()[p]->version() != NULL;
        if (!known && strcmp(nb_peers()[p]->name, "pytorch") != 0)
            fail_msg("%s", nb_peers()[p]->remedy); // its module was built beside this program
        there += known;
    }
    if (there == 0)
        skip();
    assert_true(rows > 0);
}

// Libraries that choose their code by the model of the CPU, and what they have for those without
// AVX2.
static struct {
    const char *peer, *variable, *old[3];
    bool set; // by the user
} choosers[] = {
    {"openblas", "OPENBLAS_CORETYPE", {"Prescott", "Nehalem", "Sandybridge"}, false},
    {"blis", "BLIS_ARCH_TYPE", {"generic", "penryn", "sandybridge"}, false},
};

static void test_no_peer_runs_old_code(void **state) {
    (void)state;
    size_t seen = 0;
    for (size_t c = 0; c < 2; c++)
        for (size_t p = 0; nb_peers()[p] != NULL; p++) {
            const struct nb_peer *peer = nb_peers()[p];
            if (strcmp(peer->name, choosers[c].peer) != 0 || choosers[c].set)
                continue;
            assert_non_null(peer->core);
            for (size_t i = 0; i < 3 && nb_isa_usable(NB_ISA_AVX2); i++)
                assert_string_not_equal(peer->core(), choosers[c].old[i]);
            seen++;
        }
    if (seen == 0 || !nb_isa_usable(NB_ISA_AVX2)) {
        printf("skipped: no AVX2, or no peer that has to choose its code\n");
        skip();
    }
}

static void test_names(void **state) {
    (void)state;
    struct nb_error error;
    bool chosen[NB_MAX_PEERS];
    size_t count = 0;
    assert_int_equal(nb_peers_choose("all", chosen, &error), NB_OK);
    for (; nb_peers()[count] != NULL; count++)
        assert_true(chosen[count]);
    assert_true(count <= NB_MAX_PEERS);
    assert_int_equal(nb_peers_choose("none", chosen, &error), NB_OK);
    for (size_t i = 0; i < count; i++)
        assert_false(chosen[i]);
    for (size_t i = 0; i < count; i++) {
        if (nb_peers()[i]->version() == NULL) {
            assert_int_equal(nb_peers_choose(nb_peers()[i]->name, chosen, &error), NB_USAGE);
            assert_non_null(strstr(error.text, nb_peers()[i]->remedy));
            continue;
        }
        assert_int_equal(nb_peers_choose(nb_peers()[i]->name, chosen, &error), NB_OK);
        for (size_t j = 0; j < count; j++)
            assert_true(chosen[j] == (i == j));
    }
    const char *const unknown[] = {"", "openbla", "none,", "all,none"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(nb_peers_choose(unknown[i], chosen, &error), NB_USAGE);
        assert_non_null(strstr(error.text, "all, none"));
        for (size_t j = 0; j < count; j++)
            assert_true(nb_peers()[j]->version() == NULL ||
                        strstr(error.text, nb_peers()[j]->name) != NULL);
    }
}

static _Atomic size_t calls, in_parallel, columns;
static size_t threads_seen;

static void count(const void *table, const struct nb_call *call) {
    assert_non_null(table);
    calls++;
    columns += call->n;
#ifdef _OPENMP
    in_parallel += omp_in_parallel() != 0;
#endif
}

static int opened;

static void see_threads(void) {
    threads_seen = 1;
#ifdef _OPENMP
    threads_seen = (size_t)omp_get_max_threads();
#endif
}

static void count_whole(const void *table, const struct nb_call *call) {
    count(table, call);
    see_threads();
}

static enum nb_code open_counter(const struct nb_job *job, void **table, struct nb_error *error) {
    (void)job, (void)error;
    see_threads();
    *table = &opened;
    opened++;
    return NB_OK;
}

static void close_counter(void *table) {
    assert_ptr_equal(table, &opened);
    opened--;
}

static struct nb_elapsed run_elsewhere(const void *table, const struct nb_job *job, size_t number,
                                       size_t next) {
    (void)table;
    calls += number;
    columns += nb_team_set(job, next) / job->operands->bytes;
    return (struct nb_elapsed){1, 2};
}

static void test_threads(void **state) {
    (void)state;
    struct nb_problems problems = parse("column_sum:3x1000");
    struct nb_operands operands;
    struct nb_error error;
    assert_int_equal(nb_operands_make(&operands, &problems.all[0], NB_F32, 3, 1, &error), NB_OK);
    const struct nb_offer pieces = {.call = count}, all = {.call = count_whole};
    for (size_t threads = 1; threads <= nb_team_limit(4); threads++)
        for (int whole = 0; whole < 2; whole++) {
            const struct nb_peer peer = {
                .name = "counter", .whole = whole, .open = open_counter, .close = close_counter};
            struct nb_implementation code = nb_implementation_peer(&peer, whole ? &all : &pieces);
            const struct nb_job job = {&code, &operands, threads, false, false};
            see_threads();
            size_t next = 0, usual = threads_seen;
            assert_int_equal(nb_team_open(&job, &code, &error), NB_OK);
            assert_int_equal(opened, 1);
            assert_int_equal(threads_seen, threads);
            calls = columns = in_parallel = threads_seen = 0;
            assert_true(nb_team_run(&job, 5, &next).wall > 0);
            assert_int_equal(columns, 5000);
            assert_int_equal(calls, whole ? 5 : 5 * threads);
            assert_int_equal(in_parallel, whole || threads == 1 ? 0 : 5 * threads);
            assert_int_equal(threads_seen, whole ? threads : 0);
            nb_team_close(&code);
            assert_int_equal(opened, 0);
            nb_team_close(&code);
            assert_int_equal(opened, 0);
            see_threads();
            assert_int_equal(threads_seen, usual);
        }

    // One that times itself.
    const struct nb_peer elsewhere = {.name = "elsewhere", .run = run_elsewhere};
    struct nb_implementation code = nb_implementation_peer(&elsewhere, &pieces);
    const struct nb_job job = {&code, &operands, 1, true, false};
    size_t next = 1;
    calls = columns = 0;
    assert_true(nb_team_run(&job, 4, &next).cpu == 2);
    assert_int_equal(calls, 4);
    assert_int_equal(next, 5);
    assert_int_equal(columns, nb_team_set(&job, 1) / operands.bytes);
    nb_operands_free(&operands);
    nb_problems_free(&problems);
}

static enum nb_code refuse(const struct nb_job *job, void **table, struct nb_error *error) {
    (void)job, (void)table;
    return nb_error_set(error, NB_FAILED, "not today");
}

static void test_a_peer_that_cannot_open_stops_nobody(void **state) {
    (void)state;
    struct nb_problems problems = parse("row_sum:4x8");
    struct nb_error error;
    const struct nb_offer offer = {.call = count};
    const struct nb_peer peer = {.name = "sulker", .open = refuse, .close = close_counter};
    struct nb_implementation theirs = nb_implementation_peer(&peer, &offer);
    struct nb_implementation ours =
        nb_implementation_ours(problems.all[0].kernel, NB_F32, NB_ISA_SCALAR);
    struct nb_row rows[] = {nb_row_of(&problems.all[0], NB_F32, &theirs, 1, false),
                            nb_row_of(&problems.all[0], NB_F32, &ours, 1, false)};
    struct nb_progress progress = {0};
    const struct nb_timing timing = {.check = true, .samples = 3, .room = 3, .progress = &progress};
    calls = 0;
    assert_int_equal(nb_group_run(rows, 2, &timing, 0, 1, &error), NB_OK);
    assert_int_equal(rows[0].verdict, NB_WRONG);
    assert_string_equal(rows[0].error, "not today");
    assert_int_equal(calls, 0);
    assert_int_equal(rows[1].verdict, NB_EXACT);
    assert_int_equal(rows[1].samples, 3);
    for (size_t i = 0; i < 2; i++)
        nb_row_free(&rows[i]);
    nb_problems_free(&problems);
}

static void test_best_peer(void **state) {
    (void)state;
    struct nb_problems problems = parse("row_sum:4x8 row_sum:8x8");
    const struct nb_offer offer = {0};
    const struct nb_peer peers[] = {{.name = "slow"}, {.name = "fast"}};
    struct nb_implementation slow = nb_implementation_peer(&peers[0], &offer);
    struct nb_implementation fast = nb_implementation_peer(&peers[1], &offer);
    struct nb_implementation ours =
        nb_implementation_ours(problems.all[0].kernel, NB_F32, NB_ISA_SCALAR);
    // Rounds of samples while the machine is slow, and then fast. By the medians, 18 and 24 beside
    // our 30, the slow peer would be the fastest, and ahead of us.
    struct {
        const struct nb_implementation *code;
        size_t problem, threads;
        bool cold;
        size_t samples;
        double wall[5];
    } made[] = {
        {&ours, 0, 1, false, 5, {30, 40, 30, 10, 10}},
        {&slow, 0, 1, false, 5, {60, 80, 18, 18, 18}},
        {&fast, 0, 1, false, 5, {24, 32, 24, 8, 80}},
        {&fast, 0, 2, false, 3, {1, 1, 1}},
        {&fast, 0, 1, true, 3, {1, 1, 1}},
        {&fast, 1, 1, false, 3, {1, 1, 1}},
        {&slow, 0, 1, false, 0, {1}},
        {&ours, 0, 4, false, 3, {1, 1, 1}},
    };
    enum { ROWS = sizeof made / sizeof *made };
    size_t all_rounds[] = {0, 1, 2, 3, 4}, some_rounds[] = {1, 2, 4, 6, 7};
    struct nb_row rows[ROWS];
    struct nb_error error;
    double ratio;
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = nb_row_of(&problems.all[made[i].problem], NB_F32, made[i].code, made[i].threads,
                            made[i].cold);
        rows[i].samples = made[i].samples;
        rows[i].round = all_rounds;
        rows[i].wall = made[i].wall;
    }
    struct nb_selection selection = {.rows = rows, .count = ROWS};
    assert_true(nb_selection_has_peers(&selection));
    assert_int_equal(nb_selection_compare(&selection, &error), NB_OK);
    assert_ptr_equal(rows[0].best_peer, &rows[2]);
    assert_true(rows[0].vs_best_peer == 0.8);
    assert_int_equal(nb_row_ratio(&rows[0], &rows[1], &ratio, &error), NB_OK);
    assert_true(ratio == 1.8);
    for (size_t i = 1; i < ROWS; i++) { // of peers, and no peer has four threads
        assert_null(rows[i].best_peer);
        assert_true(isnan(rows[i].vs_best_peer));
    }
    rows[0].samples = 2; // of an interrupted round the others have one more
    assert_int_equal(nb_row_ratio(&rows[0], &rows[1], &ratio, &error), NB_OK);
    assert_true(ratio == 2);
    rows[0].samples = 5;
    rows[1].round = some_rounds; // it was left out of two rounds: 60 / 40, 80 / 30, 18 / 10
    assert_int_equal(nb_row_ratio(&rows[0], &rows[1], &ratio, &error), NB_OK);
    assert_true(ratio == 1.8);
    rows[1].samples = 2; // 60 / 40, 80 / 30
    assert_int_equal(nb_row_ratio(&rows[0], &rows[1], &ratio, &error), NB_OK);
    assert_true(fabs(ratio - (1.5 + 80.0 / 30) / 2) < 1e-12);
    struct nb_selection alone = {.rows = &rows[7], .count = 1};
    assert_false(nb_selection_has_peers(&alone));
    assert_int_equal(nb_selection_compare(&alone, &error), NB_OK);
    assert_null(rows[7].best_peer);
    nb_problems_free(&problems);
}

int main(void) {
    for (size_t c = 0; c < 2; c++) // before peers are loaded
        choosers[c].set = getenv(choosers[c].variable) != NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers_of_this_build),
        cmocka_unit_test(test_no_peer_runs_old_code),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_a_peer_that_cannot_open_stops_nobody),
        cmocka_unit_test(test_best_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
