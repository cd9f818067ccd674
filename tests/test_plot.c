// SPDX-License-Identifier: MIT
// Plots: the four files, text that means nothing to gnuplot, the same bytes every time, and gaps.
#include "tests/plots.h"

#include <ctype.h>

static void need_gnuplot(void) {
    if (!system("command -v gnuplot >/dev/null 2>&1"))
        return;
    print_message("gnuplot is not installed\n");
    skip();
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

static void write_plot(const struct nb_plot *plot, const char *folder,
                       struct nb_plot_files *files) {
    struct nb_error error = {0};
    if (nb_plot_write(plot, folder, "curves", files, &error) != NB_OK)
        fail_msg("%s", error.text);
}

// A rough check that a text is XML: every element is closed in order, every & starts an entity.
static void check_xml(const char *text) {
    const char *open[64];
    size_t depth = 0, elements = 0;
    for (; (text = strpbrk(text, "<&")); text++) {
        if (*text == '&') {
            const char *entity =
                text + 1 + strspn(text + 1, "#abcdefghijklmnopqrstuvwxyz0123456789");
            assert_true(*entity == ';' && entity > text + 1);
            continue;
        }
        const char *end = strchr(text, '>');
        assert_non_null(end);
        if (text[1] == '?' || text[1] == '!')
            continue;
        if (text[1] == '/') {
            assert_true(depth > 0);
            size_t length = strcspn(open[--depth], " \t\n>/");
            assert_memory_equal(text + 2, open[depth], length);
            assert_int_equal(text[2 + length], '>');
        } else {
            assert_true(isalpha((unsigned char)text[1]));
            elements++;
            if (end[-1] != '/') {
                assert_true(depth < 64);
                open[depth++] = text + 1;
            }
        }
        text = end;
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 10);
}

static void writes_four_files(void **state) {
    need_gnuplot();
    struct nb_plot plot = loss_curves();
    struct nb_plot_files files;
    write_plot(&plot, *state, &files);
    assert_int_equal(files_in(*state), 4);
    assert_string_equal(files.png, join(*state, "curves.png"));
    char *data = read_text(files.csv);
    assert_string_equal(data, "curve,x,y,low,high,series\n"
                              "1,1,0.23,,,batch\n1,2,0.1,,,batch\n1,3,,,,batch\n1,4,0.05,,,batch\n"
                              "2,1,0.24,0.2,0.3,layer\n2,2,0.12,0.1,0.15,layer\n"
                              "2,3,0.08,0.07,,layer\n2,4,0.0625,0.05,0.07,layer\n");
    free(data);
    struct bytes png = read_bytes(files.png);
    assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(png.data + png.size - 8, "IEND\xae\x42\x60\x82", 8);
    free(png.data);
    char *svg = read_text(files.svg);
    check_xml(svg);
    const char *const shown[] = {">Training loss<", ">784-256-10, batch 128<",
                                 ">epoch<",         ">loss (nats)<",
                                 ">batch<",         ">layer<"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        assert_int_equal(count_of(svg, shown[i]), 1);
    free(svg);
}

// Lines drawn by the curve of `series`, which is the plot's only one.
static size_t lines_of(const struct nb_series *series, const char *folder) {
    struct nb_plot plot = loss_curves();
    struct nb_plot_files files;
    plot.series = series;
    plot.series_count = 1;
    write_plot(&plot, folder, &files);
    char *svg = read_text(files.svg), *curve = strstr(svg, "id=\"gnuplot_plot_1\"");
    assert_non_null(curve);
    size_t lines = count_of(curve, " L");
    free(svg);
    return lines;
}

static void gaps_stay_gaps(void **state) {
    need_gnuplot();
    // The third of four points is missing: of three lines one is left.
    struct nb_series gap = {.label = "gap", .count = 4, .x = epochs, .y = batch};
    struct nb_series whole = {.label = "whole", .count = 4, .x = epochs, .y = layer};
    assert_int_equal(lines_of(&whole, *state) - lines_of(&gap, *state), 2);
}

// How much of the picture of such a series there is: elements of the curves in the SVG.
static char *picture_of(struct nb_series series, bool zero_line, const char *folder) {
    struct nb_plot plot = loss_curves();
    struct nb_plot_files files;
    series.label = "only";
    series.count = 4;
    series.x = epochs;
    plot.series = &series;
    plot.series_count = 1;
    plot.y.from_zero = false;
    plot.y.zero_line = zero_line;
    write_plot(&plot, folder, &files);
    return read_text(files.svg);
}

static void limits_are_bands_or_bars(void **state) {
    need_gnuplot();
    struct nb_series series = {.y = layer, .low = low, .high = high};
    char *band = picture_of(series, false, *state);
    series.bars = true;
    char *bars = picture_of(series, false, *state);
    assert_true(count_of(band, "<polygon") > 0);
    assert_int_equal(count_of(bars, "<polygon"), 0);
    // Each bar has an upright line and two ends; of the third, which has no upper limit, there is
    // the lower end.
    const char *curve = strstr(bars, "id=\"gnuplot_plot_1\"");
    assert_non_null(curve);
    char *end = strstr(curve, "id=\"gnuplot_plot_2\"");
    assert_non_null(end);
    *end = '\0';
    assert_int_equal(count_of(curve, " L"), 3 * 3 + 1);
    free(band);
    free(bars);
}

static void thin_curves_are_not_in_the_legend(void **state) {
    need_gnuplot();
    char *thin = picture_of((struct nb_series){.y = layer, .thin = true}, false, *state),
         *usual = picture_of((struct nb_series){.y = layer}, false, *state);
    assert_int_equal(count_of(usual, ">only<"), 1);
    assert_int_equal(count_of(thin, ">only<"), 0);
    assert_int_equal(count_of(thin, "gpPt6'"), 1); // its definition
    assert_non_null(strstr(usual, "rgb(  0, 114, 178)"));
    assert_non_null(strstr(thin, "rgb(  0, 114, 178)"));
    free(thin);
    free(usual);
}

static void a_look_can_be_chosen(void **state) {
    need_gnuplot();
    char *second = picture_of((struct nb_series){.y = layer, .look = 2}, false, *state);
    assert_non_null(strstr(second, "rgb(213,  94,   0)"));
    assert_null(strstr(second, "rgb(  0, 114, 178)"));
    free(second);
}

static void zero_line_is_in_the_picture(void **state) {
    need_gnuplot();
    static const double below[] = {-3, -2, -2, -1}, above[] = {3, 2, 2, 1}, both[] = {-3, 1, 2, 3};
    const double *const cases[] = {below, above, both};
    for (size_t i = 0; i < 3; i++) {
        char *with = picture_of((struct nb_series){.y = cases[i]}, true, *state);
        char *script = read_text(join(*state, "curves.gp"));
        assert_non_null(strstr(with, ">0<"));
        assert_non_null(strstr(script, "set xzeroaxis"));
        free(script);
        free(with);
    }
    char *without = picture_of((struct nb_series){.y = below}, false, *state);
    char *script = read_text(join(*state, "curves.gp"));
    assert_null(strstr(script, "set xzeroaxis"));
    free(script);
    free(without);
}

static void same_plot_same_bytes(void **state) {
    need_gnuplot();
    struct nb_plot plot = loss_curves();
    struct nb_plot_files files;
    write_plot(&plot, *state, &files);
    const char *const paths[] = {files.csv, files.gp, files.svg, files.png};
    struct bytes before[4];
    for (size_t i = 0; i < 4; i++)
        before[i] = read_bytes(paths[i]);
    char command[PATH_MAX + 64];
    snprintf(command, sizeof command, "cd '%s' && gnuplot curves.gp", (const char *)*state);
    for (int by_script = 0; by_script < 2; by_script++) {
        remove(files.svg);
        remove(files.png);
        if (by_script)
            assert_int_equal(system(command), 0);
        else
            write_plot(&plot, *state, &files);
        for (size_t i = 0; i < 4; i++) {
            struct bytes after = read_bytes(paths[i]);
            assert_int_equal(after.size, before[i].size);
            assert_memory_equal(after.data, before[i].data, after.size);
            free(after.data);
        }
    }
    for (size_t i = 0; i < 4; i++)
        free(before[i].data);
}

// What a reader of XML makes of a text, in place.
static void decode_entities(char *text) {
    static const struct {
        const char *entity;
        char character;
    } entities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
    char *to = text;
    while (*text) {
        size_t length = 1;
        *to = *text;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (!strncmp(text, entities[i].entity, strlen(entities[i].entity))) {
                *to = entities[i].character;
                length = strlen(entities[i].entity);
            }
        to++;
        text += length;
    }
    *to = '\0';
}

// Each would do something if gnuplot, a shell, CSV or SVG took it for more than text.
static void text_is_only_text(void **state) {
    need_gnuplot();
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"\"; system \"touch x\"", "\"; system \"touch x\""},
        {"'; system 'touch x'; set title '", "'; system 'touch x'; set title '"},
        {"`touch x`", "`touch x`"},
        {"$(touch x) @a %d %s", "$(touch x) @a %d %s"},
        {"a_b^{c} {/Bold d}", "a_b^{c} {/Bold d}"},
        {"back\\slash \\n \\", "back\\slash \\n \\"},
        {"</svg> &amp; <b>", "</svg> &amp; <b>"},
        {"tab\tbell\a.", "tab bell ."},
        {"comma, quote \"\" #", "comma, quote \"\" #"},
        {"bad \xff\xc0\xaf\xed\xa0\x80 good µ", "bad ?????? good µ"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        struct nb_series series[] = {{.label = text, .count = 4, .x = epochs, .y = layer},
                                     {.label = "other", .count = 4, .x = epochs, .y = batch}};
        struct nb_plot plot = {.title = text,
                               .subtitle = text,
                               .x = {.label = text, .unit = text},
                               .y = {.label = text},
                               .series = series,
                               .series_count = 2};
        struct nb_plot_files files;
        write_plot(&plot, *state, &files);
        assert_int_equal(files_in(*state), 4);
        char *svg = read_text(files.svg);
        check_xml(svg);
        assert_int_equal(count_of(svg, "gnuplot_plot_2\""), 1); // the data were read
        decode_entities(svg);
        char shown[128];
        snprintf(shown, sizeof shown, ">%s<", cases[i].shown);
        assert_int_equal(count_of(svg, shown), 4); // title, subtitle, legend, y axis
        free(svg);
    }
}

static void odd_data_give_a_picture(void **state) {
    need_gnuplot();
    static const double none[] = {NAN, INFINITY, -INFINITY, NAN}, zero[4], same[] = {7, 7, 7, 7},
                        mixed[] = {-1, 0, 1e-300, 1e300};
    const struct nb_series cases[] = {
        {.label = "nothing"},
        {.label = "one point", .count = 1, .x = epochs, .y = layer},
        {.label = "no value", .count = 4, .x = none, .y = none},
        {.label = "", .count = 4, .x = epochs, .y = zero},
        {.label = "flat", .count = 4, .x = epochs, .y = same},
        {.label = "upright", .count = 4, .x = same, .y = layer, .style = NB_POINTS},
        {.label = "wide", .count = 4, .x = epochs, .y = mixed, .style = NB_LINES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int look = 0; look < 8; look++) {
            struct nb_plot plot = loss_curves();
            struct nb_plot_files files;
            plot.series = &cases[i];
            plot.series_count = 1;
            plot.x.integer = look & 1;
            plot.x.log = look & 2 ? 2 : 0;
            plot.y.log = look & 4 ? 10 : 0;
            plot.y.from_zero = look & 1;
            write_plot(&plot, *state, &files);
            assert_int_equal(files_in(*state), 4);
        }
}

static void long_text_and_many_curves(void **state) {
    need_gnuplot();
    char text[8000];
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = (char)(i % 9 ? "abcdefgh"[i % 8] : i % 2 ? ' ' : '\n');
    text[sizeof text - 1] = '\0';
    struct nb_series series[20];
    for (size_t i = 0; i < 20; i++)
        series[i] = (struct nb_series){
            .label = i ? "long enough" : text, .count = 4, .x = epochs, .y = layer};
    struct nb_plot plot = loss_curves();
    struct nb_plot_files files;
    plot.title = plot.subtitle = text;
    plot.series = series;
    plot.series_count = 20;
    write_plot(&plot, *state, &files);
    char *svg = read_text(files.svg);
    check_xml(svg);
    free(svg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
        IN_FOLDER(writes_four_files),        IN_FOLDER(gaps_stay_gaps),
        IN_FOLDER(limits_are_bands_or_bars), IN_FOLDER(thin_curves_are_not_in_the_legend),
        IN_FOLDER(a_look_can_be_chosen),     IN_FOLDER(zero_line_is_in_the_picture),
        IN_FOLDER(same_plot_same_bytes),     IN_FOLDER(text_is_only_text),
        IN_FOLDER(odd_data_give_a_picture),  IN_FOLDER(long_text_and_many_curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
