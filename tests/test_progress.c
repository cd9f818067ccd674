// SPDX-License-Identifier: MIT
// The progress bar: silent off a terminal, seldom drawn on one, gone when it is cleared.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "src/progress.h"
#include "src/terminal.h"
#include "tests/pseudo_terminal.h"

#define TEXT 65536

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void wait_seconds(double time) {
    for (double end = seconds() + time; seconds() < end;)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

// Draws once: 30 of 120 units and 500 items, after a little more than the time between two
// drawings.
static void draw_once(struct nb_progress *progress, FILE *stream, const char *label) {
    nb_progress_begin(progress, stream, 120, "img");
    nb_progress_label(progress, label);
    wait_seconds(0.12);
    nb_progress_add(progress, 30, 500);
}

static void silent_off_a_terminal(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct nb_progress progress;
    draw_once(&progress, stream, "batch norm");
    nb_progress_clear(&progress);
    nb_progress_end(&progress);
    fclose(stream);
    assert_int_equal(size, 0);
    free(text);
}

static void shows_share_rate_and_time_left(void **state) {
    (void)state;
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C", 1);
    struct pseudo_terminal terminal = pseudo_terminal_open(80);
    struct nb_progress progress;
    char text[TEXT];
    draw_once(&progress, terminal.stream, "batch norm, epoch 1/10");
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_non_null(strstr(text, "batch norm, epoch 1/10"));
    assert_non_null(strstr(text, "  ####"));
    assert_non_null(strstr(text, " 25 %"));
    assert_non_null(strstr(text, " img/s"));
    assert_non_null(strstr(text, ":0")); // well below a minute, however slow this machine is
    assert_non_null(strstr(text, " left"));
    assert_null(strchr(text, '\n'));

    nb_progress_clear(&progress);
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_string_equal(text, "\r\033[K");
    nb_progress_clear(&progress);
    nb_progress_end(&progress);
    wait_seconds(0.12);
    nb_progress_add(&progress, 30, 500);
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_string_equal(text, "");
    pseudo_terminal_close(&terminal);
}

static void time_left_is_weighted_by_work(void **state) {
    (void)state;
    setenv("TERM", "xterm", 1);
    struct pseudo_terminal terminal = pseudo_terminal_open(80);
    struct nb_progress progress;
    char text[TEXT];
    nb_progress_begin(&progress, terminal.stream, 1000, NULL);
    // As if begun 80 seconds ago; the last digit is left to a machine that is slow meanwhile.
    progress.start -= 80;
    progress.drawn = progress.start;
    nb_progress_add(&progress, 400, 1);
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_non_null(strstr(text, " 40 %  2:0"));
    assert_null(strstr(text, "/s"));
    nb_progress_skip(&progress, 500); // the total is 500 now
    progress.drawn -= 1;
    nb_progress_add(&progress, 0, 0);
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_non_null(strstr(text, " 80 %  0:2"));
    progress.start -= 40000;
    progress.drawn -= 1;
    nb_progress_add(&progress, 0, 0);
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_non_null(strstr(text, " 80 %  2:47:0"));
    nb_progress_end(&progress);
    pseudo_terminal_close(&terminal);
}

static void drawn_ten_times_a_second_at_most(void **state) {
    (void)state;
    setenv("TERM", "xterm", 1);
    struct pseudo_terminal terminal = pseudo_terminal_open(80);
    struct nb_progress progress;
    char text[TEXT];
    double start = seconds();
    nb_progress_begin(&progress, terminal.stream, 1e6, "img");
    size_t calls = 0;
    for (; seconds() < start + 0.35; calls++)
        nb_progress_add(&progress, 1, 1);
    nb_progress_add(&progress, 1, 1);
    double passed = seconds() - start;
    pseudo_terminal_read(&terminal, text, sizeof text);
    size_t drawings = 0;
    for (char *at = text; (at = strchr(at, '\r')); at++)
        drawings++;
    assert_true(drawings >= 1);
    assert_true((double)drawings <= passed * 10 + 1);
    assert_true(calls > drawings);
    pseudo_terminal_close(&terminal);
}

static void fits_every_width(void **state) {
    (void)state;
    for (unsigned short width = 1; width < 120; width += 7) {
        setenv("TERM", "xterm", 1);
        setenv("LC_ALL", width % 2 ? "C.UTF-8" : "C", 1);
        struct pseudo_terminal terminal = pseudo_terminal_open(width);
        struct nb_progress progress;
        char text[TEXT];
        nb_progress_begin(&progress, terminal.stream, 10, "img");
        nb_progress_label(&progress, "layer norm, größer");
        progress.drawn -= 1;
        nb_progress_add(&progress, 3, 100);
        pseudo_terminal_read(&terminal, text, sizeof text);
        char *erase = strstr(text, "\033[K");
        if (erase)
            *erase = '\0';
        assert_true(nb_terminal_columns(text + (text[0] == '\r')) < width);
        pseudo_terminal_close(&terminal);
    }
}

static void dumb_terminal_gets_no_escapes(void **state) {
    (void)state;
    setenv("TERM", "dumb", 1);
    setenv("LC_ALL", "C", 1);
    struct pseudo_terminal terminal = pseudo_terminal_open(60);
    struct nb_progress progress;
    char text[TEXT];
    draw_once(&progress, terminal.stream, "sweep");
    nb_progress_clear(&progress);
    pseudo_terminal_read(&terminal, text, sizeof text);
    assert_null(strchr(text, '\033'));
    char *clear = strrchr(text, '\r');
    assert_non_null(clear);
    assert_string_equal(clear, "\r");
    assert_int_equal(clear - text, 1 + 59 + 1 + 59);
    pseudo_terminal_close(&terminal);
}

static void long_labels_are_cut_between_characters(void **state) {
    (void)state;
    struct nb_progress progress = {0};
    char label[200] = "x";
    for (int i = 0; i < 60; i++)
        strcat(label, "ü");
    nb_progress_label(&progress, label);
    assert_int_equal(strlen(progress.label), 63);
    strcpy(label, "");
    for (int i = 0; i < 60; i++)
        strcat(label, "ü");
    nb_progress_label(&progress, label);
    assert_int_equal(strlen(progress.label), 62);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_off_a_terminal),
        cmocka_unit_test(shows_share_rate_and_time_left),
        cmocka_unit_test(time_left_is_weighted_by_work),
        cmocka_unit_test(drawn_ten_times_a_second_at_most),
        cmocka_unit_test(fits_every_width),
        cmocka_unit_test(dumb_terminal_gets_no_escapes),
        cmocka_unit_test(long_labels_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
