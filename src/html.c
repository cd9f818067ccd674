// SPDX-License-Identifier: MIT
#include "src/html.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void nb_html_text(FILE *stream, const char *text) {
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        case '"':
            fputs("&quot;", stream);
            break;
        default: // a control character is no character of HTML
            fputc((unsigned char)*text < ' ' && *text != '\n' ? ' ' : *text, stream);
        }
}

// The whole file as text, or NULL with errno set.
static char *read_text(const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t room = 0;
    errno = 0;
    bool read = getdelim(&text, &room, '\0', file) >= 0;
    int reason = errno;
    fclose(file);
    errno = reason;
    if (read)
        return text;
    free(text);
    return NULL;
}

// Copies SVG, with `name` and a hyphen before each id and each reference to one.
static void copy_unique(FILE *stream, const char *text, const char *name) {
    static const char *const starts[] = {" id=\"", " id='", "url(#", "href='#", "href=\"#"};
    bool inside = false; // of a tag, where ids are; between tags there is only text
    while (*text) {
        size_t length = 0;
        for (size_t i = 0; inside && i < sizeof starts / sizeof *starts; i++)
            if (strncmp(text, starts[i], strlen(starts[i])) == 0)
                length = strlen(starts[i]);
        if (length > 0) {
            fprintf(stream, "%.*s%s-", (int)length, text, name);
            text += length;
            continue;
        }
        inside = *text == '<' || (inside && *text != '>');
        fputc(*text++, stream);
    }
}

enum nb_code nb_html_svg(FILE *stream, const char *path, const char *name, const char *title,
                         struct nb_error *error) {
    char *text = read_text(path);
    const char *box = text == NULL ? NULL : strstr(text, "viewBox=\"");
    const char *body = box == NULL ? NULL : strstr(box, "</desc>");
    if (body == NULL) {
        enum nb_code code = nb_error_set(error, NB_FAILED,
                                         "cannot read the picture '%.400s': %s; run the command "
                                         "again",
                                         path,
                                         text != NULL ? "not gnuplot's"
                                         : errno == 0 ? "it is empty"
                                                      : strerror(errno));
        free(text);
        return code;
    }
    box += strlen("viewBox=\"");
    fprintf(stream, "<svg viewBox=\"%.*s\" role=\"img\" aria-labelledby=\"%s-title\">\n",
            (int)strcspn(box, "\""), box, name);
    fprintf(stream, "<title id=\"%s-title\">", name);
    nb_html_text(stream, title);
    fputs("</title>", stream);
    copy_unique(stream, body + strlen("</desc>"), name);
    free(text);
    return NB_OK;
}
