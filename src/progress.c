// SPDX-License-Identifier: MIT
#include "src/progress.h"

#include <math.h>
#include <string.h>

#include "src/clock.h"
#include "src/number.h"
#include "src/terminal.h"

#define SECONDS_BETWEEN_DRAWINGS 0.1
#define RATE_SECONDS 2.0 // the rate shown forgets with this time constant

void nb_progress_begin(struct nb_progress *progress, FILE *stream, double total, const char *unit) {
    bool terminal = nb_terminal(stream);
    *progress = (struct nb_progress){.stream = terminal ? stream : NULL,
                                     .unit = unit,
                                     .total = total,
                                     .utf8 = terminal && nb_terminal_utf8(stream),
                                     .dumb = nb_terminal_dumb()};
    progress->start = terminal ? nb_now() : 0;
    progress->drawn = progress->start;
}

void nb_progress_label(struct nb_progress *progress, const char *label) {
    snprintf(progress->label, sizeof progress->label, "%s", label);
    size_t length = strlen(progress->label);
    if (label[length]) // cut: not inside a character
        while (length > 0 && (label[length] & 0xc0) == 0x80)
            length--;
    progress->label[length] = '\0';
}

static double share(const struct nb_progress *progress) {
    if (!(progress->total > 0))
        return 0;
    return fmin(fmax(progress->done / progress->total, 0), 1);
}

// "0:07", "12:30", "1:02:03"; "-:--" before there is anything to judge by.
static void time_text(char text[32], double seconds) {
    if (!(seconds >= 0 && seconds < 1e8)) {
        strcpy(text, "-:--");
        return;
    }
    long whole = lround(seconds), hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0)
        snprintf(text, 32, "%ld:%02ld:%02ld", hours, minutes, whole % 60);
    else
        snprintf(text, 32, "%ld:%02ld", minutes, whole % 60);
}

// The numbers after the bar: " 42 %  812,345 img/s  0:07 left".
static void numbers_text(char *text, size_t size, const struct nb_progress *progress, double time) {
    double done = share(progress);
    char left[32], rate[64] = "";
    time_text(left, done > 0 ? (time - progress->start) * (1 - done) / done : NAN);
    if (progress->unit && progress->rate > 0) {
        char number[NB_NUMBER_TEXT];
        nb_number_fixed(number, progress->rate, progress->rate < 100 ? 1 : 0);
        snprintf(rate, sizeof rate, "%s %s/s  ", number, progress->unit);
    }
    snprintf(text, size, "%3d %%  %s%s left", (int)(100 * done), rate, left);
}

static void draw(struct nb_progress *progress, double time) {
    char numbers[128];
    numbers_text(numbers, sizeof numbers, progress, time);
    // One column stays free: writing the last one makes some terminals wrap.
    size_t width = nb_terminal_width(progress->stream) - 1;
    size_t label = nb_terminal_columns(progress->label), tail = nb_terminal_columns(numbers);
    if (tail > width)
        return;
    if (label + 2 + tail > width)
        label = 0;
    size_t bar = width - tail - (label ? label + 2 : 0);
    bar = bar < 6 ? 0 : bar > 32 ? 30 : bar - 2; // two spaces follow it
    fprintf(progress->stream, "\r%s%s", label ? progress->label : "", label ? "  " : "");
    size_t full = (size_t)(share(progress) * (double)bar);
    for (size_t i = 0; i < bar; i++)
        fputs(i < full ? (progress->utf8 ? "█" : "#") : (progress->utf8 ? "░" : "."),
              progress->stream);
    fputs(bar ? "  " : "", progress->stream);
    fputs(numbers, progress->stream);
    size_t used = (label ? label + 2 : 0) + (bar ? bar + 2 : 0) + tail;
    if (progress->dumb) // no sequence that erases: overwrite what a longer line left
        fprintf(progress->stream, "%*s", (int)(width - used), "");
    else
        fputs("\033[K", progress->stream);
    fflush(progress->stream);
    progress->visible = true;
}

void nb_progress_add(struct nb_progress *progress, double work, double items) {
    if (!progress->stream)
        return;
    progress->done += work;
    progress->items += items;
    double time = nb_now(), passed = time - progress->drawn;
    if (passed < SECONDS_BETWEEN_DRAWINGS)
        return;
    double latest = progress->items / passed, weight = 1 - exp(-passed / RATE_SECONDS);
    progress->rate =
        progress->rate > 0 ? progress->rate + weight * (latest - progress->rate) : latest;
    progress->items = 0;
    progress->drawn = time;
    draw(progress, time);
}

void nb_progress_skip(struct nb_progress *progress, double work) { progress->total -= work; }

void nb_progress_clear(struct nb_progress *progress) {
    if (!progress->visible)
        return;
    if (progress->dumb)
        fprintf(progress->stream, "\r%*s\r", (int)nb_terminal_width(progress->stream) - 1, "");
    else
        fputs("\r\033[K", progress->stream);
    fflush(progress->stream);
    progress->visible = false;
}

void nb_progress_end(struct nb_progress *progress) {
    nb_progress_clear(progress);
    progress->stream = NULL;
}
