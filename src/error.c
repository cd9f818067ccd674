// SPDX-License-Identifier: MIT
#include "src/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A text that is too long, such as a path, must not push the remedy out: the middle goes.
__attribute__((format(printf, 3, 0))) static void shorten(char *text, size_t size,
                                                          const char *format, va_list args) {
    char *whole;
    int length = vasprintf(&whole, format, args);
    if (length < 0)
        return;
    size_t half = size / 2 - 4;
    strcpy(text + half, " ... ");
    memcpy(text + half + 5, whole + (size_t)length - half, half + 1);
    free(whole);
}

void nb_one_line(char *text) {
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

enum nb_code(nb_error_set)(struct nb_error *error, enum nb_code code, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    if (vsnprintf(error->text, sizeof error->text, format, args) >= (int)sizeof error->text)
        shorten(error->text, sizeof error->text, format, again);
    va_end(again);
    va_end(args);
    nb_one_line(error->text); // a path may hold any byte
    error->code = code;
    return code;
}
