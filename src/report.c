// SPDX-License-Identifier: MIT
#include "src/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/claims.h"

void nb_report_name(char name[NB_REPORT_NAME], const struct nb_report *report, const char *format,
                    ...) {
    int used = snprintf(name, NB_REPORT_NAME, "%s", report->prefix);
    va_list args;
    va_start(args, format);
    vsnprintf(name + used, NB_REPORT_NAME - (size_t)used, format, args);
    va_end(args);
}

void nb_report_caption(char caption[NB_REPORT_CAPTION], const struct nb_report *report,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    int used = vsnprintf(caption, NB_REPORT_CAPTION, format, args);
    va_end(args);
    if (used >= 0 && used < NB_REPORT_CAPTION)
        snprintf(caption + used, NB_REPORT_CAPTION - (size_t)used, " Settings: %s.",
                 report->settings);
}

struct nb_cell nb_report_number(double value) {
    return isnan(value) ? nb_cell_empty() : nb_cell_number(value);
}

struct nb_cell nb_report_within(const struct nb_report *report, double epochs, double scale) {
    return nb_report_number(
        epochs <= (double)report->results->section->like->epochs ? epochs * scale : NAN);
}

// Who is ahead where, in one paragraph.
static void write_verdicts(const struct nb_report *report, enum nb_measure measure,
                           const char *what) {
    static const struct {
        enum nb_ahead ahead;
        const char *text;
    } parts[] = {{NB_AHEAD_BATCH, ". BatchNorm is better at batch sizes: "},
                 {NB_AHEAD_LAYER, ". LayerNorm is better at: "},
                 {NB_AHEAD_NEITHER, ". The seeds do not tell at: "},
                 {NB_AHEAD_UNKNOWN, ". Too few seeds at: "}};
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream != NULL)
        fputs(what, stream);
    for (size_t i = 0; stream != NULL && i < sizeof parts / sizeof *parts; i++) {
        size_t batch_sizes = 0;
        for (size_t k = 0; k < report->results->pairing_count; k++)
            batch_sizes +=
                nb_pairing_ahead(&report->results->pairings[k], measure) == parts[i].ahead;
        if (batch_sizes == 0 && parts[i].ahead == NB_AHEAD_UNKNOWN)
            continue;
        fputs(parts[i].text, stream);
        nb_pairings_list(stream, report->results, measure, parts[i].ahead, 0);
    }
    if (nb_text_close(stream, &text))
        nb_page_text(report->page, "%s.", text);
    else
        nb_page_no_memory(report->page);
    free(text);
}

// The range over batch sizes and normalizations of what the best ISA buys over the one below.
static void write_gain(const struct nb_report *report) {
    const struct nb_speeds *speeds = &report->results->speeds;
    for (size_t p = 0; p < speeds->place_count; p++) {
        const struct nb_place *place = &speeds->places[p];
        enum nb_isa lower = nb_speeds_lower(speeds, place->isa, place->threads);
        if (place->isa != speeds->places[speeds->place_count - 1].isa || lower == NB_ISA_COUNT)
            continue;
        double least = INFINITY, most = 0;
        for (size_t i = 0; i < speeds->count; i++) {
            const struct nb_speed *fast = &speeds->speeds[i];
            const struct nb_speed *slow =
                nb_speeds_find(speeds, fast->norm, fast->batch_size, lower, place->threads);
            if (fast->isa != place->isa || fast->threads != place->threads || slow == NULL)
                continue;
            double ratio = nb_median(&slow->seconds) / nb_median(&fast->seconds);
            least = fmin(least, ratio);
            most = fmax(most, ratio);
        }
        if (most > 0)
            nb_page_text(
                report->page,
                "Speed with %zu thread%s: %s is %.2f to %.2f times as fast as %s, "
                "depending on batch size and normalization. The table under Speed has each.",
                place->threads, place->threads == 1 ? "" : "s", nb_isa_name(place->isa), least,
                most, nb_isa_name(lower));
    }
}

static void write_short(const struct nb_report *report) {
    nb_page_heading(report->page, 3, NULL, "In short");
    if (report->results->pairing_count > 0) {
        write_verdicts(report, NB_LAST_LOSS, "Training loss of the last epoch");
        write_verdicts(report, NB_MEAN_LOSS,
                       "Mean training loss over all epochs, which is low when it falls early");
        write_verdicts(report, NB_LAST_ACCURACY, "Test accuracy after the last epoch");
        nb_page_text(report->page,
                     "How sure that is: the interval of the median difference lies on one side of "
                     "zero, which takes %d pairs of seeds or more. If the two were equal, five "
                     "seeds would agree by chance in 6 of 100 cases, and each batch size is one "
                     "case.",
                     NB_LEAST_PAIRS);
    } else if (report->results->section->count > 0) {
        nb_page_text(report->page, "BatchNorm and LayerNorm are not both among the records, so "
                                   "nothing is compared.");
    } else {
        nb_page_text(report->page, "These records hold times only.");
    }
    if (report->results->pairing_count > 0)
        nb_report_summary_table(report);
    write_gain(report);
    if (report->results->speeds.count > 0)
        nb_report_short_gain_table(report);
}

