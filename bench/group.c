// SPDX-License-Identifier: MIT
#include "bench/group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cores.h"
#include "bench/peer.h"
#include "bench/verdict.h"
#include "src/clock.h"
#include "src/interrupt.h"
#include "src/random.h"

// A row may take this long whatever the budget is, so that short calls, which cost next to nothing,
// get all their samples.
#define LEAST_ROW_SECONDS 0.02
#define LONG_CALL_SECONDS 0.005

// A team whose threads have rested for so long may wake on one core. And what rested wakes slowly:
// after PyTorch's turn the first milliseconds of a small row took up to 1.5 times as long.
#define RESTED_SECONDS 0.002
#define WAKING_SECONDS 0.006

// Rows of other processes have their turn after so many rounds, or after so long.
#define TURN_SECONDS 0.03
enum { TURN_ROUNDS = 4 };

// The rows, and a twin of one of them: what the twin's median differs by is the noise.
struct group {
    struct nb_row *rows;
    size_t count; // without the twin
    struct nb_row twin;
    size_t original; // the row that the twin repeats
    struct nb_operands operands;
    size_t *next;    // (count + 1) where each cold row goes on
    uint32_t *order; // (count + 1)
    struct nb_random random;
    size_t round;  // the next one, of all visits
    double ran;    // when this process last did a row
    double team;   // when a team of it last did, as far as the round knows
    size_t looked; // how many threads were looked at last,
    bool shared;   // and whether they had no core each
};

static struct nb_row *row_of(struct group *group, size_t i) {
    return i == group->count ? &group->twin : &group->rows[i];
}

static struct nb_job job_of(const struct group *group, const struct nb_row *row) {
    return (struct nb_job){&row->implementation, &group->operands, row->threads, row->cold, false};
}

// A peer that cannot do its row makes a wrong row.
static void open_rows(struct group *group) {
    for (size_t i = 0; i < group->count; i++) {
        struct nb_row *row = &group->rows[i];
        struct nb_job job = job_of(group, row);
        struct nb_error error;
        if (nb_team_open(&job, &row->implementation, &error) == NB_OK)
            continue;
        row->verdict = NB_WRONG;
        snprintf(row->error, sizeof row->error, "%.*s", (int)sizeof row->error - 1, error.text);
    }
}

static void close_rows(struct group *group) {
    for (size_t i = 0; i < group->count; i++)
        nb_team_close(&group->rows[i].implementation);
}

static enum nb_code check(struct group *group, struct nb_error *error) {
    enum nb_code code = NB_OK;
    bool prepared = false;
    for (size_t i = 0; i < group->count && code == NB_OK; i++) {
        struct nb_job job = job_of(group, &group->rows[i]);
        if (group->rows[i].verdict != NB_UNCHECKED) // by an earlier visit, or it cannot be opened
            continue;
        if (!prepared)
            nb_verdict_prepare(&group->operands);
        prepared = true;
        code = nb_verdict_reach(&group->rows[i], &job, error);
    }
    return code;
}

// Finds how many calls make a sample long enough; that is the warm-up as well.
static void calibrate(struct group *group, size_t i, double sample_time) {
    struct nb_row *row = row_of(group, i);
    struct nb_job job = job_of(group, row);
    nb_team_run(&job, 1, &group->next[i]);
    if (row->samples > 0) // an earlier visit has found it
        return;
    row->calls = 1;
    for (;;) {
        double wall = nb_team_run(&job, row->calls, &group->next[i]).wall;
        if (!(wall < sample_time)) // NaN: see take_sample
            break;
        // A little more than what is missing; at most ten times, for a first guess may be wrong.
        double factor = fmin(fmax(1.2 * sample_time / fmax(wall, 1e-9), 1.5), 10);
        row->calls = (size_t)ceil((double)row->calls * factor);
    }
}

// Whether another process does the row.
static bool is_elsewhere(const struct nb_row *row) {
    const struct nb_peer *peer = row->implementation.peer;
    return peer != NULL && peer->run != NULL;
}

// Whether a team of this process does the row.
static bool is_of_team(const struct nb_row *row) { return row->threads > 1 && !is_elsewhere(row); }

