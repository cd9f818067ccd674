// SPDX-License-Identifier: MIT
// A table written row by row: aligned text for people, GitHub Markdown, HTML, or CSV for programs.
// The same cells go to each.
#ifndef NB_SRC_TABLE_H
#define NB_SRC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum nb_table_format {
    NB_TABLE_TEXT,     // rules and a bold header on a terminal, plain ASCII elsewhere
    NB_TABLE_MARKDOWN, // GitHub's
    NB_TABLE_HTML,     // <thead> and <tbody>, for a <table> with its caption around them
    NB_TABLE_CSV, // RFC 4180 with "\n", the names as header; numbers read back to the same bits
};

enum nb_align { NB_LEFT, NB_RIGHT };

struct nb_column {
    const char *name;  // CSV header, spelled as in the run record: "train_loss"
    const char *title; // for people: "train loss"; NULL: the name
    const char *unit;  // for people, in parentheses after the title: "s"; NULL: none
    enum nb_align align;
    int digits; // of numbers after the decimal point, for people
    int width;  // least width as text; 0: that of the title. A wider cell shifts its row
};

enum nb_cell_kind { NB_CELL_EMPTY, NB_CELL_TEXT, NB_CELL_COUNT, NB_CELL_NUMBER };

// One value; a text is borrowed until nb_table_row returns. Empty is "-" for people and nothing in
// CSV. A number that is not finite is "nan" or "inf" for people and nothing in CSV.
struct nb_cell {
    enum nb_cell_kind kind;
    union {
        const char *text;
        uint64_t count;
        double number;
    };
};

static inline struct nb_cell nb_cell_empty(void) { return (struct nb_cell){.kind = NB_CELL_EMPTY}; }

static inline struct nb_cell nb_cell_text(const char *text) {
    return (struct nb_cell){.kind = text ? NB_CELL_TEXT : NB_CELL_EMPTY, .text = text};
}

static inline struct nb_cell nb_cell_count(uint64_t count) {
    return (struct nb_cell){.kind = NB_CELL_COUNT, .count = count};
}

static inline struct nb_cell nb_cell_number(double number) {
    return (struct nb_cell){.kind = NB_CELL_NUMBER, .number = number};
}

// A table under way. The fields are the module's own; it holds no memory.
struct nb_table {
    FILE *stream;
    enum nb_table_format format;
    const struct nb_column *columns;
    size_t count;
    bool colour, utf8;
};

// Writes the header. columns (count) and stream must outlive the table. To see whether writing
// succeeded, ask ferror(stream) or close it; nothing here does.
void nb_table_begin(struct nb_table *table, FILE *stream, enum nb_table_format format,
                    const struct nb_column *columns, size_t count);

// Writes one row, cells (count), and flushes a text table so that the row is seen at once.
void nb_table_row(struct nb_table *table, const struct nb_cell *cells);

// Writes what closes the table. Nothing needs releasing.
void nb_table_end(struct nb_table *table);

// For tables whose rows are all there: widens columns (count) so that every cell of cells (rows,
// count) fits.
void nb_table_fit(struct nb_column *columns, size_t count, const struct nb_cell *cells,
                  size_t rows);

#endif
