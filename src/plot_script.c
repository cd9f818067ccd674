// SPDX-License-Identifier: MIT
#include "src/plot_script.h"

#include <math.h>

#include "src/number.h"
#include "src/plot_text.h"
#include "src/terminal.h"

// The picture in pixels of the SVG; the PNG has twice as many (its font scale is 1.5, as pngcairo
// counts points). Whatever stands above them, the axes keep their size.
#define WIDTH 880
#define AXES_HEIGHT 480
#define TITLE_LINE 25
#define SUBTITLE_LINE 18
#define LEGEND_LINE 22
#define TITLE_COLUMNS 72
#define SUBTITLE_COLUMNS 108
#define LEGEND_COLUMNS 74

// Okabe and Ito's colours, told apart by all kinds of eyes; marks and dashes tell them apart in
// grey. In place of their sky blue there is Tol's wine: a dark page inverts the picture, and a pale
// blue would be lost in it.
static const struct {
    const char *colour, *dashes;
    int mark;
} looks[] = {
    {"#0072B2", "solid", 7},       {"#D55E00", "(9,4)", 5},          {"#009E73", "(4,4)", 9},
    {"#CC79A7", "(10,3,2,3)", 13}, {"#E69F00", "(6,3)", 11},         {"#882255", "(3,3)", 6},
    {"#000000", "(12,4)", 4},      {"#777777", "(10,3,3,3,3,3)", 8},
};

// In double quotes gnuplot interprets these three; as octal codes they are characters. (A quote
// that is doubled in single quotes is misread where it stands first.)
static void quote(FILE *stream, const char *text) {
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '`')
            fprintf(stream, "\\%03o", (unsigned)*text);
        else
            fputc(*text == '\n' ? ' ' : *text, stream);
    }
    fputc('"', stream);
}

// A real number, or * for gnuplot's own choice.
static void number(FILE *stream, double value) {
    char text[NB_NUMBER_TEXT];
    nb_number_exact(text, value);
    fputs(text[0] ? text : "*", stream);
}

// Where the next line of the header goes, in pixels from the top of a picture of that height.
struct header {
    FILE *stream;
    int at, height, labels;
};

static void write_place(const struct header *header, const char *what) {
    char text[NB_NUMBER_TEXT];
    nb_number_fixed(text, 1 - (double)header->at / header->height, 4);
    fprintf(header->stream, "%s screen %s", what, text);
}

// `line` is the height of one.
static void write_lines(struct header *header, const struct nb_plot_lines *lines, int line,
                        const char *style) {
    for (size_t i = 0; i < lines->count; i++) {
        fprintf(header->stream, "set label %d ", ++header->labels);
        quote(header->stream, lines->text[i]);
        header->at += line / 2;
        write_place(header, " at graph 0,");
        header->at += line - line / 2;
        fprintf(header->stream, " left %s\n", style);
    }
}

// The legend is a grid between the subtitle and the axes, where it covers no data.
static int legend_columns(const struct nb_plot *plot, int *rows) {
    size_t widest = 1, entries = 0;
    for (size_t i = 0; i < plot->series_count; i++) {
        if (plot->series[i].thin)
            continue;
        size_t width = nb_terminal_columns(plot->series[i].label);
        widest = width > widest ? width : widest;
        entries++;
    }
    size_t columns = LEGEND_COLUMNS / (widest + 6);
    columns = columns < entries ? columns : entries;
    columns = columns < 1 ? 1 : columns;
    *rows = (int)((entries + columns - 1) / columns);
    return (int)columns;
}

static void write_header(FILE *stream, const struct nb_plot *plot, int *height) {
    struct nb_plot_lines title, subtitle = {0};
    nb_plot_wrap(&title, plot->title, TITLE_COLUMNS);
    if (plot->subtitle)
        nb_plot_wrap(&subtitle, plot->subtitle, SUBTITLE_COLUMNS);
    int rows, columns = legend_columns(plot, &rows);
    struct header header = {.stream = stream, .at = 14};
    int bottom = header.at + (int)title.count * TITLE_LINE + (int)subtitle.count * SUBTITLE_LINE +
                 rows * LEGEND_LINE + 16;
    header.height = *height = bottom + AXES_HEIGHT;
    write_lines(&header, &title, TITLE_LINE, "font ',17'");
    write_lines(&header, &subtitle, SUBTITLE_LINE, "font ',12' textcolor rgb '#606060'");
    header.at += 6;
    write_place(&header, "set key at graph 0,");
    fprintf(stream, " left top horizontal Left reverse samplen 4 maxcols %d\n", columns);
    header.at = bottom;
    write_place(&header, "set tmargin at");
    fputc('\n', stream);
}

