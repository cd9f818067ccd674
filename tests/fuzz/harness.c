// SPDX-License-Identifier: MIT
#include "tests/fuzz/harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void nb_fuzz_broken(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

void nb_fuzz_check(enum nb_code code, const struct nb_error *error) {
    if (code == NB_OK)
        return;
    NB_REQUIRE(code == NB_FAILED || code == NB_USAGE || code == NB_DATA);
    NB_REQUIRE(error->code == code);
    size_t length = strnlen(error->text, sizeof error->text);
    NB_REQUIRE(length > 0);
    NB_REQUIRE(length < sizeof error->text - 1); // a longer one was cut, and its remedy with it
    for (size_t i = 0; i < length; i++)
        NB_REQUIRE((unsigned char)error->text[i] >= ' ' && error->text[i] != 0x7f);
}

void nb_fuzz_value(const struct nb_option *option, void *options, char text[NB_OPTION_TEXT]) {
    const char *field = (char *)options + option->offset;
    struct nb_error error;
    option->type->format(option, field, text);
    if (strlen(text) < NB_OPTION_TEXT - 1)
        return;
    NB_REQUIRE(nb_option_set(option, option->name, "7", options, &error) == NB_OK);
    option->type->format(option, field, text);
}

static char folder[PATH_MAX];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static void remove_folder(void) { nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS); }

const char *nb_fuzz_folder(void) {
    if (*folder == '\0') {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/normbench-fuzz-XXXXXX", base == NULL ? "/tmp" : base);
        NB_REQUIRE(mkdtemp(folder) != NULL);
        atexit(remove_folder);
    }
    return folder;
}

const char *nb_fuzz_file(const char *name, const void *data, size_t size) {
    static char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", nb_fuzz_folder(), name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    NB_REQUIRE(descriptor >= 0);
    NB_REQUIRE(write(descriptor, data, size) == (ssize_t)size);
    close(descriptor);
    return path;
}

char *nb_fuzz_text(const uint8_t *data, size_t size) {
    char *text = calloc(1, size + 1);
    NB_REQUIRE(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    return text;
}

// The number that the next file to be opened will have.
static int next_descriptor(void) {
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    NB_REQUIRE(descriptor >= 0);
    close(descriptor);
    return descriptor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int before = next_descriptor();
    nb_fuzz_target(data, size);
    NB_REQUIRE(next_descriptor() == before);
    return 0;
}
