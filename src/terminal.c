// SPDX-License-Identifier: MIT
#include "src/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool set(const char *variable) {
    const char *value = getenv(variable);
    return value && value[0];
}

bool nb_terminal(FILE *stream) {
    int file = fileno(stream); // -1 for a stream in memory
    return file >= 0 && isatty(file);
}

bool nb_terminal_dumb(void) {
    const char *kind = getenv("TERM");
    return kind == NULL || *kind == '\0' || strcmp(kind, "dumb") == 0;
}

bool nb_terminal_colour(FILE *stream) {
    return nb_terminal(stream) && !nb_terminal_dumb() && !set("NO_COLOR");
}

bool nb_terminal_utf8(FILE *stream) {
    if (!nb_terminal(stream))
        return false;
    locale_t locale = newlocale(LC_CTYPE_MASK, "", NULL);
    if (!locale)
        return false;
    bool utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
    freelocale(locale);
    return utf8;
}

size_t nb_terminal_width(FILE *stream) {
    struct winsize size;
    int file = fileno(stream);
    if (file >= 0 && !ioctl(file, TIOCGWINSZ, &size) && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

size_t nb_terminal_columns(const char *text) {
    size_t columns = 0;
    for (; *text; text++)
        columns += (*text & 0xc0) != 0x80; // not the second or later byte of a character
    return columns;
}
