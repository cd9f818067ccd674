// SPDX-License-Identifier: MIT
#include "src/error.h"

#include <stdarg.h>
#include <stdio.h>

enum nb_code(nb_error_set)(struct nb_error *error, enum nb_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    // A path may hold any byte; the message stays one line and sends nothing to the terminal.
    for (char *c = error->text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    error->code = code;
    return code;
}