// Before a sample of this row; returns the seconds that it took.
static double look_for_cores(struct group *group, const struct nb_row *row,
                             const struct nb_timing *timing) {
    const double start = nb_now();
    const bool rested = start - group->team >= RESTED_SECONDS;
    if (!is_of_team(row) || (!rested && row->threads <= group->looked))
        return 0;
    group->looked = row->threads;
    group->shared = !nb_cores_wait(row->threads, timing->patience);
    return nb_now() - start;
}

static void take_sample(struct group *group, size_t i, size_t round) {
    struct nb_row *row = row_of(group, i);
    struct nb_job job = job_of(group, row);
    // The row before it may have pushed the operands out. A long call fetches them by itself.
    bool is_long = row->samples > 0 && row->wall[row->samples - 1] > LONG_CALL_SECONDS;
    const double start = nb_now();
    bool rested = !is_elsewhere(row) && start - group->ran >= RESTED_SECONDS;
    if ((!row->cold || rested) && !is_long)
        do
            nb_team_run(&job, 1, &group->next[i]);
        while (rested && nb_now() - start < WAKING_SECONDS);
    struct nb_elapsed elapsed = nb_team_run(&job, row->calls, &group->next[i]);
    if (isnan(elapsed.wall)) {
        row->verdict = NB_WRONG;
        row->samples = 0;
        snprintf(row->error, sizeof row->error, "it ended while it was timed");
        return;
    }
    row->round[row->samples] = round;
    row->wall[row->samples] = elapsed.wall / (double)row->calls;
    row->cpu[row->samples] = elapsed.cpu / (double)row->calls;
    row->samples++;
    if (!is_elsewhere(row))
        group->ran = nb_now();
    if (is_of_team(row)) {
        row->shared += group->shared;
        group->team = group->ran;
    }
}

static enum nb_code prepare_rows(struct group *group, size_t room, struct nb_error *error) {
    for (size_t i = 0; i <= group->count; i++) {
        struct nb_row *row = row_of(group, i);
        if (row->wall != NULL) // an earlier visit has samples
            continue;
        row->room = room;
        row->round = malloc(room * sizeof *row->round);
        row->wall = malloc(room * sizeof *row->wall);
        row->cpu = malloc(room * sizeof *row->cpu);
        if (row->round == NULL || row->wall == NULL || row->cpu == NULL)
            return nb_error_set(error, NB_FAILED, "not enough memory for the samples; free some");
    }
    return NB_OK;
}

// A round of the rows of this process, in a random order. Returns the seconds that it waited for
// cores.
static double run_round(struct group *group, const struct nb_timing *timing) {
    const size_t total = group->count + 1;
    double waited = 0;
    group->team = -INFINITY;
    nb_random_permutation(&group->random, group->order, total);
    for (size_t i = 0; i < total && nb_interrupt_code() == NB_OK; i++) {
        const struct nb_row *row = row_of(group, group->order[i]);
        if (row->verdict == NB_WRONG || is_elsewhere(row))
            continue;
        waited += look_for_cores(group, row, timing);
        take_sample(group, group->order[i], group->round);
    }
    group->round++;
    return waited;
}

// The last rounds for the rows of other processes, one after another.
static void run_elsewhere(struct group *group, size_t rounds) {
    const size_t total = group->count + 1;
    nb_random_permutation(&group->random, group->order, total);
    for (size_t i = 0; i < total; i++)
        for (size_t round = group->round - rounds; round < group->round; round++) {
            const struct nb_row *row = row_of(group, group->order[i]);
            if (is_elsewhere(row) && row->verdict != NB_WRONG && nb_interrupt_code() == NB_OK)
                take_sample(group, group->order[i], round);
        }
}

// Other processes have their turn after some rounds of this one, which then rests but once. When
// the time is up, the short rows of this one get what is missing without those, whose turns take
// long.
static void time_rows(struct group *group, const struct nb_timing *timing, double deadline,
                      double work) {
    const size_t total = group->count + 1;
    bool elsewhere = false, late = false;
    deadline = fmax(deadline, nb_now() + LEAST_ROW_SECONDS * (double)total);
    for (size_t i = 0; i < total && nb_interrupt_code() == NB_OK; i++) {
        elsewhere |= is_elsewhere(row_of(group, i));
        if (row_of(group, i)->verdict != NB_WRONG)
            calibrate(group, i, timing->sample_time);
    }
    double turn = nb_now(); // the last one of the others
    size_t rounds = 0, owed = 0;
    while (rounds < timing->samples && !late && nb_interrupt_code() == NB_OK) {
        deadline += run_round(group, timing);
        rounds++;
        owed++;
        nb_progress_add(timing->progress, work / (double)timing->samples, 0);
        late = rounds >= timing->least && nb_now() > deadline;
        if (elsewhere && (late || owed == TURN_ROUNDS || rounds == timing->samples ||
                          nb_now() - turn > TURN_SECONDS)) {
            run_elsewhere(group, owed);
            turn = nb_now();
            owed = 0;
            if (rounds >= timing->least && turn > deadline) {
                elsewhere = late = false;
                deadline = turn + LEAST_ROW_SECONDS * (double)total;
            }
        }
    }
    nb_progress_add(timing->progress,
                    work * (double)(timing->samples - rounds) / (double)timing->samples, 0);
}

