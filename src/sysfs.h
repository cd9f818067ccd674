// SPDX-License-Identifier: MIT
// The small text files in which Linux describes itself (/sys, /proc, /etc/os-release).
#ifndef NB_SRC_SYSFS_H
#define NB_SRC_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

// The first line of a file, without its end. The path is built like printf's text. False, and an
// empty line, when there is nothing to read.
__attribute__((format(printf, 3, 4))) bool nb_sysfs_line(char *line, size_t size, const char *path,
                                                         ...);

// The value of the first line "KEY: VALUE" or "KEY=VALUE" of a file, without blanks and double
// quotes around it. False, and an empty value, when there is none.
bool nb_sysfs_value(char *value, size_t size, const char *path, const char *key);

#endif
