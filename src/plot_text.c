// SPDX-License-Identifier: MIT
#include "src/plot_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Reads one character of UTF-8 and returns its length in bytes, 0 if it is not one.
static size_t decode(const unsigned char *s, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80             ? 1
                    : (s[0] & 0xe0) == 0xc0 ? 2
                    : (s[0] & 0xf0) == 0xe0 ? 3
                    : (s[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    if (length == 0)
        return 0;
    *character = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *character = *character << 6 | (s[i] & 0x3f);
    }
    bool surrogate = *character >= 0xd800 && *character <= 0xdfff;
    return *character < least[length] || *character > 0x10ffff || surrogate ? 0 : length;
}

void nb_plot_clean(char clean[NB_PLOT_TEXT], const char *text) {
    size_t used = 0;
    while (*text) {
        uint32_t character;
        size_t length = decode((const unsigned char *)text, &character);
        bool control = length > 0 && (character < ' ' || (character >= 0x7f && character < 0xa0));
        bool foreign = length == 0 || (character & 0xfffe) == 0xfffe; // not a character of XML
        if (used + (foreign ? 1 : length) >= NB_PLOT_TEXT)
            break;
        if (foreign)
            clean[used++] = '?';
        else if (control)
            clean[used++] = character == '\n' ? '\n' : ' ';
        else
            memcpy(clean + used, text, length), used += length;
        text += length > 0 ? length : 1;
    }
    clean[used] = '\0';
}

size_t nb_plot_bytes(const char *text, size_t columns) {
    size_t bytes = 0;
    while (text[bytes] && ((text[bytes] & 0xc0) == 0x80 || columns-- > 0))
        bytes++;
    return bytes;
}

void nb_plot_wrap(struct nb_plot_lines *lines, const char *text, size_t columns) {
    char clean[NB_PLOT_TEXT];
    nb_plot_clean(clean, text);
    lines->count = 0;
    for (char *at = clean; *at;) {
        size_t paragraph = strcspn(at, "\n"), length = nb_plot_bytes(at, columns);
        if (length >= paragraph) {
            length = paragraph;
        } else {
            size_t blank = length;
            while (blank > 0 && at[blank] != ' ')
                blank--;
            length = blank > 0 ? blank : length;
        }
        if (lines->count == NB_PLOT_LINES) { // no room for the rest
            strcpy(lines->text[NB_PLOT_LINES - 1] +
                       nb_plot_bytes(lines->text[NB_PLOT_LINES - 1], columns - 3),
                   "...");
            return;
        }
        sprintf(lines->text[lines->count++], "%.*s", (int)length, at);
        at += length;
        at += strspn(at, " \n");
    }
}
