// SPDX-License-Identifier: MIT
// For tests that need IDX files: a temporary folder, good files of any shape, and a check of the
// messages about bad ones.
#ifndef NB_TESTS_IDX_FILES_H
#define NB_TESTS_IDX_FILES_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "src/error.h"

struct bytes {
    size_t size;
    uint8_t *data;
};

// cmocka's setup and teardown: *state is the path of an empty folder, which is removed with all in
// it.
static inline int make_folder(void **state) {
    const char *base = getenv("TMPDIR");
    char *folder = NULL;
    if (asprintf(&folder, "%s/normbench-test-XXXXXX", base != NULL ? base : "/tmp") < 0)
        return -1;
    *state = mkdtemp(folder);
    return *state == NULL || chmod(folder, 0755) != 0;
}

static inline int remove_entry(const char *path, const struct stat *status, int type,
                               struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static inline int remove_folder(void **state) {
    int failed = nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return failed;
}

// The path of `name` in `folder`; good until the eighth call from here.
static inline const char *join(const char *folder, const char *name) {
    static char paths[8][PATH_MAX];
    static int next;
    char *path = paths[next++ % 8];
    assert_in_range(snprintf(path, PATH_MAX, "%s/%s", folder, name), 1, PATH_MAX - 1);
    return path;
}

static inline void write_bytes(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

// Appends one gzip member to the file.
static inline void append_gzip(const char *path, const void *data, size_t size) {
    gzFile file = gzopen(path, "ab6");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, data, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static inline void write_gzip(const char *path, const void *data, size_t size) {
    remove(path);
    append_gzip(path, data, size);
}

static inline struct bytes read_bytes(const char *path) {
    struct stat status;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    struct bytes bytes = {(size_t)status.st_size, malloc((size_t)status.st_size + 1)};
    assert_non_null(bytes.data);
    assert_int_equal(fread(bytes.data, 1, bytes.size, file), bytes.size);
    fclose(file);
    return bytes;
}

// The first `count` of a magic number and three sizes, big-endian.
static inline void put_header(uint8_t *to, uint32_t magic, size_t rows, size_t height, size_t width,
                              int count) {
    const size_t words[4] = {magic, rows, height, width};
    for (int i = 0; i < 4 * count; i++)
        to[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
}

// A good file of images; the pixels are noise that hardly compresses.
static inline struct bytes make_images(size_t rows, size_t height, size_t width) {
    struct bytes images = {16 + rows * height * width, malloc(16 + rows * height * width)};
    assert_non_null(images.data);
    put_header(images.data, 0x803, rows, height, width, 4);
    uint32_t noise = 1;
    for (size_t i = 16; i < images.size; i++)
        images.data[i] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
    return images;
}

// A good file of labels: 0, 1, 2, ... classes - 1, 0, 1, ...
static inline struct bytes make_labels(size_t rows, size_t classes) {
    struct bytes labels = {8 + rows, malloc(8 + rows)};
    assert_non_null(labels.data);
    put_header(labels.data, 0x801, rows, 0, 0, 2);
    for (size_t i = 0; i < rows; i++)
        labels.data[8 + i] = (uint8_t)(i % classes);
    return labels;
}

static inline void write_and_free(const char *path, struct bytes bytes, bool gzip) {
    (gzip ? write_gzip : write_bytes)(path, bytes.data, bytes.size);
    free(bytes.data);
}

// Fails unless `code` is the expected one, with a message of one line that has all the words
// (NULL-terminated).
static inline void check_message(enum nb_code code, const struct nb_error *error,
                                 enum nb_code expected, const char *const *words, const char *file,
                                 int line) {
    if (code != expected || (code != NB_OK && error->code != code)) {
        print_error("code %d instead of %d: %s\n", code, expected, error->text);
        _fail(file, line);
    }
    for (; *words != NULL; words++)
        if (strstr(error->text, *words) == NULL || strchr(error->text, '\n') != NULL) {
            print_error("'%s' should be in this one line: %s\n", *words, error->text);
            _fail(file, line);
        }
}
#define EXPECT_ERROR(code, error, expected, ...)                                             \
    check_message(code, error, expected, (const char *const[]){__VA_ARGS__, NULL}, __FILE__, \
                  __LINE__)

#endif
