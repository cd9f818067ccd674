// SPDX-License-Identifier: MIT
// Sweep files for the tests.
#ifndef NB_TESTS_SWEEP_PARTS_H
#define NB_TESTS_SWEEP_PARTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/sweep_file.h"

static struct nb_error error;
static const struct nb_given nothing = {.count = 0};

// The parts of a file with this content.
static inline enum nb_code read_file(struct nb_sweep_parts *parts, const char *content,
                                     const struct nb_given *given) {
    char path[] = "/tmp/normbench-sweep-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, content, strlen(content)), strlen(content));
    close(descriptor);
    error = (struct nb_error){0};
    enum nb_code code = nb_sweep_parts_read(parts, path, given, &error);
    unlink(path);
    return code;
}

#endif
