// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/report.h"
#include "src/sketch.h"

// A normalization has the same colour in every plot.
static size_t look_of(enum nb_norm norm) { return norm == NB_NORM_NONE ? 3 : (size_t)norm; }

static double accuracy_error(const struct nb_point *point) { return 1 - point->test_accuracy; }
static double train_loss(const struct nb_point *point) { return point->train_loss; }

// Point i of a curve of medians, with the interval of each.
static void set_point(struct nb_curve *curve, size_t i, double x,
                      const struct nb_estimate *estimate) {
    curve->x[i] = x;
    curve->y[i] = estimate->median;
    curve->low[i] = estimate->median_in.low;
    curve->high[i] = estimate->median_in.high;
}

// The curves of one normalization: pale for each seed, and the median of those that ended well.
static void add_curves(struct nb_sketch *sketch, const struct nb_report *report, enum nb_norm norm,
                       size_t batch_size, double (*value)(const struct nb_point *)) {
    const struct nb_section *section = report->results->section;
    size_t epochs = section->like->epochs;
    double *values = calloc(section->seed_count + 1, sizeof *values);
    struct nb_curve median =
        nb_sketch_add(sketch, NB_CURVE_BAND, look_of(norm), epochs, "%s", nb_norm_title(norm));
    sketch->failed |= values == NULL;
    for (size_t e = 0; e < epochs && !sketch->failed; e++) {
        size_t count = 0;
        for (size_t s = 0; s < section->seed_count; s++) {
            const struct nb_study_run *run =
                nb_section_run(section, norm, batch_size, section->seeds[s]);
            if (run != NULL && run->outcome == NB_OUTCOME_OK)
                values[count++] = value(&run->points[e]);
        }
        struct nb_estimate estimate;
        struct nb_error error;
        sketch->failed |= nb_estimate_make(&estimate, values, count, &error) != NB_OK;
        set_point(&median, e, (double)(e + 1), &estimate);
    }
    free(values);
    for (size_t s = 0; s < section->seed_count && !sketch->failed; s++) {
        const struct nb_study_run *run =
            nb_section_run(section, norm, batch_size, section->seeds[s]);
        if (run == NULL || run->point_count == 0)
            continue;
        struct nb_curve thin =
            nb_sketch_add(sketch, NB_CURVE_THIN, look_of(norm), run->point_count, "%s, seed %llu",
                          nb_norm_title(norm), (unsigned long long)run->seed);
        for (size_t e = 0; e < run->point_count && !sketch->failed; e++) {
            thin.x[e] = (double)(e + 1);
            thin.y[e] = value(&run->points[e]);
        }
    }
}

static void curve_plot(const struct nb_report *report, size_t batch_size, const char *what,
                       const char *unit, const char *file,
                       double (*value)(const struct nb_point *)) {
    const struct nb_section *section = report->results->section;
    char title[96], name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    snprintf(title, sizeof title, "%s by epoch, batch size %zu", what, batch_size);
    nb_report_name(name, report, "%s-b%zu", file, batch_size);
    nb_report_caption(caption, report,
                      "%s. Line: median over the seeds; band: its 95 %% bootstrap interval; pale: "
                      "each seed.",
                      title);
    struct nb_sketch sketch = {.plot = {.title = title,
                                        .subtitle = report->settings,
                                        .x = {.label = "epoch", .integer = true},
                                        .y = {.label = what, .unit = unit, .log = 10}}};
    for (size_t i = 0; i < section->norm_count; i++)
        add_curves(&sketch, report, section->norms[i], batch_size, value);
    nb_sketch_finish(&sketch, report->page, name, caption);
}

void nb_report_curve_plots(const struct nb_report *report) {
    const struct nb_section *section = report->results->section;
    nb_page_figures_begin(report->page);
    for (size_t i = 0; i < section->batch_count; i++) {
        curve_plot(report, section->batch_sizes[i],
                   section->like->paper ? "Training NLL" : "Training loss", "nats", "loss",
                   train_loss);
        if (section->like->paper)
            curve_plot(report, section->batch_sizes[i], "Test error", "share of the test rows",
                       "error", accuracy_error);
    }
    nb_page_figures_end(report->page);
}

