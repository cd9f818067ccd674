// SPDX-License-Identifier: MIT
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/operands.h"
#include "bench/team.h"
#include "src/clock.h"
#include "src/interrupt.h"
#include "src/statistics.h"

// A sample lasts at least this long: a thousand times what reading the clock takes.
#define SAMPLE_SECONDS 100e-6

enum { VISITS = 2 }; // of each group

// Of the time for all samples, so much more is spent at most on waiting for cores.
#define PATIENCE 0.1

static void write_date(char date[32]) {
    time_t seconds = time(NULL);
    struct tm local;
    char zone[8] = "";
    localtime_r(&seconds, &local);
    strftime(date, 32, "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof zone, "%z", &local); // "+0100"
    if (strlen(zone) == 5)
        snprintf(date + strlen(date), 32 - strlen(date), "%.3s:%s", zone, zone + 3);
}

// Problems that would push the machine into its swap space.
static enum nb_code refuse_huge(const struct nb_bench *bench, struct nb_error *error) {
    uint64_t memory = bench->machine.memory_bytes;
    for (size_t i = 0; i < bench->selection.count && memory > 0; i++) {
        const struct nb_row *row = &bench->selection.rows[i];
        double bytes = 4 * (row->traffic.read + row->traffic.written);
        if (bytes > 0.5 * (double)memory) {
            char text[NB_PROBLEM_TEXT];
            nb_problem_text(row->problem, text);
            return nb_error_set(
                error, NB_USAGE,
                "problem '%s': takes %.0f MiB, more than half of the memory; choose "
                "smaller sizes",
                text, bytes / (1 << 20));
        }
    }
    return NB_OK;
}

static enum nb_code refuse_threads(const struct nb_request *request, struct nb_error *error) {
    for (size_t i = 0; i < NB_MAX_THREAD_COUNTS && request->threads[i] != 0; i++) {
        size_t got = nb_team_limit(request->threads[i]);
        if (got < request->threads[i])
            return nb_error_set(error, NB_USAGE,
                                "--threads: there are only %zu of %zu; this build may be without "
                                "OpenMP, or OMP_THREAD_LIMIT is lower",
                                got, request->threads[i]);
    }
    return NB_OK;
}

enum nb_code nb_bench_open(struct nb_bench *bench, const struct nb_bench_options *options,
                           struct nb_error *error) {
    *bench = (struct nb_bench){.options = *options, .noise_floor = NAN};
    nb_machine_read(&bench->machine);
    write_date(bench->date);
    struct nb_request *request = &bench->options.request;
    request->default_threads = nb_team_limit(nb_machine_threads(&bench->machine));
    nb_ceilings_begin(&bench->ceilings, &bench->machine);
    enum nb_code code = refuse_threads(request, error);
    if (code == NB_OK)
        code = nb_selection_make(&bench->selection, request, error);
    if (code == NB_OK)
        code = refuse_huge(bench, error);
    if (code != NB_OK)
        nb_bench_free(bench);
    return code;
}

// Seconds that the samples of a row will take, roughly.
static double predict(const struct nb_bench *bench, const struct nb_row *row) {
    double rate = row->implementation.isa == NB_ISA_SCALAR ? 2e9 : 2e10; // without ceilings
    double call = isnan(row->least) ? row->flops / rate : 2 * row->least;
    call += (row->traffic.read + row->traffic.written) / 1e10;
    return (double)(bench->options.samples + 4) * fmax(call, SAMPLE_SECONDS);
}

static double predict_group(const struct nb_bench *bench, size_t first, size_t end) {
    double seconds = 0;
    for (size_t i = first; i < end; i++)
        seconds += predict(bench, &bench->selection.rows[i]);
    return seconds;
}

// The median of the noise of all rows.
static enum nb_code find_noise_floor(struct nb_bench *bench, struct nb_error *error) {
    const struct nb_selection *selection = &bench->selection;
    double *noise = malloc((selection->count + 1) * sizeof *noise);
    size_t count = 0;
    if (noise == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    for (size_t i = 0; i < selection->count; i++)
        if (isfinite(selection->rows[i].noise))
            noise[count++] = selection->rows[i].noise;
    enum nb_code code = NB_OK;
    struct nb_sample sample = {0};
    if (count > 0)
        code = nb_sample_make(&sample, noise, count, error);
    if (count > 0 && code == NB_OK)
        bench->noise_floor = nb_quantile(&sample, 0.5);
    nb_sample_free(&sample);
    free(noise);
    return code;
}

// One visit of every group, until `deadline`. What is `ahead` is the work of this visit.
static enum nb_code visit_groups(struct nb_bench *bench, const struct nb_timing *timing,
                                 double deadline, double ahead, struct nb_progress *progress,
                                 struct nb_error *error) {
    struct nb_selection *selection = &bench->selection;
    enum nb_code code = NB_OK;
    for (size_t first = 0, end; first < selection->count && code == NB_OK; first = end) {
        if (nb_interrupt_code() != NB_OK)
            break;
        end = nb_selection_group_end(selection, first);
        char text[NB_PROBLEM_TEXT];
        nb_problem_text(selection->rows[first].problem, text);
        nb_progress_label(progress, text);
        // The time that is left, divided by what is left to do.
        double work = predict_group(bench, first, end) / VISITS;
        double share = fmax(deadline - nb_now(), 0) * work / fmax(ahead, work);
        code = nb_group_run(&selection->rows[first], end - first, timing, share, work, error);
        ahead -= work;
    }
    return code;
}

// Every group is visited twice, minutes apart if the run takes minutes, so that the noise of a row,
// which compares its earlier and its later samples, knows what changes from one run to the next.
static enum nb_code measure_groups(struct nb_bench *bench, struct nb_timing *timing,
                                   struct nb_progress *progress, struct nb_error *error) {
    const double begin = nb_now(), total = progress->total;
    enum nb_code code = NB_OK;
    for (size_t visit = 0; visit < VISITS && code == NB_OK; visit++) {
        timing->samples = timing->room * (visit + 1) / VISITS - timing->room * visit / VISITS;
        double deadline = begin + bench->options.seconds * (double)(visit + 1) / VISITS;
        code = visit_groups(bench, timing, deadline, total / VISITS, progress, error);
        timing->seed++;
        if (timing->dry)
            break;
    }
    return code;
}

enum nb_code nb_bench_run(struct nb_bench *bench, struct nb_progress *progress, FILE *terminal,
                          struct nb_error *error) {
    const struct nb_bench_options *options = &bench->options;
    struct nb_selection *selection = &bench->selection;
    double patience = PATIENCE * options->seconds;
    struct nb_timing timing = {
        .seed = options->seed,
        .check = !options->no_check,
        .dry = options->dry_run,
        .room = options->samples,
        .least = 2,
        .sample_time = SAMPLE_SECONDS,
        .cold_bytes = nb_ceilings_beyond_caches(&bench->ceilings),
        .patience = &patience,
        .progress = progress,
    };
    enum nb_code code = NB_OK;
    nb_progress_begin(progress, terminal, 1, NULL);
    nb_progress_label(progress, "ceilings");
    nb_progress_add(progress, 0, 0);
    if (!options->no_ceilings && !options->dry_run)
        code = nb_ceilings_measure(&bench->ceilings, selection->rows, selection->count, &timing,
                                   error);
    for (size_t i = 0; i < selection->count; i++)
        nb_ceilings_apply(&bench->ceilings, &selection->rows[i]);
    nb_progress_end(progress);
    nb_progress_begin(progress, terminal, predict_group(bench, 0, selection->count), NULL);
    if (code == NB_OK)
        code = measure_groups(bench, &timing, progress, error);
    nb_progress_end(progress);
    for (size_t i = 0; i < selection->count; i++) {
        bench->measured += selection->rows[i].samples > 0;
        bench->wrong += selection->rows[i].verdict == NB_WRONG;
    }
    bench->ended = nb_interrupt_code();
    if (code == NB_OK)
        code = nb_selection_compare(selection, error);
    return code == NB_OK ? find_noise_floor(bench, error) : code;
}

void nb_bench_free(struct nb_bench *bench) { nb_selection_free(&bench->selection); }
