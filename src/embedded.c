// SPDX-License-Identifier: MIT
#include "src/embedded.h"

#include <string.h>

const struct nb_embedded *nb_embedded_file(const char *name) {
    const struct nb_embedded *file = nb_embedded_files;
    while (strcmp(file->name, name) != 0)
        file++;
    return file;
}
