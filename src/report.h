// SPDX-License-Identifier: MIT
// The report of a study: what its tables, plots and claims say, section by section.
#ifndef NB_SRC_REPORT_H
#define NB_SRC_REPORT_H

#include "src/page.h"
#include "src/results.h"

// Writes the report of the study into `folder` by way of `page`, which the caller closes. The same
// study and targets give the same bytes, whatever the time, the place and the language. A failure
// stays in the page.
void nb_report_write(struct nb_page *page, const struct nb_study *study, const char *folder,
                     const struct nb_targets *targets, struct nb_error *error);

// One section under way.
struct nb_report {
    struct nb_page *page;
    const struct nb_results *results;
    const char *settings; // what every caption says
    const char *prefix;   // of the names of files: "", "2-"
};

#define NB_REPORT_NAME 48
enum { NB_REPORT_CAPTION = 2 * NB_SECTION_TEXT };

// "2-loss-b128": a file's name without its extension.
__attribute__((format(printf, 3, 4))) void
nb_report_name(char name[NB_REPORT_NAME], const struct nb_report *report, const char *format, ...);
// What is shown, then the settings.
__attribute__((format(printf, 3, 4))) void nb_report_caption(char caption[NB_REPORT_CAPTION],
                                                             const struct nb_report *report,
                                                             const char *format, ...);

// A number, empty for NaN.
struct nb_cell nb_report_number(double value);
// epochs * scale, empty where the epochs are beyond the last one: a target was not reached.
struct nb_cell nb_report_within(const struct nb_report *report, double epochs, double scale);

// src/report_tables.c
void nb_report_summary_table(const struct nb_report *report);
void nb_report_result_tables(const struct nb_report *report);
void nb_report_difference_table(const struct nb_report *report);
void nb_report_target_tables(const struct nb_report *report);

// src/report_speed.c
void nb_report_speed_table(const struct nb_report *report);
void nb_report_gain_table(const struct nb_report *report);
void nb_report_short_gain_table(const struct nb_report *report);

// src/report_plots.c
void nb_report_curve_plots(const struct nb_report *report);
void nb_report_result_plots(const struct nb_report *report);
void nb_report_difference_plots(const struct nb_report *report);
void nb_report_speed_plots(const struct nb_report *report);

#endif
