// SPDX-License-Identifier: MIT
#include "src/table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "src/html.h"
#include "src/number.h"
#include "src/terminal.h"

// Text of a cell or a header, cut to fit; 512 bytes are wider than any column.
#define CELL_TEXT 512

static const char *title_of(const struct nb_column *column) {
    return column->title ? column->title : column->name;
}

static void header_text(char text[CELL_TEXT], const struct nb_column *column) {
    if (column->unit)
        snprintf(text, CELL_TEXT, "%s (%s)", title_of(column), column->unit);
    else
        snprintf(text, CELL_TEXT, "%s", title_of(column));
}

// For people: a control character in a text would break the row.
static void cell_text(char text[CELL_TEXT], const struct nb_column *column,
                      const struct nb_cell *cell) {
    switch (cell->kind) {
    case NB_CELL_EMPTY:
        strcpy(text, "-");
        break;
    case NB_CELL_TEXT:
        snprintf(text, CELL_TEXT, "%s", cell->text);
        for (char *c = text; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                *c = ' ';
        break;
    case NB_CELL_COUNT:
        snprintf(text, CELL_TEXT, "%" PRIu64, cell->count);
        break;
    case NB_CELL_NUMBER:
        nb_number_fixed(text, cell->number, column->digits);
        break;
    }
}

static size_t width_of(const struct nb_column *column) {
    char header[CELL_TEXT];
    header_text(header, column);
    size_t title = nb_terminal_columns(header), least = column->width > 0 ? column->width : 0;
    return title > least ? title : least;
}

static void repeat(FILE *stream, const char *text, size_t times) {
    while (times--)
        fputs(text, stream);
}

static void text_rule(const struct nb_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        if (i > 0)
            fputs("  ", table->stream);
        repeat(table->stream, table->utf8 ? "─" : "-", width_of(&table->columns[i]));
    }
    fputc('\n', table->stream);
}

// Pads on the side that the alignment asks for; nothing after the last column.
static void text_cell(const struct nb_table *table, size_t i, const char *text) {
    size_t width = width_of(&table->columns[i]), have = nb_terminal_columns(text);
    size_t pad = width > have ? width - have : 0;
    bool right = table->columns[i].align == NB_RIGHT, last = i + 1 == table->count;
    fprintf(table->stream, "%*s%s%*s", right ? (int)pad : 0, "", text, right || last ? 0 : (int)pad,
            "");
    fputs(last ? "\n" : "  ", table->stream);
}

static void markdown_cell(const struct nb_table *table, size_t i, const char *text) {
    fputs(i == 0 ? "| " : " ", table->stream);
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]&~#", *text))
            fputc('\\', table->stream);
        fputc(*text, table->stream);
    }
    fputs(i + 1 == table->count ? " |\n" : " |", table->stream);
}

// A reader that speaks names the first cell of the row with each of the others.
static void html_cell(const struct nb_table *table, size_t i, const char *text, bool header) {
    const char *class = table->columns[i].align == NB_RIGHT ? " class=\"number\"" : "";
    if (i == 0)
        fputs("<tr>", table->stream);
    if (header || i == 0)
        fprintf(table->stream, "<th scope=\"%s\"%s>", header ? "col" : "row", class);
    else
        fprintf(table->stream, "<td%s>", class);
    nb_html_text(table->stream, text);
    fputs(header || i == 0 ? "</th>" : "</td>", table->stream);
    if (i + 1 == table->count)
        fputs("</tr>\n", table->stream);
}

static void csv_text(FILE *stream, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

static void csv_cell(const struct nb_table *table, size_t i, const struct nb_cell *cell) {
    char number[NB_NUMBER_TEXT];
    switch (cell->kind) {
    case NB_CELL_EMPTY:
        break;
    case NB_CELL_TEXT:
        csv_text(table->stream, cell->text);
        break;
    case NB_CELL_COUNT:
        fprintf(table->stream, "%" PRIu64, cell->count);
        break;
    case NB_CELL_NUMBER:
        nb_number_exact(number, cell->number);
        fputs(number, table->stream);
        break;
    }
    fputc(i + 1 == table->count ? '\n' : ',', table->stream);
}

void nb_table_begin(struct nb_table *table, FILE *stream, enum nb_table_format format,
                    const struct nb_column *columns, size_t count) {
    bool text = format == NB_TABLE_TEXT;
    *table = (struct nb_table){.stream = stream,
                               .format = format,
                               .columns = columns,
                               .count = count,
                               .colour = text && nb_terminal_colour(stream),
                               .utf8 = text && nb_terminal_utf8(stream)};
    if (table->colour)
        fputs("\033[1m", stream);
    if (format == NB_TABLE_HTML)
        fputs("<thead>\n", stream);
    for (size_t i = 0; i < count; i++) {
        char header[CELL_TEXT];
        header_text(header, &columns[i]);
        struct nb_cell name = nb_cell_text(columns[i].name);
        if (text)
            text_cell(table, i, header);
        else if (format == NB_TABLE_MARKDOWN)
            markdown_cell(table, i, header);
        else if (format == NB_TABLE_HTML)
            html_cell(table, i, header, true);
        else
            csv_cell(table, i, &name);
    }
    if (table->colour)
        fputs("\033[0m", stream);
    if (text)
        text_rule(table);
    if (format == NB_TABLE_HTML)
        fputs("</thead>\n<tbody>\n", stream);
    for (size_t i = 0; format == NB_TABLE_MARKDOWN && i < count; i++)
        fprintf(stream, "%s%s", columns[i].align == NB_RIGHT ? "| ---: " : "| --- ",
                i + 1 == count ? "|\n" : "");
}

void nb_table_row(struct nb_table *table, const struct nb_cell *cells) {
    for (size_t i = 0; i < table->count; i++) {
        char text[CELL_TEXT];
        cell_text(text, &table->columns[i], &cells[i]);
        if (table->format == NB_TABLE_TEXT)
            text_cell(table, i, text);
        else if (table->format == NB_TABLE_MARKDOWN)
            markdown_cell(table, i, text);
        else if (table->format == NB_TABLE_HTML)
            html_cell(table, i, text, false);
        else
            csv_cell(table, i, &cells[i]);
    }
    if (table->format == NB_TABLE_TEXT)
        fflush(table->stream);
}

void nb_table_end(struct nb_table *table) {
    if (table->format == NB_TABLE_TEXT)
        text_rule(table);
    if (table->format == NB_TABLE_HTML)
        fputs("</tbody>\n", table->stream);
}

void nb_table_fit(struct nb_column *columns, size_t count, const struct nb_cell *cells,
                  size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < count; i++) {
            char text[CELL_TEXT];
            cell_text(text, &columns[i], &cells[row * count + i]);
            int width = (int)nb_terminal_columns(text);
            if (columns[i].width < width)
                columns[i].width = width;
        }
    }
}
