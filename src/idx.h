// SPDX-License-Identifier: MIT
// One IDX file of unsigned bytes, the format of MNIST, raw or gzip: a magic number, the sizes as
// big-endian 32-bit numbers, then the bytes. Source: http://yann.lecun.com/exdb/mnist/; gzip is RFC
// 1952.
#ifndef NB_SRC_IDX_H
#define NB_SRC_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "src/error.h"

// The magic numbers: type 8 (unsigned byte), then the number of dimensions.
enum nb_idx_kind { NB_IDX_LABELS = 0x801, NB_IDX_IMAGES = 0x803 };

struct nb_idx {
    size_t rows, height, width; // each at least 1; height and width of labels are 1
    uint8_t *bytes;             // (rows, height, width)
    char sha256[65];            // of the whole file after decompression, header included
};

// Reads the file of `path`, which must hold `kind` and nothing more. Raw or gzip is told by the
// content, not by the name. Trusts nothing: sizes that the file cannot hold are refused before
// memory is taken, and never more is decompressed than the header asks for. NB_DATA with one line
// and the remedy when the file is not right, NB_FAILED when memory is short. nb_idx_free releases
// it; after a failure there is nothing to release.
enum nb_code nb_idx_read(struct nb_idx *idx, const char *path, enum nb_idx_kind kind,
                         struct nb_error *error);

// The same from a file that is in memory, bytes (size); `name` stands for the path in messages.
enum nb_code nb_idx_read_bytes(struct nb_idx *idx, const char *name, const uint8_t *bytes,
                               size_t size, enum nb_idx_kind kind, struct nb_error *error);
void nb_idx_free(struct nb_idx *idx);

#endif
