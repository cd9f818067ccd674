// SPDX-License-Identifier: MIT
// The sweep file. What is accepted has at least one part with values in range, and written as a new
// sweep file, with every option of every part, it is read back as the same.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/sweep_file.h"
#include "tests/fuzz/harness.h"

static const struct nb_option_group groups[] = {NB_GRID_GROUPS};

// All parts as a sweep file, to be freed.
static char *print(const struct nb_sweep_parts *parts, size_t *size) {
    char *text;
    FILE *stream = open_memstream(&text, size);
    NB_REQUIRE(stream != NULL);
    for (size_t i = 0; i < parts->count; i++) {
        fprintf(stream, "[%s]\n", parts->parts[i].name);
        for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
            for (const struct nb_option *option = groups[g].options; option->name != NULL;
                 option++) {
                char value[NB_OPTION_TEXT];
                if (nb_grid_option(option->name) != option)
                    continue;
                nb_fuzz_value(option, &parts->parts[i].grid, value);
                if (*value != '\0')
                    fprintf(stream, "%s %s\n", option->name, value);
            }
    }
    NB_REQUIRE(fclose(stream) == 0);
    return text;
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    static const struct nb_given none;
    struct nb_sweep_parts parts, again;
    struct nb_error error;
    enum nb_code code =
        nb_sweep_parts_read(&parts, nb_fuzz_file("file.sweep", data, size), &none, &error);
    nb_fuzz_check(code, &error);
    if (code != NB_OK) {
        NB_REQUIRE(parts.parts == NULL && parts.text == NULL);
        return;
    }
    NB_REQUIRE(parts.count >= 1 && parts.count <= NB_MAX_PARTS);
    for (size_t i = 0; i < parts.count; i++) {
        const struct nb_grid *grid = &parts.parts[i].grid;
        NB_REQUIRE(grid->batch_sizes.count >= 1 && grid->seeds.count >= 1 && grid->lrs.count >= 1);
        for (size_t k = 0; k < grid->batch_sizes.count; k++)
            NB_REQUIRE(grid->batch_sizes.values[k] >= 1);
        for (size_t k = 0; k < grid->lrs.count; k++)
            NB_REQUIRE(grid->lrs.values[k] > 0);
    }
    size_t length, same_length;
    char *printed = print(&parts, &length);
    const char *path = nb_fuzz_file("file.sweep", printed, length);
    NB_REQUIRE(nb_sweep_parts_read(&again, path, &none, &error) == NB_OK);
    char *same = print(&again, &same_length);
    NB_REQUIRE(strcmp(printed, same) == 0);
    free(same);
    free(printed);
    nb_sweep_parts_free(&again);
    nb_sweep_parts_free(&parts);
}
