// SPDX-License-Identifier: MIT
// The four files of a data set: a byte that says how many classes, then each file after its size (2
// bytes, big-endian; 0xffff: the file is missing). What is accepted has as many labels as images,
// images of one size, and no label that is not a class.
#include <stdio.h>
#include <unistd.h>

#include "src/dataset.h"
#include "tests/fuzz/harness.h"

static void check_split(const struct nb_split *split, const struct nb_dataset *dataset) {
    NB_REQUIRE(split->rows > 0 && dataset->features > 0);
    unsigned sum = 0; // touches every byte that there should be
    for (size_t i = 0; i < split->rows * dataset->features; i++)
        sum += split->pixels[i];
    NB_REQUIRE(sum <= 255 * split->rows * dataset->features);
    for (size_t i = 0; i < split->rows; i++)
        NB_REQUIRE(split->labels[i] < dataset->classes);
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz",
                                        "t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte"};
    if (size == 0)
        return;
    const uint8_t *end = data + size;
    size_t classes = 1u + *data++;
    for (int i = 0; i < 4; i++) {
        size_t length = end - data < 2 ? 0xffff : (size_t)(data[0] << 8 | data[1]);
        data += end - data < 2 ? end - data : 2;
        bool missing = length == 0xffff;
        if (missing || length > (size_t)(end - data))
            length = missing ? 0 : (size_t)(end - data);
        const char *path = nb_fuzz_file(names[i], data, length);
        if (missing)
            unlink(path);
        data += length;
    }
    struct nb_dataset dataset;
    struct nb_error error;
    enum nb_code code = nb_dataset_load(&dataset, "mnist", nb_fuzz_folder(), classes, &error);
    nb_fuzz_check(code, &error);
    if (code != NB_OK)
        return;
    check_split(&dataset.train, &dataset);
    check_split(&dataset.test, &dataset);
    NB_REQUIRE(!dataset.published);
    nb_dataset_free(&dataset);
}
