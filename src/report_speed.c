// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>

#include "src/report.h"

// The speed of the section's batch size b and normalization n, or NULL.
static const struct nb_speed *find(const struct nb_report *report, size_t b, size_t n,
                                   enum nb_isa isa, size_t threads) {
    const struct nb_section *section = report->results->section;
    return nb_speeds_find(&report->results->speeds, section->norms[n], section->batch_sizes[b], isa,
                          threads);
}

static double ratio_of(const struct nb_speed *slow, const struct nb_speed *fast) {
    return slow == NULL || fast == NULL ? NAN
                                        : nb_median(&slow->seconds) / nb_median(&fast->seconds);
}

// The setting of a speed, or NULL where there are only times.
static const struct nb_setting *setting_of(const struct nb_results *results,
                                           const struct nb_speed *speed) {
    const struct nb_section *section = results->section;
    for (size_t i = 0; i < section->batch_count * section->norm_count; i++)
        if (results->settings[i].norm == speed->norm &&
            results->settings[i].batch_size == speed->batch_size)
            return &results->settings[i];
    return NULL;
}

// A ratio of speeds with its interval as three cells.
static void fill_ratio(struct nb_cell cells[3], const struct nb_report *report,
                       const struct nb_speed *slow, const struct nb_speed *fast) {
    double ratio;
    struct nb_interval interval;
    slow = slow == fast ? NULL : slow; // nothing is compared with itself
    enum nb_code code = nb_speed_ratio(slow, fast, &ratio, &interval, report->page->error);
    if (code != NB_OK && report->page->code == NB_OK)
        report->page->code = code;
    cells[0] = nb_report_number(ratio);
    cells[1] = nb_report_number(interval.low);
    cells[2] = nb_report_number(interval.high);
}

void nb_report_gain_table(const struct nb_report *report) {
    static const struct nb_column columns[] = {
        {.name = "batch_size", .title = "batch size", .align = NB_RIGHT},
        {.name = "norm"},
        {.name = "threads", .align = NB_RIGHT},
        {.name = "isa", .title = "ISA"},
        {.name = "lower_isa", .title = "against"},
        {.name = "ratio", .title = "times as fast", .align = NB_RIGHT, .digits = 2},
        {.name = "ratio_from", .title = "from", .align = NB_RIGHT, .digits = 2},
        {.name = "ratio_to", .title = "to", .align = NB_RIGHT, .digits = 2},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    const struct nb_speeds *speeds = &report->results->speeds;
    const struct nb_section *section = report->results->section;
    const struct nb_place *last = &speeds->places[speeds->place_count - 1];
    if (nb_speeds_lower(speeds, last->isa, last->threads) == NB_ISA_COUNT)
        return;
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "isa-gain-table");
    nb_report_caption(
        caption, report,
        "What the best ISA buys over the one below it: ratio of the median seconds of "
        "a training epoch, and its 95 %% bootstrap interval.");
    nb_page_table_begin(report->page, name, caption, columns, COLUMNS);
    enum nb_isa best = last->isa;
    for (size_t b = 0; b < section->batch_count; b++)
        for (size_t n = 0; n < section->norm_count; n++)
            for (size_t p = 0; p < speeds->place_count; p++) {
                const struct nb_place *place = &speeds->places[p];
                enum nb_isa lower = nb_speeds_lower(speeds, place->isa, place->threads);
                if (place->isa != best || lower == NB_ISA_COUNT)
                    continue;
                const struct nb_speed *fast = find(report, b, n, best, place->threads),
                                      *slow = find(report, b, n, lower, place->threads);
                if (slow == NULL || fast == NULL)
                    continue;
                struct nb_cell cells[COLUMNS] = {
                    nb_cell_count(section->batch_sizes[b]),
                    nb_cell_text(nb_norm_name(section->norms[n])),
                    nb_cell_count(place->threads),
                    nb_cell_text(nb_isa_name(best)),
                    nb_cell_text(nb_isa_name(lower)),
                };
                fill_ratio(cells + 5, report, slow, fast);
                nb_page_table_row(report->page, cells);
            }
    nb_page_table_end(report->page);
}

