// SPDX-License-Identifier: MIT
// A data set of four files: names, shapes, the search path, checksums, and files that do not belong
// together.
#include "tests/idx_files.h"

#include "src/dataset.h"

#define TRAIN_IMAGES "train-images-idx3-ubyte"
#define TRAIN_LABELS "train-labels-idx1-ubyte"
#define TEST_IMAGES "t10k-images-idx3-ubyte"
#define TEST_LABELS "t10k-labels-idx1-ubyte"
#define FASHION "/usr/share/datasets/fashion-mnist"

// Writes 20 training rows and 10 test rows of height x width.
static void write_set(const char *folder, size_t height, size_t width, size_t classes, bool gzip) {
    const char *suffix = gzip ? ".gz" : "";
    char name[4][64];
    static const char *const names[] = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS};
    for (int i = 0; i < 4; i++)
        snprintf(name[i], sizeof name[i], "%s%s", names[i], suffix);
    write_and_free(join(folder, name[0]), make_images(20, height, width), gzip);
    write_and_free(join(folder, name[1]), make_labels(20, classes), gzip);
    write_and_free(join(folder, name[2]), make_images(10, height, width), gzip);
    write_and_free(join(folder, name[3]), make_labels(10, classes), gzip);
}

static void expect_good(const char *folder, size_t features, size_t classes) {
    struct nb_dataset set;
    struct nb_error error;
    EXPECT_ERROR(nb_dataset_load(&set, "mnist", folder, classes, &error), &error, NB_OK, NULL);
    assert_string_equal(set.name, "mnist");
    assert_string_equal(set.folder, folder);
    assert_int_equal(set.features, features);
    assert_int_equal(set.classes, classes);
    assert_int_equal(set.train.rows, 20);
    assert_int_equal(set.test.rows, 10);
    assert_false(set.published);
    struct bytes images = make_images(20, 1, features), labels = make_labels(20, classes);
    assert_memory_equal(set.train.pixels, images.data + 16, 20 * features);
    assert_memory_equal(set.test.pixels, images.data + 16, 10 * features);
    assert_memory_equal(set.train.labels, labels.data + 8, 20);
    assert_memory_equal(set.test.labels, labels.data + 8, 10);
    free(images.data);
    free(labels.data);
    nb_dataset_free(&set);
    assert_null(set.train.pixels);
}

#define EXPECT_REFUSED(name, from, classes, expected, ...)                      \
    do {                                                                        \
        struct nb_dataset refused_set;                                          \
        struct nb_error refused_error;                                          \
        enum nb_code refused_code =                                             \
            nb_dataset_load(&refused_set, name, from, classes, &refused_error); \
        EXPECT_ERROR(refused_code, &refused_error, expected, __VA_ARGS__);      \
        assert_null(refused_set.folder);                                        \
        assert_null(refused_set.train.pixels);                                  \
    } while (0)

static void expect_sample(const char *name, const char *folder) {
    // Computed by sha256sum.
    static const char *const sha256[] = {
        "9f5cc2321c4350b367113ed2734d1b55682b8be72c67f63561cdfed0a30d0e9f",
        "c31a882bf84c9d4673d69edc7713b41be58114c5bfe6d4bc03fbc6186424ed15",
        "6f316164492b695cab1dc27e5c41e2692e08f28235b86fa8f9e4f97d6897b801",
        "754d5c71189e80757780dc02a3d9540278edfbad25b2fb1c1d7b0d0d759da99f",
    };
    struct nb_dataset set;
    struct nb_error error;
    EXPECT_ERROR(nb_dataset_load(&set, name, folder, 10, &error), &error, NB_OK, NULL);
    assert_string_equal(set.name, name);
    assert_int_equal(set.features, 784);
    assert_int_equal(set.train.rows, 1000);
    assert_int_equal(set.test.rows, 500);
    assert_int_equal(set.train.labels[0], 5); // MNIST's first rows
    assert_int_equal(set.test.labels[0], 7);
    assert_int_equal(set.published, folder == NULL);
    for (int i = 0; i < 4; i++)
        assert_string_equal(set.sha256[i], sha256[i]);
    nb_dataset_free(&set);
}

static void reads_the_sample(void **state) {
    (void)state;
    const char *folder = getenv("NORMBENCH_TEST_DATA");
    if (folder == NULL)
        skip();
    expect_sample("mnist", folder);
}