static void result_plot(const struct nb_report *report, enum nb_measure measure, const char *title,
                        struct nb_axis y, const char *file) {
    const struct nb_section *section = report->results->section;
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "%s", file);
    nb_report_caption(caption, report,
                      "%s against the batch size. Line: median over the seeds; band: its 95 %% "
                      "bootstrap interval. Runs that diverged or cannot exist have no point.",
                      title);
    struct nb_sketch sketch = {.plot = {.title = title,
                                        .subtitle = report->settings,
                                        .x = {.label = "batch size", .log = 2},
                                        .y = y}};
    for (size_t n = 0; n < section->norm_count; n++) {
        enum nb_norm norm = section->norms[n];
        struct nb_curve curve = nb_sketch_add(&sketch, NB_CURVE_BAND, look_of(norm),
                                              section->batch_count, "%s", nb_norm_title(norm));
        for (size_t i = 0; i < section->batch_count && !sketch.failed; i++) {
            const struct nb_setting *setting =
                &report->results->settings[i * section->norm_count + n];
            set_point(&curve, i, (double)section->batch_sizes[i], &setting->of[measure]);
        }
    }
    nb_sketch_finish(&sketch, report->page, name, caption);
}

void nb_report_result_plots(const struct nb_report *report) {
    nb_page_figures_begin(report->page);
    result_plot(report, NB_LAST_LOSS, "Training loss of the last epoch",
                (struct nb_axis){.label = "training loss", .unit = "nats", .log = 10}, "last-loss");
    result_plot(report, NB_LAST_ACCURACY, "Test accuracy after the last epoch",
                (struct nb_axis){.label = "test accuracy", .unit = "share of the test rows"},
                "test-accuracy");
    nb_page_figures_end(report->page);
}

static void difference_plot(const struct nb_report *report, enum nb_measure measure,
                            const char *title, const char *better, struct nb_axis y,
                            const char *file) {
    const struct nb_results *results = report->results;
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "%s", file);
    nb_report_caption(
        caption, report,
        "%s: BatchNorm minus LayerNorm for the same seed; %s zero BatchNorm is better. "
        "Point: median over the seeds; bar: its 95 %% bootstrap interval.",
        title, better);
    struct nb_sketch sketch = {.plot = {.title = title,
                                        .subtitle = report->settings,
                                        .x = {.label = "batch size", .log = 2},
                                        .y = y}};
    struct nb_curve curve =
        nb_sketch_add(&sketch, NB_CURVE_BARS, 1, results->pairing_count, "BatchNorm - LayerNorm");
    for (size_t i = 0; i < results->pairing_count && !sketch.failed; i++) {
        set_point(&curve, i, (double)results->pairings[i].batch_size,
                  &results->pairings[i].of[measure]);
    }
    nb_sketch_finish(&sketch, report->page, name, caption);
}

void nb_report_difference_plots(const struct nb_report *report) {
    nb_page_figures_begin(report->page);
    difference_plot(report, NB_LAST_LOSS, "Difference of the training loss of the last epoch",
                    "below",
                    (struct nb_axis){.label = "difference", .unit = "nats", .zero_line = true},
                    "difference-loss");
    difference_plot(report, NB_MEAN_LOSS, "Difference of the mean training loss over all epochs",
                    "below",
                    (struct nb_axis){.label = "difference", .unit = "nats", .zero_line = true},
                    "difference-mean-loss");
    difference_plot(report, NB_LAST_ACCURACY,
                    "Difference of the test accuracy after the last epoch", "above",
                    (struct nb_axis){
                        .label = "difference", .unit = "share of the test rows", .zero_line = true},
                    "difference-accuracy");
    nb_page_figures_end(report->page);
}

// Seconds to the accuracy of the targets with one normalization, for each ISA and threads.
static void time_plot(const struct nb_report *report, size_t n) {
    const struct nb_results *results = report->results;
    const struct nb_section *section = results->section;
    enum nb_norm norm = section->norms[n];
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION], title[128];
    snprintf(title, sizeof title, "Seconds to a test accuracy of %g, %s", results->targets.accuracy,
             nb_norm_title(norm));
    nb_report_name(name, report, "time-%s", nb_norm_name(norm));
    nb_report_caption(caption, report,
                      "%s: median epochs over the seeds times the median seconds of a training "
                      "epoch. No point: at most half of the runs came so far.",
                      title);
    struct nb_sketch sketch = {.plot = {.title = title,
                                        .subtitle = report->settings,
                                        .x = {.label = "batch size", .log = 2},
                                        .y = {.label = "time", .unit = "s", .log = 10}}};
    for (size_t p = 0; p < results->speeds.place_count; p++) {
        const struct nb_place *place = &results->speeds.places[p];
        struct nb_curve curve =
            nb_sketch_add(&sketch, NB_CURVE_LINE, 0, section->batch_count, "%s, %zu thread%s",
                          nb_isa_name(place->isa), place->threads, place->threads == 1 ? "" : "s");
        for (size_t i = 0; i < section->batch_count && !sketch.failed; i++) {
            const struct nb_estimate *epochs =
                &results->settings[i * section->norm_count + n].of[NB_TO_ACCURACY];
            const struct nb_speed *speed = nb_speeds_find(
                &results->speeds, norm, section->batch_sizes[i], place->isa, place->threads);
            curve.x[i] = (double)section->batch_sizes[i];
            if (speed != NULL && epochs->median <= (double)section->like->epochs)
                curve.y[i] = epochs->median * nb_median(&speed->seconds);
        }
    }
    nb_sketch_finish(&sketch, report->page, name, caption);
}