void nb_report_speed_table(const struct nb_report *report) {
    static const struct nb_column columns[] = {
        {.name = "norm"},
        {.name = "batch_size", .title = "batch size", .align = NB_RIGHT},
        {.name = "isa", .title = "ISA"},
        {.name = "threads", .align = NB_RIGHT},
        {.name = "epochs", .title = "epochs timed", .align = NB_RIGHT},
        {.name = "seconds", .title = "s per epoch", .align = NB_RIGHT, .digits = 3},
        {.name = "seconds_least", .title = "least", .align = NB_RIGHT, .digits = 3},
        {.name = "seconds_most", .title = "most", .align = NB_RIGHT, .digits = 3},
        {.name = "samples_per_second", .title = "samples/s", .align = NB_RIGHT, .digits = 0},
        {.name = "over_scalar", .title = "x scalar", .align = NB_RIGHT, .digits = 2},
        {.name = "over_scalar_from", .title = "from", .align = NB_RIGHT, .digits = 2},
        {.name = "over_scalar_to", .title = "to", .align = NB_RIGHT, .digits = 2},
        {.name = "over_one_thread", .title = "x 1 thread", .align = NB_RIGHT, .digits = 2},
        {.name = "over_one_thread_from", .title = "from", .align = NB_RIGHT, .digits = 2},
        {.name = "over_one_thread_to", .title = "to", .align = NB_RIGHT, .digits = 2},
        {.name = "seconds_to_loss", .title = "s to loss", .align = NB_RIGHT, .digits = 2},
        {.name = "seconds_to_accuracy", .title = "s to accuracy", .align = NB_RIGHT, .digits = 2},
    };
    enum { COLUMNS = sizeof columns / sizeof *columns };
    const struct nb_results *results = report->results;
    const struct nb_speeds *speeds = &results->speeds;
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "speed");
    nb_report_caption(
        caption, report,
        "Seconds of a training epoch where nothing else ran: median, least and most; "
        "how many times as fast as scalar with the same threads and as one thread on "
        "the same ISA, with 95 %% bootstrap intervals; and seconds to a training loss "
        "of %g and a test accuracy of %g, median epochs times median seconds.",
        results->targets.loss, results->targets.accuracy);
    nb_page_table_begin(report->page, name, caption, columns, COLUMNS);
    for (size_t i = 0; i < speeds->count; i++) {
        const struct nb_speed *speed = &speeds->speeds[i];
        const struct nb_setting *setting = setting_of(results, speed);
        double seconds = nb_median(&speed->seconds);
        struct nb_cell cells[COLUMNS] = {
            nb_cell_text(nb_norm_name(speed->norm)),
            nb_cell_count(speed->batch_size),
            nb_cell_text(nb_isa_name(speed->isa)),
            nb_cell_count(speed->threads),
            nb_cell_count(speed->seconds.n),
            nb_report_number(seconds),
            nb_report_number(speed->seconds.x[0]),
            nb_report_number(speed->seconds.x[speed->seconds.n - 1]),
            nb_report_number((double)results->section->like->rows / seconds),
        };
        fill_ratio(
            cells + 9, report,
            nb_speeds_find(speeds, speed->norm, speed->batch_size, NB_ISA_SCALAR, speed->threads),
            speed);
        fill_ratio(cells + 12, report,
                   nb_speeds_find(speeds, speed->norm, speed->batch_size, speed->isa, 1), speed);
        cells[15] = cells[16] = nb_cell_empty();
        if (setting != NULL && !isnan(setting->lr)) {
            cells[15] = nb_report_within(report, setting->of[NB_TO_LOSS].median, seconds);
            cells[16] = nb_report_within(report, setting->of[NB_TO_ACCURACY].median, seconds);
        }
        nb_page_table_row(report->page, cells);
    }
    nb_page_table_end(report->page);
}

void nb_report_short_gain_table(const struct nb_report *report) {
    enum { MOST_THREADS = 4, EACH = 3 };
    const struct nb_speeds *speeds = &report->results->speeds;
    const struct nb_section *section = report->results->section;
    const struct nb_place *best = &speeds->places[speeds->place_count - 1];
    struct nb_column columns[1 + MOST_THREADS * EACH] = {
        {.name = "batch_size", .title = "batch size", .align = NB_RIGHT}};
    char fields[MOST_THREADS][EACH][48], titles[MOST_THREADS][48];
    size_t threads[MOST_THREADS], count = 0;
    for (size_t p = 0; p < speeds->place_count && count < MOST_THREADS; p++) {
        const struct nb_place *place = &speeds->places[p];
        if (place->isa != best->isa ||
            nb_speeds_lower(speeds, place->isa, place->threads) == NB_ISA_COUNT)
            continue;
        static const char *const names[EACH] = {"", "_least", "_most"};
        snprintf(titles[count], sizeof titles[count], "%zu thread%s", place->threads,
                 place->threads == 1 ? "" : "s");
        for (int k = 0; k < EACH; k++) {
            snprintf(fields[count][k], sizeof fields[count][k], "threads_%zu%s", place->threads,
                     names[k]);
            columns[1 + count * EACH + k] =
                (struct nb_column){.name = fields[count][k],
                                   .title = k == 0 ? titles[count] : names[k] + 1,
                                   .align = NB_RIGHT,
                                   .digits = 2};
        }
        threads[count++] = place->threads;
    }
    if (count == 0)
        return;
    enum nb_isa lower = nb_speeds_lower(speeds, best->isa, threads[0]);
    char name[NB_REPORT_NAME], caption[NB_REPORT_CAPTION];
    nb_report_name(name, report, "isa-gain-short");
    nb_report_caption(caption, report,
                      "How many times as fast %s is as %s, by batch size and number of threads: "
                      "geometric mean, least and most over the normalizations. The table under "
                      "Speed has each with its interval.",
                      nb_isa_name(best->isa), nb_isa_name(lower));
    nb_page_table_begin(report->page, name, caption, columns, 1 + count * EACH);
    for (size_t b = 0; b < section->batch_count; b++) {
        struct nb_cell cells[1 + MOST_THREADS * EACH] = {nb_cell_count(section->batch_sizes[b])};
        bool measured = false;
        for (size_t t = 0; t < count; t++) {
            double logs = 0, least = INFINITY, most = 0;
            size_t ratios = 0;
            for (size_t n = 0; n < section->norm_count; n++) {
                double ratio = ratio_of(find(report, b, n, lower, threads[t]),
                                        find(report, b, n, best->isa, threads[t]));
                if (isnan(ratio))
                    continue;
                logs += log(ratio);
                least = fmin(least, ratio);
                most = fmax(most, ratio);
                ratios++;
            }
            measured |= ratios > 0;
            struct nb_cell *of = cells + 1 + t * EACH;
            of[0] = nb_report_number(ratios > 0 ? exp(logs / (double)ratios) : NAN);
            of[1] = nb_report_number(ratios > 0 ? least : NAN);
            of[2] = nb_report_number(ratios > 0 ? most : NAN);
        }
        if (measured)
            nb_page_table_row(report->page, cells);
    }
    nb_page_table_end(report->page);
}