// The values of one axis that are drawn.
struct range {
    double low, high; // low > high: none
};

static void extend(struct range *range, const struct nb_axis *axis, double value) {
    if (!isfinite(value) || (axis->log && !(value > 0)))
        return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static struct range range_of(const struct nb_plot *plot, bool of_x) {
    struct range range = {INFINITY, -INFINITY};
    const struct nb_axis *axis = of_x ? &plot->x : &plot->y;
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct nb_series *series = &plot->series[i];
        for (size_t j = 0; j < series->count; j++) {
            extend(&range, axis, of_x ? series->x[j] : series->y[j]);
            if (!of_x && series->low && series->high) {
                extend(&range, axis, series->low[j]);
                extend(&range, axis, series->high[j]);
            }
        }
    }
    return range;
}

// gnuplot refuses a range without width and pads only what it chooses itself. NaN leaves the choice
// to it.
static struct range padded(struct range range, const struct nb_axis *axis, bool is_x) {
    if (range.low > range.high)
        return axis->log ? (struct range){1, 10} : (struct range){0, 1};
    bool zero = axis->from_zero && !axis->log && range.low >= 0 && range.high > 0;
    if (zero)
        return (struct range){0, NAN};
    if (range.low == range.high && axis->log)
        return (struct range){range.low / 2, range.high * 2};
    if (range.low == range.high) {
        double pad = fmax(0.5, fabs(range.low) / 10);
        return (struct range){range.low - pad, range.high + pad};
    }
    if (!is_x && axis->zero_line && !axis->log)
        return (struct range){range.low >= 0 ? 0 : NAN, range.high <= 0 ? 0 : NAN};
    if (!is_x)
        return (struct range){NAN, NAN};
    if (axis->log) {
        double factor = pow(range.high / range.low, 0.03);
        return (struct range){range.low / factor, range.high * factor};
    }
    double pad = 0.03 * (range.high - range.low);
    pad = axis->integer ? fmin(pad, 0.5) : pad; // no tick before the first
    return (struct range){range.low - pad, range.high + pad};
}

// The least of 1, 2, 5, 10, 20 ... that divides the range into at most twelve steps.
static double whole_step(struct range range) {
    double step = 1;
    for (int i = 0; (range.high - range.low) / step > 12; i++)
        step *= i % 3 == 1 ? 2.5 : 2;
    return step;
}

static void write_axis(FILE *stream, const char *letter, const struct nb_plot *plot) {
    bool is_x = letter[0] == 'x';
    const struct nb_axis *axis = is_x ? &plot->x : &plot->y;
    char label[NB_PLOT_TEXT], unit[NB_PLOT_TEXT], both[2 * NB_PLOT_TEXT + 8];
    nb_plot_clean(label, axis->label);
    nb_plot_clean(unit, axis->unit ? axis->unit : "");
    snprintf(both, sizeof both, unit[0] ? "%s (%s)" : "%s", label, unit);
    fprintf(stream, "set %slabel ", letter);
    quote(stream, both);
    fputc('\n', stream);
    struct range drawn = range_of(plot, is_x), range = padded(drawn, axis, is_x);
    if (axis->log)
        fprintf(stream, "set logscale %s %u\n", letter, axis->log);
    if (axis->log == 2 && drawn.high / drawn.low <= 65536) // there is room for every power
        fprintf(stream, "set %stics 2\n", letter);
    if (axis->integer && !axis->log && drawn.high >= drawn.low) {
        fprintf(stream, "set %stics ", letter);
        number(stream, whole_step(drawn));
        fputc('\n', stream);
    }
    fprintf(stream, "set %srange [", letter);
    number(stream, range.low);
    fputc(':', stream);
    number(stream, range.high);
    fprintf(stream, "]\nset format %s '%%g'\n", letter);
}