static void has_the_sample_built_in(void **state) {
    expect_sample("mnist-sample", NULL);
    EXPECT_REFUSED("mnist-sample", *state, 10, NB_USAGE, "leave out --data-dir");
    EXPECT_REFUSED("mnist-sample", NULL, 9, NB_DATA, "--classes 10");
}

static void reads_any_shape(void **state) {
    for (int gzip = 0; gzip < 2; gzip++) {
        write_set(*state, 5, 7, 3, gzip == 1);
        expect_good(*state, 35, 3);
        write_set(*state, 1, 1, 2, gzip == 1);
        expect_good(*state, 1, 2);
        write_set(*state, 64, 32, 200, gzip == 1);
        expect_good(*state, 2048, 200);
        static const char *const names[] = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS};
        for (int i = 0; i < 4; i++) // raw files go first, so they must not stay
            remove(join(*state, names[i]));
    }
}

static void reads_the_names_in_use(void **state) {
    write_set(*state, 5, 7, 3, false);
    rename(join(*state, TRAIN_IMAGES), join(*state, "train-images.idx3-ubyte"));
    rename(join(*state, TRAIN_LABELS),
           join(*state, "train-labels-idx1-ubyte.gz")); // unpacked, but still so named
    write_and_free(join(*state, "t10k-labels.idx1-ubyte.gz"), make_labels(10, 3), true);
    remove(join(*state, TEST_LABELS));
    expect_good(*state, 35, 3);
    // Archives in which a directory has the usual name.
    assert_int_equal(mkdir(join(*state, TRAIN_IMAGES), 0755), 0);
    expect_good(*state, 35, 3);
}

static void set_search(const char *own, const char *cache, const char *home) {
    const char *const names[] = {"NORMBENCH_DATA_DIR", "XDG_CACHE_HOME", "HOME"},
                      *const values[] = {own, cache, home};
    for (int i = 0; i < 3; i++)
        if (values[i] == NULL)
            unsetenv(names[i]);
        else
            setenv(names[i], values[i], 1);
}

static void make_folders(const char *root, const char *const *parts, char *path) {
    strcpy(path, root);
    for (; *parts != NULL; parts++) {
        strcpy(path, join(path, *parts));
        mkdir(path, 0755);
    }
}

static void searches_the_folders_in_order(void **state) {
    char own[PATH_MAX], xdg[PATH_MAX], home[PATH_MAX], empty[PATH_MAX];
    make_folders(*state, (const char *const[]){"own", NULL}, own);
    make_folders(*state, (const char *const[]){"empty", NULL}, empty);
    make_folders(*state, (const char *const[]){"xdg", "normbench", "mnist", NULL}, xdg);
    make_folders(*state, (const char *const[]){"home", ".cache", "normbench", "mnist", NULL}, home);
    write_set(own, 5, 7, 3, false);
    write_set(xdg, 5, 7, 3, true);
    write_set(home, 5, 7, 3, true);
    const char *xdg_root = join(*state, "xdg"), *home_root = join(*state, "home");

    // The folder that the user names may hold any data set. The others must hold the published one,
    // and the refusal of this one shows where it was found.
    struct nb_dataset set;
    struct nb_error error;
    set_search(own, xdg_root, home_root);
    EXPECT_ERROR(nb_dataset_load(&set, "mnist", NULL, 3, &error), &error, NB_OK, NULL);
    assert_string_equal(set.folder, own);
    assert_false(set.published);
    nb_dataset_free(&set);
    expect_good(xdg, 35, 3); // an argument goes before the environment

    const char *not_own[] = {NULL, "", empty, "/nowhere"};
    for (int i = 0; i < 4; i++) {
        set_search(not_own[i], xdg_root, home_root);
        EXPECT_REFUSED("mnist", NULL, 3, NB_DATA, xdg,
                       "train-images-idx3-ubyte.gz: is not the published file of mnist",
                       "not ba891046e6505d7a", "script/fetch-data mnist", "--data-dir");
        set_search(not_own[i], NULL, home_root);
        EXPECT_REFUSED("mnist", NULL, 3, NB_DATA, home, "is not the published file of mnist");
        set_search(not_own[i], "", home_root);
        EXPECT_REFUSED("mnist", NULL, 3, NB_DATA, home, "is not the published file of mnist");
    }
}