static void write_results(const struct nb_report *report) {
    nb_page_heading(report->page, 3, NULL, "Results by batch size");
    nb_report_result_plots(report);
    nb_report_result_tables(report);
    if (report->results->pairing_count > 0) {
        nb_page_heading(report->page, 3, NULL, "BatchNorm minus LayerNorm");
        nb_report_difference_plots(report);
        nb_report_difference_table(report);
    }
    nb_page_heading(report->page, 3, NULL,
                    report->results->section->like->paper
                        ? "Curves, in the form of the paper's figure 6"
                        : "Loss curves");
    if (report->results->section->like->paper)
        nb_page_text(
            report->page,
            "Ba, Kiros and Hinton (2016), figure 6, show the negative log likelihood of "
            "the training rows and the test error by epoch. They do not state the learning "
            "rate, the initial weights and the seeds; here they are as in the settings, "
            "and weights begin as in PyTorch's Linear.");
    nb_report_curve_plots(report);
    nb_page_heading(report->page, 3, NULL, "Epochs to a target");
    nb_report_target_tables(report);
}

static void write_section(const struct nb_report *report, const char *id, const char *title) {
    const struct nb_section *section = report->results->section;
    nb_page_heading(report->page, 2, id, title);
    nb_page_text(report->page, "Settings: %s.", report->settings);
    write_short(report);
    if (section->count > 0)
        write_results(report);
    nb_page_heading(report->page, 3, NULL, "Speed");
    if (report->results->speeds.count == 0) {
        nb_page_text(report->page, "No cell of these settings ran alone, so nothing is said of its "
                                   "speed.");
        return;
    }
    nb_report_speed_plots(report);
    nb_report_gain_table(report);
    nb_report_speed_table(report);
}

static void write_claims(struct nb_page *page, const struct nb_results *results,
                         const char *const *titles, size_t count) {
    static const struct nb_column columns[] = {
        {.name = "claim"},
        {.name = "section"},
        {.name = "verdict"},
        {.name = "evidence"},
    };
    nb_page_heading(page, 2, "claims", "Claims");
    nb_page_text(page,
                 "Each verdict follows from the records by a rule that was written down before "
                 "there were any. The rules are below the table.");
    nb_page_table_begin(page, "claims", "Claims, verdicts and what these rest on.", columns, 4);
    struct nb_claim claim;
    for (size_t c = 0; c < NB_CLAIMS; c++) {
        nb_claim_read(&claim, c);
        bool judged = false;
        for (size_t i = 0; i < count && page->code == NB_OK; i++) {
            if (!nb_claim_applies(c, &results[i]))
                continue;
            enum nb_verdict verdict;
            char evidence[NB_CLAIM_TEXT];
            page->code = nb_claim_judge(c, &results[i], &verdict, evidence, page->error);
            const struct nb_cell cells[] = {nb_cell_text(claim.claim), nb_cell_text(titles[i]),
                                            nb_cell_text(nb_verdict_names[verdict]),
                                            nb_cell_text(evidence)};
            nb_page_table_row(page, cells);
            judged = true;
        }
        const struct nb_cell cells[] = {
            nb_cell_text(claim.claim), nb_cell_empty(),
            nb_cell_text(nb_verdict_names[NB_UNDECIDED]),
            nb_cell_text("There are no records of such settings with both normalizations.")};
        if (!judged)
            nb_page_table_row(page, cells);
    }
    nb_page_table_end(page);
    for (size_t c = 0; c < NB_CLAIMS; c++) {
        nb_claim_read(&claim, c);
        nb_page_heading(page, 3, NULL, claim.claim);
        nb_page_text(page, "Rule: %s", claim.rule);
    }
}

static void write_reading(struct nb_page *page) {
    nb_page_heading(page, 2, "reading", "How to read this");
    nb_page_text(page,
                 "Intervals are 95 %% percentile bootstrap intervals with 2000 resamples and a "
                 "fixed seed, so the same records give the same digits. With fewer than five "
                 "seeds they are too narrow. A difference is of two runs with the same seed: the "
                 "same order of the rows, and initial weights from the same generator.");
    nb_page_text(page,
                 "Runs that diverged, and settings that cannot exist, are counted and have no "
                 "losses. Results do not depend on the ISA and the threads: normbench gives "
                 "the same bits on all of them. Seconds do, and they are quoted only from cells "
                 "that ran alone on the machine.");
}

