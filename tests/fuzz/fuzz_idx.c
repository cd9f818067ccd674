// SPDX-License-Identifier: MIT
// The reader of IDX files, raw and gzip. A raw file is accepted if and only if its header says its
// size; a file and the same bytes in memory give the same; what was read, written as a raw file and
// read again is the same to the bit. Memory is in proportion to the file (-malloc_limit_mb).
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "src/idx.h"
#include "tests/fuzz/harness.h"

static uint64_t word(const uint8_t *bytes) {
    return (uint64_t)bytes[0] << 24 | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 | bytes[3];
}

// What src/idx.h promises of a raw file, said in another way.
static bool is_good(const uint8_t *data, size_t size, enum nb_idx_kind kind) {
    size_t header = kind == NB_IDX_IMAGES ? 16 : 8;
    if (size <= header || word(data) != kind)
        return false;
    uint64_t rest = size - header;
    for (size_t i = 4; i < header; i += 4) {
        uint64_t extent = word(data + i);
        if (extent == 0 || rest % extent != 0)
            return false;
        rest /= extent;
    }
    return rest == 1;
}

static void require_same(const struct nb_idx *a, const struct nb_idx *b) {
    NB_REQUIRE(a->rows == b->rows && a->height == b->height && a->width == b->width);
    NB_REQUIRE(memcmp(a->bytes, b->bytes, a->rows * a->height * a->width) == 0);
    NB_REQUIRE(strcmp(a->sha256, b->sha256) == 0);
}

static void put(uint8_t *to, size_t value) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

// Reads a raw file that is made of what was read.
static void read_back(const struct nb_idx *idx, enum nb_idx_kind kind) {
    size_t header = kind == NB_IDX_IMAGES ? 16 : 8, count = idx->rows * idx->height * idx->width;
    uint8_t *raw = malloc(header + count);
    NB_REQUIRE(raw != NULL);
    put(raw, kind);
    put(raw + 4, idx->rows);
    if (kind == NB_IDX_IMAGES) {
        put(raw + 8, idx->height);
        put(raw + 12, idx->width);
    }
    memcpy(raw + header, idx->bytes, count);
    struct nb_idx again;
    struct nb_error error;
    NB_REQUIRE(nb_idx_read_bytes(&again, "raw", raw, header + count, kind, &error) == NB_OK);
    require_same(idx, &again);
    nb_idx_free(&again);
    free(raw);
}

static void read_as(const char *path, const uint8_t *data, size_t size, enum nb_idx_kind kind) {
    struct nb_idx idx, same;
    struct nb_error error, same_error;
    enum nb_code code = nb_idx_read(&idx, path, kind, &error);
    nb_fuzz_check(code, &error);
    bool gzip = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
    NB_REQUIRE(gzip || (code == NB_OK) == is_good(data, size, kind));
    NB_REQUIRE(nb_idx_read_bytes(&same, path, data, size, kind, &same_error) == code);
    if (code != NB_OK) {
        NB_REQUIRE(idx.bytes == NULL && same.bytes == NULL);
        NB_REQUIRE(strcmp(error.text, same_error.text) == 0);
        return;
    }
    require_same(&idx, &same);
    read_back(&idx, kind);
    nb_idx_free(&idx);
    nb_idx_free(&same);
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    const char *path = nb_fuzz_file("idx", data, size);
    read_as(path, data, size, NB_IDX_IMAGES);
    read_as(path, data, size, NB_IDX_LABELS);
}
