// SPDX-License-Identifier: MIT
#include "src/sysfs.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool nb_sysfs_line(char *line, size_t size, const char *path, ...) {
    char full[PATH_MAX];
    va_list args;
    va_start(args, path);
    int length = vsnprintf(full, sizeof full, path, args);
    va_end(args);
    line[0] = '\0';
    if (length < 0 || length >= (int)sizeof full)
        return false;
    FILE *file = fopen(full, "r");
    if (!file)
        return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return read && line[0];
}

bool nb_sysfs_value(char *value, size_t size, const char *path, const char *key) {
    value[0] = '\0';
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    char line[4096]; // the longest lines, the CPU's flags, are shorter
    size_t length = strlen(key);
    while (!value[0] && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length) != 0)
            continue;
        char *start = line + length + strspn(line + length, " \t");
        if (*start != ':' && *start != '=')
            continue;
        start++;
        start += strspn(start, " \t\"");
        char *end = start + strlen(start);
        while (end > start && strchr(" \t\"\n", end[-1]))
            end--;
        snprintf(value, size, "%.*s", (int)(end - start), start);
    }
    fclose(file);
    return value[0];
}
