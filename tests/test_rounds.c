// SPDX-License-Identifier: MIT
// Rounds of samples when some rows are of another process: those have their turn after some rounds,
// so that this process seldom rests; it is awake again before it is timed; and when the time is up
// it goes on without them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "bench/group.h"
#include "bench/peer.h"
#include "bench/selection.h"
#include "src/clock.h"

enum { OURS, THEIRS, SAMPLES = 16, LEAST = 2, ROWS = 5 };

static int last;                     // whose turn it was
static size_t turns;                 // of the other process: rows of it without ours between them
static double begun, shortest_begin; // seconds that this process took after each, until it is timed

static void our_call(const void *table, const struct nb_call *call) {
    (void)table, (void)call;
    if (last == THEIRS)
        begun = nb_now();
    last = OURS;
}

// The other process takes its time.
static struct nb_elapsed their_run(const void *table, const struct nb_job *job, size_t calls,
                                   size_t next) {
    (void)table, (void)job, (void)calls, (void)next;
    const struct timespec pause = {.tv_nsec = 10000000};
    if (last == OURS) {
        if (turns > 0 && nb_now() - begun < shortest_begin)
            shortest_begin = nb_now() - begun;
        turns++;
    }
    last = THEIRS;
    nanosleep(&pause, NULL);
    return (struct nb_elapsed){0.01, 0.01};
}

static void visit(struct nb_row *rows, double seconds) {
    struct nb_progress progress = {0};
    struct nb_error error;
    const struct nb_timing timing = {.seed = 5,
                                     .samples = SAMPLES,
                                     .least = LEAST,
                                     .room = 3 * SAMPLES,
                                     .sample_time = 1e-5,
                                     .progress = &progress};
    last = OURS;
    turns = 0;
    shortest_begin = 1e9;
    assert_int_equal(nb_group_run(rows, ROWS, &timing, seconds, 1, &error), NB_OK);
}

static void test_rows_of_another_process(void **state) {
    (void)state;
    struct nb_problems problems = {0};
    struct nb_error error;
    assert_int_equal(nb_problems_parse(&problems, "row_sum:4x8", &error), NB_OK);
    const struct nb_problem *p = &problems.all[0];
    const struct nb_offer offer = {.call = our_call};
    const struct nb_peer peer = {.name = "elsewhere", .run = their_run};
    const struct nb_implementation ours = {.name = "here", .call = our_call},
                                   theirs = nb_implementation_peer(&peer, &offer);
    const struct nb_implementation *order[ROWS] = {&ours, &ours, &ours, &theirs, &theirs};
    struct nb_row rows[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = nb_row_of(p, NB_F32, order[i], 1, false);

    // With time enough all have all samples, of the same rounds.
    visit(rows, 100);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(rows[i].samples, SAMPLES);
        for (size_t s = 0; s < SAMPLES; s++)
            assert_int_equal(rows[i].round[s], s);
    }
    // Once to find how many calls make a sample, and after four rounds each, or more often where
    // four take long.
    assert_true(turns >= 1 + SAMPLES / 4 && turns <= 1 + SAMPLES);
    assert_true(shortest_begin >= 0.006);

    // Without, theirs have few and ours all; another visit goes on with the rounds.
    visit(rows, 0);
    visit(rows, 0);
    for (size_t i = 0; i < ROWS; i++) {
        const bool other = order[i] == &theirs;
        assert_true(other ? rows[i].samples < 3 * SAMPLES : rows[i].samples == 3 * SAMPLES);
        assert_true(rows[i].samples >= SAMPLES + 2 * LEAST);
        for (size_t s = 0; s < rows[i].samples; s++)
            assert_true(other ? s == 0 || rows[i].round[s] > rows[i].round[s - 1]
                              : rows[i].round[s] == s);
        assert_true(rows[i].round[rows[i].samples - 1] >= 2 * SAMPLES);
    }
    for (size_t i = 0; i < ROWS; i++)
        nb_row_free(&rows[i]);
    nb_problems_free(&problems);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_of_another_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