static void write_records(struct nb_page *page, const struct nb_study *study) {
    size_t outcomes[NB_OUTCOMES] = {0}, timing = 0, compared;
    for (size_t i = 0; i < study->count; i++) {
        outcomes[study->runs[i].outcome]++;
        timing += study->runs[i].timing;
    }
    nb_page_text(page,
                 "%zu records: %zu runs for their results and %zu for their times. %zu ended well, "
                 "%zu diverged, %zu cannot exist.",
                 study->count, study->count - timing, timing, outcomes[NB_OUTCOME_OK],
                 outcomes[NB_OUTCOME_DIVERGED], outcomes[NB_OUTCOME_IMPOSSIBLE]);
    size_t differing = nb_study_differing(study, &compared);
    if (differing > 0)
        nb_page_text(page,
                     "WARNING: %zu of %zu pairs of runs of the same computation have different "
                     "digests. This is a fault of the program or the machine that measured: do not "
                     "trust these results.",
                     differing, compared);
    else if (compared > 0)
        nb_page_text(
            page,
            "%zu pairs of runs of the same computation, on different ISAs or threads, have "
            "the same digests after each epoch that both have.",
            compared);
    for (size_t i = 0; i < study->count; i++) {
        bool seen = study->runs[i].program == NULL;
        for (size_t k = 0; k < i && !seen; k++)
            seen = study->runs[k].program != NULL &&
                   strcmp(study->runs[k].program, study->runs[i].program) == 0;
        if (!seen)
            nb_page_text(page, "Measured by normbench, commit %.64s.", study->runs[i].program);
    }
}

// A section's title, with a number where there are several. NULL when memory is short.
static char *title_of(const struct nb_section *section, size_t i, size_t count) {
    char text[NB_SECTION_TEXT], *title;
    nb_section_title(section, text);
    int length = count == 1 ? asprintf(&title, "Study on %s", text)
                            : asprintf(&title, "Part %zu: %s", i + 1, text);
    return length < 0 ? NULL : title;
}

static void write_all(struct nb_page *page, const struct nb_study *study,
                      const struct nb_results *results, char *const *titles, size_t count) {
    char(*ids)[32] = calloc(count + 2, sizeof *ids);
    const char **links = calloc(2 * (count + 2), sizeof *links);
    if (ids == NULL || links == NULL) {
        nb_page_no_memory(page);
    } else {
        const char **names = links + count + 2;
        for (size_t i = 0; i < count; i++) {
            snprintf(ids[i], sizeof *ids, "part-%zu", i + 1);
            links[i] = ids[i];
            names[i] = titles[i];
        }
        links[count] = "claims", names[count] = "Claims";
        links[count + 1] = "reading", names[count + 1] = "How to read this";
        write_records(page, study);
        if (count > 1)
            nb_page_text(
                page,
                "The records are of %zu kinds of settings, data or machines, which are not "
                "mixed: each has its part.",
                count);
        nb_page_contents(page, links, names, count + 2);
        for (size_t i = 0; i < count && page->code == NB_OK; i++) {
            char settings[NB_SECTION_TEXT], prefix[24] = "";
            if (!nb_section_describe(results[i].section, settings))
                nb_page_no_memory(page);
            if (i > 0)
                snprintf(prefix, sizeof prefix, "%zu-", i + 1);
            const struct nb_report report = {page, &results[i], settings, prefix};
            write_section(&report, ids[i], titles[i]);
        }
        write_claims(page, results, names, count);
        write_reading(page);
    }
    free(ids);
    free(links);
}

void nb_report_write(struct nb_page *page, const struct nb_study *study, const char *folder,
                     const struct nb_targets *targets, struct nb_error *error) {
    nb_page_open(page, folder, "BatchNorm against LayerNorm: a normbench study", error);
    struct nb_sections sections = {0};
    if (page->code == NB_OK)
        page->code = nb_sections_make(&sections, study, error);
    struct nb_results *results = calloc(sections.count + 1, sizeof *results);
    char **titles = calloc(sections.count + 1, sizeof *titles);
    size_t made = 0;
    const bool room = results != NULL && titles != NULL;
    if (!room)
        nb_page_no_memory(page);
    for (size_t i = 0; room && i < sections.count && page->code == NB_OK; i++) {
        titles[i] = title_of(&sections.sections[i], i, sections.count);
        page->code = titles[i] == NULL
                         ? nb_error_set(error, NB_FAILED, "not enough memory; free some")
                         : nb_results_make(&results[i], &sections.sections[i], targets, error);
        made += page->code == NB_OK;
    }
    if (room && page->code == NB_OK)
        write_all(page, study, results, titles, sections.count);
    for (size_t i = 0; i < sections.count && titles != NULL; i++)
        free(titles[i]);
    for (size_t i = 0; i < made; i++)
        nb_results_free(&results[i]);
    free(titles);
    free(results);
    nb_sections_free(&sections);
}
