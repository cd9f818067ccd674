// SPDX-License-Identifier: MIT
#include "src/error.h"

#include <stdarg.h>
#include <stdio.h>

void nb_one_line(char *text) {
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

enum nb_code nb_error_set(struct nb_error *error, enum nb_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    nb_one_line(error->text); // a path may hold any byte
    error->code = code;
    return code;
}
