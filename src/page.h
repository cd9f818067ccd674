// SPDX-License-Identifier: MIT
// A report written once and shown twice: index.html, one file that needs no other, and report.md.
// The tables are also files of CSV, the plots files of their own. Text is data: all of it is
// escaped.
//
// The first failure stays in the page: what is called after it does nothing, and nb_page_close
// tells.
#ifndef NB_SRC_PAGE_H
#define NB_SRC_PAGE_H

#include <stdbool.h>

#include "src/file.h"
#include "src/plot.h"
#include "src/table.h"

#define NB_PAGE_TEXT 4096

struct nb_page {
    const char *folder;
    struct nb_file html, markdown, csv; // csv: of the table under way
    struct nb_table tables[3];          // that table in the three files
    char *made;                         // paths of the files that are there, one a line
    size_t made_size;
    FILE *paths;                 // writes `made`
    struct nb_error no_pictures; // why, with a code, when plots could not be drawn
    enum nb_code code;
    struct nb_error *error;
};

// Makes the folder and begins both files. nb_page_close must follow, also after a failure.
void nb_page_open(struct nb_page *page, const char *folder, const char *title,
                  struct nb_error *error);

// Level 2 or 3. `id` is where links lead, made of letters, digits and hyphens; NULL: nowhere.
void nb_page_heading(struct nb_page *page, int level, const char *id, const char *text);
__attribute__((format(printf, 2, 3))) void nb_page_text(struct nb_page *page, const char *format,
                                                        ...);
// The contents: a link to each heading, ids and titles (count).
void nb_page_contents(struct nb_page *page, const char *const *ids, const char *const *titles,
                      size_t count);

// A table and folder/NAME.csv: begin, rows, end. columns (count) must outlive it.
void nb_page_table_begin(struct nb_page *page, const char *name, const char *caption,
                         const struct nb_column *columns, size_t count);
void nb_page_table_row(struct nb_page *page, const struct nb_cell *cells);
void nb_page_table_end(struct nb_page *page);

// A plot with its files and a caption. Without gnuplot the page says once that there are no
// pictures, and links the data all the same.
void nb_page_plot(struct nb_page *page, const struct nb_plot *plot, const char *name,
                  const char *caption);
// Plots between these two stand side by side where there is room.
void nb_page_figures_begin(struct nb_page *page);
void nb_page_figures_end(struct nb_page *page);

// Notes that memory was short for something that belongs on the page.
void nb_page_no_memory(struct nb_page *page);

// Ends both files and gives them their names, or removes them after a failure, and prints the paths
// of all files to `stream`. Returns the page's code.
enum nb_code nb_page_close(struct nb_page *page, FILE *stream);

#endif