static void says_where_it_searched(void **state) {
    if (access("/usr/share/datasets/mnist", F_OK) == 0)
        skip();
    char own[PATH_MAX], root[PATH_MAX];
    strcpy(own, join(*state, "own"));
    strcpy(root, *state);
    set_search(own, root, root);
    EXPECT_REFUSED("mnist", NULL, 10, NB_DATA, "no data set mnist: run script/fetch-data mnist, or",
                   "--data-dir", own, join(root, "normbench/mnist"), "/usr/share/datasets/mnist");
    set_search(NULL, NULL, root);
    EXPECT_REFUSED("mnist", NULL, 10, NB_DATA, join(root, ".cache/normbench/mnist"));
    set_search(NULL, "/nowhere", root); // which replaces ~/.cache
    EXPECT_REFUSED("mnist", NULL, 10, NB_DATA,
                   "searched /nowhere/normbench/mnist, /usr/share/datasets/mnist");
    set_search(NULL, NULL, NULL);
    EXPECT_REFUSED("mnist", NULL, 10, NB_DATA, "searched /usr/share/datasets/mnist");

    char endless[2 * PATH_MAX];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    set_search(endless, endless, endless);
    EXPECT_REFUSED("mnist", NULL, 10, NB_DATA, "searched /usr/share/datasets/mnist");
    endless[PATH_MAX - 100] = '\0'; // these folders can be, but not their files' paths
    set_search(endless, endless, NULL);
    EXPECT_REFUSED("mnist", NULL, 10, NB_DATA, "script/fetch-data mnist", "--data-dir", "xxxx");
}

static void names_and_folders_that_cannot_be(void **state) {
    EXPECT_REFUSED("cifar", NULL, 10, NB_USAGE, "unknown data set 'cifar'", "mnist",
                   "fashion-mnist");
    EXPECT_REFUSED("", *state, 10, NB_USAGE, "unknown data set ''");
    EXPECT_REFUSED("mnist/../x", *state, 10, NB_USAGE, "unknown data set");
    EXPECT_REFUSED("mnist", *state, 10, NB_DATA, *state, "holds none of the files", TRAIN_IMAGES,
                   TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, "script/fetch-data mnist");
    EXPECT_REFUSED("fashion-mnist", *state, 10, NB_DATA, "script/fetch-data fashion-mnist",
                   "dataset-fashion-mnist");
    EXPECT_REFUSED("mnist", join(*state, "none"), 10, NB_DATA,
                   "none: cannot open this folder: No such file", "script/fetch-data mnist");
    EXPECT_REFUSED("mnist", "", 10, NB_DATA, "cannot open this folder");
    write_and_free(join(*state, "file"), make_images(1, 1, 1), false);
    EXPECT_REFUSED("mnist", join(*state, "file"), 10, NB_DATA, "file: is not a folder");
}

static void refuses_a_folder_that_lacks_a_file(void **state) {
    static const char *const names[] = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS};
    for (int i = 0; i < 4; i++) {
        write_set(*state, 5, 7, 3, false);
        remove(join(*state, names[i]));
        EXPECT_REFUSED("mnist", *state, 3, NB_DATA, *state, "lacks the file", names[i],
                       "script/fetch-data mnist");
    }
}

static void refuses_files_that_do_not_belong_together(void **state) {
    write_set(*state, 5, 7, 3, false);
    write_and_free(join(*state, TRAIN_LABELS), make_labels(19, 3), false);
    EXPECT_REFUSED("mnist", *state, 3, NB_DATA, TRAIN_IMAGES ": has 20 images",
                   TRAIN_LABELS " has 19 labels", "replace");
    write_set(*state, 5, 7, 3, false);
    write_and_free(join(*state, TEST_LABELS), make_labels(11, 3), false);
    EXPECT_REFUSED("mnist", *state, 3, NB_DATA, TEST_IMAGES ": has 10 images",
                   TEST_LABELS " has 11 labels", "replace");
    write_set(*state, 5, 7, 3, false);
    write_and_free(join(*state, TEST_IMAGES), make_images(10, 7, 5), false);
    EXPECT_REFUSED("mnist", *state, 3, NB_DATA, TRAIN_IMAGES ": has images of 5 x 7",
                   TEST_IMAGES " has 7 x 5", "files of one data set");
}