// Curve `i` of the data file, as the given columns.
static void write_source(FILE *stream, const char *name, size_t i, const char *columns) {
    fprintf(stream, "'%s.csv' skip 1 using ($1 == %zu ? cell(2) : NaN):%s ", name, i + 1, columns);
}

static size_t look_of(const struct nb_plot *plot, size_t i) {
    size_t look = plot->series[i].look;
    return (look > 0 ? look - 1 : i) % (sizeof looks / sizeof *looks);
}

// What lies behind the curves: bands, and the pale curves.
static const char *write_background(FILE *stream, const struct nb_plot *plot, const char *name) {
    const char *between = "plot ";
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct nb_series *series = &plot->series[i];
        const char *colour = looks[look_of(plot, i)].colour;
        bool limits = series->low && series->high;
        if (!limits && !series->thin)
            continue;
        fputs(between, stream);
        between = ", \\\n     ";
        if (series->thin) {
            write_source(stream, name, i, "(cell(3))");
            fprintf(stream, "with lines lw 0.8 lc rgb '#60%s' notitle", colour + 1);
            continue;
        }
        write_source(stream, name, i,
                     series->bars ? "(cell(3)):(cell(4)):(cell(5))" : "(cell(4)):(cell(5))");
        if (series->bars)
            fprintf(stream, "with yerrorbars lw 1.5 pt 7 ps 0 lc rgb '%s' notitle", colour);
        else
            fprintf(stream,
                    "with filledcurves fs transparent solid 0.18 noborder lc rgb '%s' notitle",
                    colour);
    }
    return between;
}

static void write_curves(FILE *stream, const struct nb_plot *plot, const char *name) {
    const char *between = write_background(stream, plot, name);
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct nb_series *series = &plot->series[i];
        size_t look = look_of(plot, i), every = series->count / 20 + 1;
        if (series->thin)
            continue;
        fputs(between, stream);
        between = ", \\\n     ";
        write_source(stream, name, i, "(cell(3))");
        fprintf(stream, "with %s lc rgb '%s'",
                series->style == NB_LINES    ? "lines"
                : series->style == NB_POINTS ? "points"
                                             : "linespoints",
                looks[look].colour);
        if (series->style != NB_POINTS)
            fprintf(stream, " lw 2 dt %s", looks[look].dashes);
        if (series->style != NB_LINES)
            fprintf(stream, " pt %d ps 0.8", looks[look].mark);
        if (series->style == NB_LINES_POINTS && every > 1) // marks on a few points of a long curve
            fprintf(stream, " pi %zu", every);
        char label[NB_PLOT_TEXT];
        nb_plot_clean(label, series->label);
        label[nb_plot_bytes(label, LEGEND_COLUMNS)] = '\0';
        fputs(" title ", stream);
        quote(stream, label);
    }
    fputc('\n', stream);
}

void nb_plot_script(FILE *stream, const struct nb_plot *plot, const char *name) {
    int height;
    fprintf(stream,
            "# Made by normbench. To draw again: gnuplot %s.gp\n"
            "reset\n"
            "set encoding utf8\n"
            "set datafile separator comma\n"
            "# An empty field is a gap in the curve.\n"
            "cell(n) = strcol(n) eq '' ? NaN : column(n)\n"
            "set bmargin 4\n"
            "set rmargin 4\n"
            "set border 3 lc rgb '#606060'\n"
            "set tics nomirror out textcolor rgb '#303030'\n"
            "set grid back lt 1 lw 1 lc rgb '#e4e4e4'\n"
            "%s",
            name, plot->y.zero_line ? "set xzeroaxis lt 1 lw 1.5 lc rgb '#606060'\n" : "");
    write_header(stream, plot, &height);
    write_axis(stream, "x", plot);
    write_axis(stream, "y", plot);
    fprintf(stream,
            "set terminal svg size %d,%d font 'sans-serif,14' noenhanced background rgb 'white'\n"
            "set output '%s.svg'\n",
            WIDTH, height, name);
    write_curves(stream, plot, name);
    fprintf(
        stream,
        "set terminal pngcairo size %d,%d font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 "
        "dashlength 2 noenhanced background rgb 'white'\n"
        "set output '%s.png'\n"
        "replot\n",
        2 * WIDTH, 2 * height, name);
}
