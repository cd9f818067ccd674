// SPDX-License-Identifier: MIT
// replay FOLDER: gives every file of the folder to a fuzz target, in any build and with any
// compiler. What fuzzing once found stays found.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/harness.h"

static void feed(const char *folder, const char *name) {
    char path[4096];
    NB_REQUIRE(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    FILE *file = fopen(path, "rb");
    NB_REQUIRE(file != NULL && fseek(file, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    // Exactly as long as the input, so that AddressSanitizer and valgrind see where it ends.
    uint8_t *data = malloc(size);
    NB_REQUIRE(fread(data, 1, size, file) == size);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int argc, char **argv) {
    struct dirent **entries;
    int count = argc == 2 ? scandir(argv[1], &entries, NULL, alphasort) : -1, fed = 0;
    if (count < 0) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        if (*entries[i]->d_name != '.') {
            printf("%s\n", entries[i]->d_name);
            fflush(stdout); // the last name is that of an input that ends the process
            feed(argv[1], entries[i]->d_name);
            fed++;
        }
        free(entries[i]);
    }
    free(entries);
    printf("%d inputs\n", fed);
    return fed == 0;
}
