// SPDX-License-Identifier: MIT
// Tables in their three forms, and numbers as text.
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/number.h"
#include "src/table.h"
#include "tests/pseudo_terminal.h"

static const struct nb_column columns[] = {
    {.name = "norm", .width = 6},
    {.name = "epoch", .align = NB_RIGHT},
    {.name = "train_loss", .title = "train loss", .align = NB_RIGHT, .digits = 4},
    {.name = "seconds", .title = "time", .unit = "s", .align = NB_RIGHT, .digits = 2},
};

static const struct nb_cell rows[][4] = {
    {{NB_CELL_TEXT, {.text = "batch"}},
     {NB_CELL_COUNT, {.count = 1}},
     {NB_CELL_NUMBER, {.number = 0.1}},
     {NB_CELL_NUMBER, {.number = 1.0 / 3}}},
    {{NB_CELL_TEXT, {.text = "a|b, \"c\"\nd"}},
     {NB_CELL_COUNT, {.count = UINT64_MAX}},
     {NB_CELL_NUMBER, {.number = NAN}},
     {NB_CELL_EMPTY, {0}}},
};

static void write_table(FILE *stream, enum nb_table_format format) {
    struct nb_table table;
    nb_table_begin(&table, stream, format, columns, 4);
    nb_table_row(&table, rows[0]);
    nb_table_row(&table, rows[1]);
    nb_table_end(&table);
}

static void check_table(enum nb_table_format format, const char *expected) {
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    write_table(stream, format);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void text_is_aligned(void **state) {
    (void)state;
    check_table(NB_TABLE_TEXT, "norm    epoch  train loss  time (s)\n"
                               "------  -----  ----------  --------\n"
                               "batch       1      0.1000      0.33\n"
                               "a|b, \"c\" d  18446744073709551615         nan         -\n"
                               "------  -----  ----------  --------\n");
}

static void markdown_is_escaped(void **state) {
    (void)state;
    check_table(NB_TABLE_MARKDOWN, "| norm | epoch | train loss | time (s) |\n"
                                   "| --- | ---: | ---: | ---: |\n"
                                   "| batch | 1 | 0.1000 | 0.33 |\n"
                                   "| a\\|b, \"c\" d | 18446744073709551615 | nan | - |\n");
}

static void html_is_escaped_and_says_what_heads_what(void **state) {
    (void)state;
    check_table(
        NB_TABLE_HTML,
        "<thead>\n<tr><th scope=\"col\">norm</th><th scope=\"col\" class=\"number\">epoch</th>"
        "<th scope=\"col\" class=\"number\">train loss</th>"
        "<th scope=\"col\" class=\"number\">time (s)</th></tr>\n</thead>\n<tbody>\n"
        "<tr><th scope=\"row\">batch</th><td class=\"number\">1</td>"
        "<td class=\"number\">0.1000</td><td class=\"number\">0.33</td></tr>\n"
        "<tr><th scope=\"row\">a|b, &quot;c&quot; d</th>"
        "<td class=\"number\">18446744073709551615</td><td class=\"number\">nan</td>"
        "<td class=\"number\">-</td></tr>\n</tbody>\n");
}

static void csv_keeps_the_bits(void **state) {
    (void)state;
    check_table(NB_TABLE_CSV, "norm,epoch,train_loss,seconds\n"
                              "batch,1,0.1,0.3333333333333333\n"
                              "\"a|b, \"\"c\"\"\nd\",18446744073709551615,,\n");
}

static void columns_fit_their_cells(void **state) {
    (void)state;
    struct nb_column fitted[4];
    memcpy(fitted, columns, sizeof columns);
    nb_table_fit(fitted, 4, rows[0], 2);
    assert_int_equal(fitted[0].width, 10);
    assert_int_equal(fitted[1].width, 20);
    assert_int_equal(fitted[2].width, 6);
    assert_int_equal(fitted[3].width, 4);
}

static void characters_count_not_bytes(void **state) {
    (void)state;
    const struct nb_column column[] = {{.name = "time", .unit = "µs"}, {.name = "n"}};
    const struct nb_cell cells[] = {nb_cell_text("größer"), nb_cell_text("x")};
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct nb_table table;
    nb_table_begin(&table, stream, NB_TABLE_TEXT, column, 2);
    nb_table_row(&table, cells);
    fclose(stream);
    assert_string_equal(text, "time (µs)  n\n---------  -\ngrößer     x\n");
    free(text);
}

// What a table looks like on a terminal under this environment.
static void read_terminal(char text[4096], const char *term, const char *no_color,
                          const char *locale) {
    setenv("TERM", term, 1);
    setenv("NO_COLOR", no_color, 1);
    setenv("LC_ALL", locale, 1);
    struct pseudo_terminal terminal = pseudo_terminal_open(80);
    write_table(terminal.stream, NB_TABLE_TEXT);
    pseudo_terminal_read(&terminal, text, 4096);
    pseudo_terminal_close(&terminal);
}

static void terminal_decides_on_looks(void **state) {
    (void)state;
    char text[4096];
    read_terminal(text, "xterm", "", "C.UTF-8");
    assert_non_null(strstr(text, "\033[1m"));
    assert_non_null(strstr(text, "─────"));
    read_terminal(text, "xterm", "1", "C.UTF-8");
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "─────"));
    read_terminal(text, "dumb", "", "C");
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "-----"));
}

