// SPDX-License-Identifier: MIT
// Pieces of an HTML page.
#ifndef NB_SRC_HTML_H
#define NB_SRC_HTML_H

#include <stdio.h>

#include "src/error.h"

// Writes text, UTF-8, so that it shows as it is and means nothing, also inside double quotes.
void nb_html_text(FILE *stream, const char *text);

// Writes the picture that gnuplot left at `path` as an element of the page: it scales with the
// page, is called `title` for those who do not see it, and its ids begin with `name`, so that they
// are unique in a page of many. NB_FAILED when it cannot be read.
enum nb_code nb_html_svg(FILE *stream, const char *path, const char *name, const char *title,
                         struct nb_error *error);

#endif