static void refuses_labels_out_of_range(void **state) {
    write_set(*state, 5, 7, 3, false);
    EXPECT_REFUSED("mnist", *state, 2, NB_DATA, TRAIN_LABELS ": row 2 ",
                   "label 2, but there are 2 classes", "use --classes 3");
    write_set(*state, 5, 7, 200, true);
    remove(join(*state, TRAIN_LABELS));
    remove(join(*state, TEST_LABELS));
    EXPECT_REFUSED("mnist", *state, 10, NB_DATA, TRAIN_LABELS ".gz: row 10 ", "label 10,",
                   "use --classes 20 ");
    EXPECT_REFUSED("mnist", *state, 0, NB_DATA, "row 0 ", "--classes 20 ");

    struct bytes labels = make_labels(10, 3);
    labels.data[8 + 9] = 255;
    write_and_free(join(*state, TEST_LABELS), labels, false);
    EXPECT_REFUSED("mnist", *state, 20, NB_DATA, TEST_LABELS ": row 9 ", "label 255,",
                   "use --classes 256 ");
    struct nb_dataset set;
    struct nb_error error;
    EXPECT_ERROR(nb_dataset_load(&set, "mnist", *state, 256, &error), &error, NB_OK, NULL);
    nb_dataset_free(&set);
}

// What one bad file means is the business of test_idx.c; here, that each of the four is looked at.
static void refuses_each_bad_file(void **state) {
    static const char *const names[] = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS};
    for (int i = 0; i < 4; i++) {
        write_set(*state, 5, 7, 3, false);
        const char *path = join(*state, names[i]);
        struct bytes whole = read_bytes(path);
        whole.data[whole.size] = 0;
        write_bytes(path, whole.data, whole.size - 1);
        EXPECT_REFUSED("mnist", *state, 3, NB_DATA, path, "truncated", "script/fetch-data");
        write_bytes(path, whole.data, whole.size + 1);
        EXPECT_REFUSED("mnist", *state, 3, NB_DATA, path, "trailing bytes", "script/fetch-data");
        whole.data[3] ^= 4;
        write_bytes(path, whole.data, whole.size);
        EXPECT_REFUSED("mnist", *state, 3, NB_DATA, path, "bad magic number", "script/fetch-data");
        write_bytes(path, "<html>", 6);
        EXPECT_REFUSED("mnist", *state, 3, NB_DATA, path, "web page (HTML)", "script/fetch-data");
        free(whole.data);
        remove(path);
        mkdir(path, 0755);
        EXPECT_REFUSED("mnist", *state, 3, NB_DATA, path, "is a directory", "script/fetch-data");
        rmdir(path);
    }
}

// Needs the real Fashion-MNIST of Debian's dataset-fashion-mnist.
static void knows_published_data(void **state) {
    if (access(FASHION, F_OK) != 0)
        skip();
    char cache[PATH_MAX];
    make_folders(*state, (const char *const[]){"normbench", "fashion-mnist", NULL}, cache);
    static const char *const names[] = {TRAIN_IMAGES ".gz", TRAIN_LABELS ".gz", TEST_IMAGES ".gz",
                                        TEST_LABELS ".gz"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(symlink(join(FASHION, names[i]), join(cache, names[i])), 0);
    set_search(NULL, *state, NULL);
    struct nb_dataset set;
    struct nb_error error;
    EXPECT_ERROR(nb_dataset_load(&set, "fashion-mnist", NULL, 10, &error), &error, NB_OK, NULL);
    assert_string_equal(set.folder, cache);
    assert_string_equal(set.name, "fashion-mnist");
    assert_true(set.published);
    assert_int_equal(set.train.rows, 60000);
    assert_int_equal(set.test.rows, 10000);
    nb_dataset_free(&set);
    EXPECT_REFUSED("mnist", cache, 10, NB_DATA, cache, "holds fashion-mnist, not mnist",
                   "--dataset fashion-mnist");

    // One file that is another, though it fits.
    remove(join(cache, names[1]));
    write_and_free(join(cache, TRAIN_LABELS), make_labels(60000, 10), false);
    EXPECT_REFUSED("fashion-mnist", NULL, 10, NB_DATA, join(cache, TRAIN_LABELS),
                   "is not the published file of fashion-mnist", "not bad3541b69d91243");
    EXPECT_ERROR(nb_dataset_load(&set, "fashion-mnist", cache, 10, &error), &error, NB_OK, NULL);
    assert_false(set.published);
    nb_dataset_free(&set);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_sample),
        TEST(has_the_sample_built_in),
        TEST(reads_any_shape),
        TEST(reads_the_names_in_use),
        TEST(searches_the_folders_in_order),
        TEST(says_where_it_searched),
        TEST(names_and_folders_that_cannot_be),
        TEST(refuses_a_folder_that_lacks_a_file),
        TEST(refuses_files_that_do_not_belong_together),
        TEST(refuses_labels_out_of_range),
        TEST(refuses_each_bad_file),
        TEST(knows_published_data),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
