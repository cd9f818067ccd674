// SPDX-License-Identifier: MIT
#include "src/dataset.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/embedded.h"
#include "src/idx.h"

enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, FILES };

// The names of the four files as published.
static const char *const file_names[FILES] = {
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
};

// The data sets that have a name, with the SHA-256 of their files after decompression.
static const struct known {
    const char *name, *title, *remedy;
    const char *sha256[FILES];
} catalogue[] = {
    {
        "mnist",
        "MNIST",
        "run script/fetch-data mnist",
        {
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    },
    {
        "fashion-mnist",
        "Fashion-MNIST",
        "run script/fetch-data fashion-mnist, or install Debian's dataset-fashion-mnist",
        {
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    },
};
#define KNOWN (sizeof catalogue / sizeof catalogue[0])

static const struct known *find_known(const char *name) {
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(catalogue[i].name, name) == 0)
            return &catalogue[i];
    return NULL;
}

// Where a data set was found, and how far it is trusted.
struct place {
    char folder[PATH_MAX];
    char files[FILES][PATH_MAX];
    bool chosen; // the user named the folder, so any data set may be in it
};

// Finds file `which` of `folder` under one of its usual names. A regular file goes before anything
// else: unpacked archives are seen in which train-images-idx3-ubyte is a directory beside the file
// train-images.idx3-ubyte.
static bool find_file(const char *folder, int which, char path[PATH_MAX]) {
    bool found = false;
    for (int form = 0; form < 4; form++) {
        char candidate[PATH_MAX];
        int length = snprintf(candidate, PATH_MAX, "%s/%s%s", folder, file_names[which],
                              form < 2 ? "" : ".gz");
        struct stat status;
        if (length >= PATH_MAX)
            continue;
        if (form % 2 == 1)
            *strstr(candidate + strlen(folder), "-idx") = '.';
        if (stat(candidate, &status) != 0)
            continue;
        strcpy(path, candidate);
        found = true;
        if (S_ISREG(status.st_mode))
            break;
    }
    return found;
}

// Finds the files of place->folder; returns how many of the four there are.
static int find_files(struct place *place) {
    int found = 0;
    for (int i = 0; i < FILES; i++) {
        place->files[i][0] = '\0';
        found += find_file(place->folder, i, place->files[i]);
    }
    return found;
}

static enum nb_code find_in_named_folder(struct place *place, const struct known *known,
                                         const char *folder, struct nb_error *error) {
    place->chosen = true;
    struct stat status;
    if (stat(folder, &status) != 0) // also for a path of PATH_MAX or more
        return nb_error_set(
            error, NB_DATA,
            "%s: cannot open this folder: %s; name the one with the four files, or %s", folder,
            strerror(errno), known->remedy);
    if (!S_ISDIR(status.st_mode))
        return nb_error_set(error, NB_DATA,
                            "%s: is not a folder; name the folder that holds the four files",
                            folder);
    if (access(folder, X_OK) != 0)
        return nb_error_set(error, NB_DATA,
                            "%s: cannot open this folder: %s; change its permissions", folder,
                            strerror(errno));
    strcpy(place->folder, folder);
    if (find_files(place) == 0)
        return nb_error_set(error, NB_DATA,
                            "%s: holds none of the files %s, %s, %s, %s (raw or .gz); name the "
                            "folder that does, or %s",
                            folder, file_names[0], file_names[1], file_names[2], file_names[3],
                            known->remedy);
    return NB_OK;
}

// A variable that is set but empty counts as unset.
static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum nb_code search(struct place *place, const struct known *known, struct nb_error *error) {
    const char *own = environment("NORMBENCH_DATA_DIR"), *cache = environment("XDG_CACHE_HOME"),
               *home = environment("HOME");
    char searched[3 * (PATH_MAX + 2)] = "", *end = searched;
    for (int step = 0; step < 4; step++) {
        place->chosen = step == 0;
        int length = 0;
        if (step == 0 && own != NULL)
            length = snprintf(place->folder, PATH_MAX, "%s", own);
        else if (step == 1 && cache != NULL)
            length = snprintf(place->folder, PATH_MAX, "%s/normbench/%s", cache, known->name);
        else if (step == 2 && cache == NULL && home != NULL)
            length = snprintf(place->folder, PATH_MAX, "%s/.cache/normbench/%s", home, known->name);
        else if (step == 3)
            length = snprintf(place->folder, PATH_MAX, "/usr/share/datasets/%s", known->name);
        if (length == 0 || length >= PATH_MAX)
            continue;
        if (find_files(place) > 0)
            return NB_OK;
        end = stpcpy(stpcpy(end, end == searched ? "" : ", "), place->folder);
    }
    // The remedy comes first: the list of folders may be too long for the line.
    return nb_error_set(error, NB_DATA,
                        "no data set %s: %s, or give its folder with --data-dir; searched %s",
                        known->name, known->remedy, searched);
}

static enum nb_code check_sizes(const struct nb_idx files[FILES], const struct place *place,
                                struct nb_error *error) {
    for (int i = 0; i < FILES; i += 2)
        if (files[i].rows != files[i + 1].rows)
            return nb_error_set(
                error, NB_DATA,
                "%s: has %zu images, but %s has %zu labels; replace the wrong one of the two",
                place->files[i], files[i].rows, place->files[i + 1], files[i + 1].rows);
    const struct nb_idx *train = &files[TRAIN_IMAGES], *test = &files[TEST_IMAGES];
    if (train->height != test->height || train->width != test->width)
        return nb_error_set(
            error, NB_DATA,
            "%s: has images of %zu x %zu, but %s has %zu x %zu; use files of one data set",
            place->files[TRAIN_IMAGES], train->height, train->width, place->files[TEST_IMAGES],
            test->height, test->width);
    return NB_OK;
}

static enum nb_code check_labels(const struct nb_idx *file, const char *path, size_t classes,
                                 struct nb_error *error) {
    size_t first = file->rows, largest = 0;
    for (size_t row = 0; row < file->rows; row++) {
        size_t label = file->bytes[row];
        if (label >= classes && first == file->rows)
            first = row;
        if (label > largest)
            largest = label;
    }
    if (first == file->rows)
        return NB_OK;
    return nb_error_set(
        error, NB_DATA,
        "%s: row %zu (counted from 0) has label %u, but there are %zu classes (0 is the first); "
        "use --classes %zu if the labels are right, else replace the file",
        path, first, (unsigned)file->bytes[first], classes, largest + 1);
}

// The sample of MNIST that is part of this program, as the four files of tests/data.
static const char sample_name[] = "mnist-sample";

static enum nb_code read_sample(struct nb_idx files[FILES], const char *folder, size_t classes,
                                struct nb_error *error) {
    if (folder != NULL)
        return nb_error_set(error, NB_USAGE,
                            "%s is part of this program: leave out --data-dir and "
                            "NORMBENCH_DATA_DIR",
                            sample_name);
    enum nb_code code = NB_OK;
    for (int i = 0; i < FILES && code == NB_OK; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.gz", file_names[i]);
        const struct nb_embedded *file = nb_embedded_file(name);
        code = nb_idx_read_bytes(&files[i], name, file->bytes, file->size,
                                 i % 2 == 0 ? NB_IDX_IMAGES : NB_IDX_LABELS, error);
    }
    for (int i = TRAIN_LABELS; i < FILES && code == NB_OK; i += 2)
        code = check_labels(&files[i], sample_name, classes, error);
    return code;
}

static bool is_published(const struct nb_idx files[FILES], const struct known *known) {
    bool same = true;
    for (int i = 0; i < FILES; i++)
        same = same && strcmp(files[i].sha256, known->sha256[i]) == 0;
    return same;
}

static enum nb_code check_published(const struct nb_idx files[FILES], const struct place *place,
                                    const struct known *known, struct nb_error *error) {
    // All data sets use the same file names, so a folder is easily taken for another.
    for (size_t i = 0; i < KNOWN; i++)
        if (&catalogue[i] != known && is_published(files, &catalogue[i]))
            return nb_error_set(error, NB_DATA,
                                "%s: holds %s, not %s; use --dataset %s, or another folder",
                                place->folder, catalogue[i].name, known->name, catalogue[i].name);
    for (int i = 0; i < FILES && !place->chosen; i++)
        if (strcmp(files[i].sha256, known->sha256[i]) != 0)
            return nb_error_set(error, NB_DATA,
                                "%s: is not the published file of %s: its SHA-256 is %s, not %s; "
                                "remove it and %s, or give its folder with --data-dir to use it",
                                place->files[i], known->name, files[i].sha256, known->sha256[i],
                                known->remedy);
    return NB_OK;
}

static enum nb_code read_files(struct nb_idx files[FILES], const struct place *place,
                               const struct known *known, size_t classes, struct nb_error *error) {
    for (int i = 0; i < FILES; i++)
        if (place->files[i][0] == '\0')
            return nb_error_set(error, NB_DATA, "%s: lacks the file %s (raw or .gz); add it, or %s",
                                place->folder, file_names[i], known->remedy);
    enum nb_code code = NB_OK;
    for (int i = 0; i < FILES && code == NB_OK; i++)
        code = nb_idx_read(&files[i], place->files[i], i % 2 == 0 ? NB_IDX_IMAGES : NB_IDX_LABELS,
                           error);
    if (code == NB_OK)
        code = check_published(files, place, known, error);
    if (code == NB_OK)
        code = check_sizes(files, place, error);
    if (code == NB_OK)
        code = check_labels(&files[TRAIN_LABELS], place->files[TRAIN_LABELS], classes, error);
    if (code == NB_OK)
        code = check_labels(&files[TEST_LABELS], place->files[TEST_LABELS], classes, error);
    return code;
}

// Finds and reads the files of a data set of the catalogue.
static enum nb_code read_known(struct nb_idx files[FILES], struct place *place,
                               const struct known *known, const char *folder, size_t classes,
                               struct nb_error *error) {
    enum nb_code code = folder != NULL ? find_in_named_folder(place, known, folder, error)
                                       : search(place, known, error);
    return code == NB_OK ? read_files(files, place, known, classes, error) : code;
}

enum nb_code nb_dataset_load(struct nb_dataset *dataset, const char *name, const char *folder,
                             size_t classes, struct nb_error *error) {
    *dataset = (struct nb_dataset){0};
    const struct known *known = find_known(name);
    bool sample = strcmp(name, sample_name) == 0;
    if (known == NULL && !sample)
        return nb_error_set(error, NB_USAGE,
                            "unknown data set '%s'; use mnist, fashion-mnist or mnist-sample; for "
                            "your own data one of the first two with --data-dir",
                            name);
    struct place place = {.folder = "this program"};
    struct nb_idx files[FILES] = {0};
    enum nb_code code = sample ? read_sample(files, folder, classes, error)
                               : read_known(files, &place, known, folder, classes, error);
    if (code == NB_OK && (dataset->folder = strdup(place.folder)) == NULL)
        code = nb_error_set(error, NB_FAILED, "no memory for the data set; free some");
    if (code != NB_OK) {
        for (int i = 0; i < FILES; i++)
            nb_idx_free(&files[i]);
        return code;
    }

    const struct nb_idx *train = &files[TRAIN_IMAGES], *test = &files[TEST_IMAGES];
    snprintf(dataset->name, sizeof dataset->name, "%s", name);
    dataset->features = train->height * train->width;
    dataset->classes = classes;
    dataset->train = (struct nb_split){train->rows, train->bytes, files[TRAIN_LABELS].bytes};
    dataset->test = (struct nb_split){test->rows, test->bytes, files[TEST_LABELS].bytes};
    dataset->published = sample || is_published(files, known);
    for (int i = 0; i < FILES; i++)
        strcpy(dataset->sha256[i], files[i].sha256);
    return NB_OK;
}

void nb_dataset_free(struct nb_dataset *dataset) {
    free(dataset->folder);
    free(dataset->train.pixels);
    free(dataset->train.labels);
    free(dataset->test.pixels);
    free(dataset->test.labels);
    *dataset = (struct nb_dataset){0};
}

const char *nb_dataset_title(const char *name) {
    const struct known *known = find_known(name);
    return known != NULL                    ? known->title
           : strcmp(name, sample_name) == 0 ? "a sample of MNIST"
                                            : name;
}