static enum nb_code summarize(struct group *group, struct nb_error *error) {
    enum nb_code code = nb_row_summarize(&group->twin, error);
    for (size_t i = 0; i < group->count && code == NB_OK; i++)
        code = nb_row_summarize(&group->rows[i], error);
    double noise = fabs(group->twin.median / group->rows[group->original].median - 1);
    for (size_t i = 0; i < group->count; i++)
        group->rows[i].noise = fmax(group->rows[i].noise, noise);
    return code;
}

// The first round of this visit: samples of earlier ones have theirs.
static size_t first_round(const struct nb_row *rows, size_t count) {
    size_t round = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].samples > 0 && rows[i].round[rows[i].samples - 1] >= round)
            round = rows[i].round[rows[i].samples - 1] + 1;
    return round;
}

// Once each, for the check that everything runs.
static void run_dry(struct group *group) {
    for (size_t i = 0; i < group->count && nb_interrupt_code() == NB_OK; i++) {
        struct nb_job job = job_of(group, &group->rows[i]);
        if (group->rows[i].verdict != NB_WRONG)
            nb_team_run(&job, 1, &group->next[i]);
    }
}

// Sets for the coldest row.
static size_t sets_for(const struct nb_row *rows, size_t count, size_t cold_bytes) {
    bool cold = false;
    for (size_t i = 0; i < count; i++)
        cold |= rows[i].cold;
    return cold ? nb_operands_cold_sets(rows->problem, rows->dtype, cold_bytes) : 1;
}

// A row that is timed in this process, for the noise is to be that of its clock; or any.
static size_t choose_original(struct group *group) {
    size_t chosen = 0, count = 0;
    for (size_t i = 0; i < group->count; i++) {
        const struct nb_peer *peer = group->rows[i].implementation.peer;
        if (peer == NULL || peer->run == NULL)
            chosen = nb_random_u32(&group->random) % ++count == 0 ? i : chosen;
    }
    return chosen;
}

enum nb_code nb_group_run(struct nb_row *rows, size_t count, const struct nb_timing *timing,
                          double seconds, double work, struct nb_error *error) {
    double deadline = nb_now() + seconds;
    struct group group = {.rows = rows, .count = count, .round = first_round(rows, count)};
    nb_random_seed(&group.random, timing->seed);
    group.original = choose_original(&group);
    group.next = calloc(count + 1, sizeof *group.next);
    group.order = malloc((count + 1) * sizeof *group.order);
    enum nb_code code = NB_OK;
    if (group.next == NULL || group.order == NULL)
        code = nb_error_set(error, NB_FAILED, "not enough memory; free some");
    if (code == NB_OK)
        code = nb_operands_make(&group.operands, rows->problem, rows->dtype,
                                sets_for(rows, count, timing->dry ? 0 : timing->cold_bytes),
                                timing->seed, error);
    if (code == NB_OK)
        open_rows(&group);
    if (code == NB_OK && timing->check)
        code = check(&group, error);
    group.twin = rows[group.original];
    group.twin.round = NULL;
    group.twin.wall = group.twin.cpu = NULL;
    group.twin.samples = group.twin.shared = 0;
    if (code == NB_OK && timing->dry) {
        run_dry(&group);
        nb_progress_add(timing->progress, work, 0);
    } else if (code == NB_OK) {
        code = prepare_rows(&group, timing->room, error);
        if (code == NB_OK)
            time_rows(&group, timing, deadline, work);
        if (code == NB_OK)
            code = summarize(&group, error);
    }
    close_rows(&group);
    nb_row_free(&group.twin);
    nb_operands_free(&group.operands);
    free(group.next);
    free(group.order);
    return code;
}