static void rows_are_seen_at_once(void **state) {
    (void)state;
    struct pseudo_terminal terminal = pseudo_terminal_open(80);
    static char buffer[4096];
    setvbuf(terminal.stream, buffer, _IOFBF, sizeof buffer);
    struct nb_table table;
    nb_table_begin(&table, terminal.stream, NB_TABLE_TEXT, columns, 4);
    nb_table_row(&table, rows[0]);
    char text[1024];
    ssize_t got = read(terminal.master, text, sizeof text - 1);
    assert_true(got > 0);
    text[got] = '\0';
    assert_non_null(strstr(text, "batch"));
    pseudo_terminal_close(&terminal);
}

static void exact_numbers_read_back(void **state) {
    (void)state;
    const double values[] = {
        0,    -0.0,        0.1,  1.0 / 3, 2.5e-308, 5e-324, 1.7976931348623157e308,
        1e22, 123456789.0, 0.1f, -3.25,   1e15,     M_PI};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[NB_NUMBER_TEXT];
        nb_number_exact(text, values[i]);
        double back = strtod(text, NULL);
        assert_memory_equal(&back, &values[i], sizeof back);
    }
    char text[NB_NUMBER_TEXT];
    nb_number_exact(text, 0.1);
    assert_string_equal(text, "0.1");
    nb_number_exact(text, INFINITY);
    assert_string_equal(text, "");
}

static void numbers_for_people(void **state) {
    (void)state;
    const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {{1234.5678, 2, "1234.57"}, {0, 3, "0.000"},        {-2.5, 0, "-2"},
                 {-NAN, 2, "nan"},          {-INFINITY, 2, "-inf"}, {1.5e300, 4, "1.5000e+300"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NB_NUMBER_TEXT];
        nb_number_fixed(text, cases[i].value, cases[i].digits);
        assert_string_equal(text, cases[i].text);
    }
}

// Under a locale with a decimal comma, where one is installed; the C locale proves nothing but
// cannot fail.
static void numbers_ignore_the_locale(void **state) {
    (void)state;
    const char *const commas[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    bool found = false;
    for (size_t i = 0; !found && i < sizeof commas / sizeof *commas; i++)
        found = setlocale(LC_ALL, commas[i]) != NULL;
    if (!found)
        skip();
    char text[NB_NUMBER_TEXT];
    nb_number_exact(text, 0.5);
    assert_string_equal(text, "0.5");
    nb_number_fixed(text, 0.5, 2);
    assert_string_equal(text, "0.50");
    setlocale(LC_ALL, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_aligned),
        cmocka_unit_test(markdown_is_escaped),
        cmocka_unit_test(html_is_escaped_and_says_what_heads_what),
        cmocka_unit_test(csv_keeps_the_bits),
        cmocka_unit_test(columns_fit_their_cells),
        cmocka_unit_test(characters_count_not_bytes),
        cmocka_unit_test(terminal_decides_on_looks),
        cmocka_unit_test(rows_are_seen_at_once),
        cmocka_unit_test(exact_numbers_read_back),
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(numbers_ignore_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