// How many times as fast one place is as another, for each normalization.
static void add_ratios(struct nb_sketch *sketch, const struct nb_report *report, enum nb_norm norm,
                       size_t look, struct nb_place slow, struct nb_place fast, const char *label) {
    const struct nb_results *results = report->results;
    const struct nb_section *section = results->section;
    struct nb_curve curve =
        nb_sketch_add(sketch, NB_CURVE_BARS, look, section->batch_count, "%s", label);
    for (size_t i = 0; i < section->batch_count && !sketch->failed; i++) {
        size_t batch_size = section->batch_sizes[i];
        struct nb_interval interval;
        struct nb_error error;
        curve.x[i] = (double)batch_size;
        sketch->failed |=
            nb_speed_ratio(
                nb_speeds_find(&results->speeds, norm, batch_size, slow.isa, slow.threads),
                nb_speeds_find(&results->speeds, norm, batch_size, fast.isa, fast.threads),
                &curve.y[i], &interval, &error) != NB_OK;
        curve.low[i] = interval.low;
        curve.high[i] = interval.high;
    }
}

enum ratio { BY_THREADS, OVER_SCALAR, OVER_LOWER };

static void ratio_plot(const struct nb_report *report, enum ratio kind, const char *title,
                       const char *file) {
    const struct nb_results *results = report->results;
    const struct nb_speeds *speeds = &results->speeds;
    const struct nb_section *section = results->section;
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "%s", file);
    nb_report_caption(
        caption, report,
        "%s, against the batch size. Point: ratio of the median seconds of a training "
        "epoch; bar: its 95 %% bootstrap interval.",
        title);
    struct nb_sketch sketch = {.plot = {.title = title,
                                        .subtitle = report->settings,
                                        .x = {.label = "batch size", .log = 2},
                                        .y = {.label = "times as fast", .from_zero = true}}};
    for (size_t p = 0; p < speeds->place_count; p++) {
        struct nb_place fast = speeds->places[p], slow = fast;
        slow.threads = kind == BY_THREADS ? 1 : fast.threads;
        slow.isa = kind == OVER_SCALAR  ? NB_ISA_SCALAR
                   : kind == OVER_LOWER ? nb_speeds_lower(speeds, fast.isa, fast.threads)
                                        : fast.isa;
        if (slow.isa == NB_ISA_COUNT || (slow.isa == fast.isa && slow.threads == fast.threads))
            continue;
        // More curves than that cannot be told apart; the table has the others.
        bool best = fast.isa == speeds->places[speeds->place_count - 1].isa;
        if (kind == OVER_SCALAR ? fast.threads != speeds->places[0].threads : !best)
            continue;
        for (size_t n = 0; n < (kind == OVER_SCALAR ? 1 : section->norm_count); n++) {
            char label[96];
            snprintf(label, sizeof label, "%s, %s, %zu thread%s", nb_norm_title(section->norms[n]),
                     nb_isa_name(fast.isa), fast.threads, fast.threads == 1 ? "" : "s");
            add_ratios(&sketch, report, section->norms[n], 0, slow, fast, label);
        }
    }
    nb_sketch_finish(&sketch, report->page, name, caption);
}

void nb_report_speed_plots(const struct nb_report *report) {
    const struct nb_speeds *speeds = &report->results->speeds;
    if (speeds->count == 0)
        return;
    const struct nb_place *best = &speeds->places[speeds->place_count - 1];
    enum nb_isa lower = nb_speeds_lower(speeds, best->isa, best->threads);
    char title[128];
    nb_page_figures_begin(report->page);
    if (lower != NB_ISA_COUNT) {
        snprintf(title, sizeof title, "How many times as fast %s is as %s", nb_isa_name(best->isa),
                 nb_isa_name(lower));
        ratio_plot(report, OVER_LOWER, title, "isa-gain");
    }
    snprintf(title, sizeof title, "Speed-up by ISA: times as fast as scalar, %s",
             nb_norm_title(report->results->section->norms[0]));
    ratio_plot(report, OVER_SCALAR, title, "isa-speedup");
    ratio_plot(report, BY_THREADS, "Speed-up by threads: times as fast as one thread",
               "thread-speedup");
    for (size_t n = 0; n < report->results->section->norm_count; n++)
        time_plot(report, n);
    nb_page_figures_end(report->page);
}
