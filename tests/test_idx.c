// SPDX-License-Identifier: MIT
// One IDX file: good ones of many shapes, raw and gzip, and every way in which one can be bad.
#include "tests/idx_files.h"

#include "src/idx.h"
#include "src/sha256.h"

static const bool both[] = {false, true}; // raw, gzip

static void expect_good(const char *path, const struct bytes *whole, enum nb_idx_kind kind,
                        size_t rows, size_t height, size_t width) {
    struct nb_idx idx;
    struct nb_error error;
    EXPECT_ERROR(nb_idx_read(&idx, path, kind, &error), &error, NB_OK, NULL);
    assert_int_equal(idx.rows, rows);
    assert_int_equal(idx.height, height);
    assert_int_equal(idx.width, width);
    size_t header = kind == NB_IDX_IMAGES ? 16 : 8;
    assert_int_equal(whole->size - header, rows * height * width);
    assert_memory_equal(idx.bytes, whole->data + header, whole->size - header);
    char sha256[65];
    struct nb_sha256 sha;
    nb_sha256_begin(&sha);
    nb_sha256_add(&sha, whole->data, whole->size);
    nb_sha256_end(&sha, sha256);
    assert_string_equal(idx.sha256, sha256);
    nb_idx_free(&idx);
    assert_null(idx.bytes);
}

// Reads `path` and expects a refusal, with nothing left to release, that has these words.
#define EXPECT_REFUSED(path, kind, expected, ...)                                          \
    do {                                                                                   \
        struct nb_idx refused_idx;                                                         \
        struct nb_error refused_error;                                                     \
        enum nb_code refused_code = nb_idx_read(&refused_idx, path, kind, &refused_error); \
        EXPECT_ERROR(refused_code, &refused_error, expected, path, __VA_ARGS__);           \
        assert_null(refused_idx.bytes);                                                    \
    } while (0)

static void reads_every_shape(void **state) {
    // The last is many times larger than the reader's buffers.
    static const size_t shapes[][3] = {{1, 1, 1},     {3, 5, 7},     {2, 28, 28},
                                       {70000, 1, 1}, {1, 300, 200}, {1500, 28, 28}};
    const char *path = join(*state, "x");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t *shape = shapes[i];
        struct bytes images = make_images(shape[0], shape[1], shape[2]),
                     labels = make_labels(shape[0], 256);
        for (int gzip = 0; gzip < 2; gzip++) {
            (gzip ? write_gzip : write_bytes)(path, images.data, images.size);
            expect_good(path, &images, NB_IDX_IMAGES, shape[0], shape[1], shape[2]);
            (gzip ? write_gzip : write_bytes)(path, labels.data, labels.size);
            expect_good(path, &labels, NB_IDX_LABELS, shape[0], 1, 1);
        }
        free(images.data);
        free(labels.data);
    }
}

// Blank images compress best: the check of the header against the file's size must let them pass.
static void reads_the_most_compressible_file(void **state) {
    const char *path = join(*state, "x");
    struct bytes images = make_images(20000, 28, 28);
    memset(images.data + 16, 0, images.size - 16);
    gzFile file = gzopen(path, "wb9");
    assert_int_equal(gzwrite(file, images.data, (unsigned)images.size), images.size);
    assert_int_equal(gzclose(file), Z_OK);
    expect_good(path, &images, NB_IDX_IMAGES, 20000, 28, 28);
    free(images.data);
}

static void reads_gzip_of_several_members(void **state) {
    const char *path = join(*state, "x");
    struct bytes images = make_images(9, 5, 7);
    write_gzip(path, images.data, 3);
    append_gzip(path, images.data + 3, 97);
    append_gzip(path, "", 0);
    append_gzip(path, images.data + 100, images.size - 100);
    expect_good(path, &images, NB_IDX_IMAGES, 9, 5, 7);
    free(images.data);
}

static void refuses_a_file_cut_anywhere(void **state) {
    for (int gzip = 0; gzip < 2; gzip++) {
        const char *path = join(*state, "x");
        write_and_free(path, make_images(4, 5, 7), both[gzip]);
        struct bytes whole = read_bytes(path);
        for (size_t size = 0; size < whole.size; size++) {
            write_bytes(path, whole.data, size);
            EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "truncated", "replace it");
        }
        free(whole.data);
    }
}

static void refuses_trailing_bytes(void **state) {
    const char *path = join(*state, "x");
    for (int gzip = 0; gzip < 2; gzip++) {
        struct bytes images = make_images(4, 5, 7);
        images.data = realloc(images.data, images.size + 1);
        images.data[images.size++] = 0;
        write_and_free(path, images, both[gzip]);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "trailing bytes", "140", "replace it");
    }
    // Behind the compressed data: gzip itself passes over these.
    static const char *const garbage[] = {"x", "\0\0\0\0", "\x1f\x8bgarbage"};
    static const size_t sizes[] = {1, 4, 9};
    for (int i = 0; i < 3; i++) {
        write_and_free(path, make_images(4, 5, 7), true);
        FILE *file = fopen(path, "ab");
        fwrite(garbage[i], 1, sizes[i], file);
        fclose(file);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "trailing bytes", "replace it");
    }
}

// No damaged bit of a gzip file may change a pixel. Some mean nothing: time and system in its
// header, padding.
static void refuses_damaged_gzip(void **state) {
    const char *path = join(*state, "x");
    struct bytes images = make_images(4, 5, 7);
    write_gzip(path, images.data, images.size);
    struct bytes whole = read_bytes(path);
    size_t refused = 0;
    for (size_t i = 0; i < whole.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            whole.data[i] ^= (uint8_t)(1 << bit);
            write_bytes(path, whole.data, whole.size);
            struct nb_idx idx;
            struct nb_error error;
            enum nb_code code = nb_idx_read(&idx, path, NB_IDX_IMAGES, &error);
            if (code == NB_OK) {
                assert_memory_equal(idx.bytes, images.data + 16, images.size - 16);
                nb_idx_free(&idx);
            } else {
                EXPECT_ERROR(code, &error, NB_DATA, path);
                refused++;
            }
            whole.data[i] ^= (uint8_t)(1 << bit);
        }
    assert_true(refused >= 8 * (whole.size - 8));

    whole.data[whole.size - 8] ^= 1; // the CRC
    write_bytes(path, whole.data, whole.size);
    EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "damaged gzip data", "replace it");
    free(whole.data);
    free(images.data);
}

static void refuses_other_content(void **state) {
    static const struct {
        const char *text, *words;
    } contents[] = {
        {"<!DOCTYPE html><html><body>403 Forbidden</body></html>", "web page (HTML)"},
        {"\r\n\t <html>", "web page (HTML)"},
        {"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
         "web page (HTML)"},
        {"404: Not Found", "bad magic number 0x3430343a"},
        {"PK\3\4 an archive", "bad magic number 0x504b0304"},
    };
    const char *path = join(*state, "x");
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        for (int gzip = 0; gzip < 2; gzip++) {
            (gzip ? write_gzip : write_bytes)(path, contents[i].text, strlen(contents[i].text));
            EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, contents[i].words, "replace it");
            EXPECT_REFUSED(path, NB_IDX_LABELS, NB_DATA, contents[i].words, "replace it");
        }

    static const uint32_t magics[] = {0,     0x802,      0x804,     0x903,
                                      0xd03, 0x01000803, 0x03080000}; // float, other order, ...
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        struct bytes images = make_images(4, 5, 7);
        put_header(images.data, magics[i], 4, 5, 7, 4);
        write_and_free(path, images, false);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "bad magic number", "should be 0x00000803",
                       "replace it");
    }
    write_and_free(path, make_labels(4, 2), true);
    EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "holds labels where images are expected");
    write_and_free(path, make_images(4, 5, 7), true);
    EXPECT_REFUSED(path, NB_IDX_LABELS, NB_DATA, "holds images where labels are expected");
}

static void refuses_empty_sizes(void **state) {
    const char *path = join(*state, "x");
    for (int gzip = 0; gzip < 2; gzip++) {
        write_and_free(path, make_images(0, 28, 28), both[gzip]);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "is empty", "0 x 28 x 28", "replace it");
        write_and_free(path, make_images(3, 0, 28), both[gzip]);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "is empty", "3 x 0 x 28", "replace it");
        write_and_free(path, make_images(3, 28, 0), both[gzip]);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "is empty", "3 x 28 x 0", "replace it");
        write_and_free(path, make_labels(0, 1), both[gzip]);
        EXPECT_REFUSED(path, NB_IDX_LABELS, NB_DATA, "is empty", "replace it");
    }
}

// The message "cannot hold" comes before any memory is taken.
static void refuses_sizes_that_the_file_cannot_hold(void **state) {
    static const size_t sizes[][3] = {
        {1000000000, 28, 28},
        {1000000000, 1, 1},
        {0xffffffff, 0xffffffff, 0xffffffff},
        {0x80000000, 0x80000000, 4},
        {0x10000, 0x10000, 0x10000000}, // 2^64 + ...: products that wrap around to something small
        {0xffffffff, 0x10001, 0xffff},
        {1, 0xffffffff, 0xffffffff},
        {5000, 28, 28},
    };
    const char *path = join(*state, "x");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int gzip = 0; gzip < 2; gzip++) {
            struct bytes images = make_images(4, 5, 7), labels = make_labels(4, 2);
            put_header(images.data, 0x803, sizes[i][0], sizes[i][1], sizes[i][2], 4);
            write_and_free(path, images, both[gzip]);
            EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "truncated", "cannot hold", "replace it");
            put_header(labels.data, 0x801, 1000000000, 0, 0, 2);
            write_and_free(path, labels, both[gzip]);
            EXPECT_REFUSED(path, NB_IDX_LABELS, NB_DATA, "truncated", "cannot hold", "replace it");
        }

    // A file that can hold them, because it has a hole: more rows than a permutation can have.
    uint8_t header[8];
    put_header(header, 0x801, (size_t)1 << 28, 0, 0, 2);
    write_bytes(path, header, sizeof header);
    assert_int_equal(truncate(path, 8 + ((off_t)1 << 28)), 0);
    EXPECT_REFUSED(path, NB_IDX_LABELS, NB_DATA, "268435456 rows", "the limit is 268435455");
}

// A small file that decompresses to very much is read only as far as its header says.
static void refuses_a_bomb(void **state) {
    const char *path = join(*state, "x");
    struct bytes bomb = make_images((size_t)1 << 17, 32, 32); // 128 MiB
    memset(bomb.data + 16, 0, bomb.size - 16);
    put_header(bomb.data, 0x803, 4, 5, 7, 4);
    write_and_free(path, bomb, true);
    EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "trailing bytes after the 140");
}

static void refuses_what_is_not_a_file(void **state) {
    const char *path = join(*state, "x");
    EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "cannot open it: No such file", "check the path");
    assert_int_equal(mkdir(path, 0755), 0);
    EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "is a directory", "replace it");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0644), 0);
    EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "is a pipe or device", "replace it");
    EXPECT_REFUSED("/dev/null", NB_IDX_IMAGES, NB_DATA, "is a pipe or device", "replace it");
}

static void refuses_an_unreadable_file(void **state) {
    const char *path = join(*state, "x");
    write_and_free(path, make_images(4, 5, 7), false);
    assert_int_equal(chmod(path, 0), 0);
    uid_t user = geteuid();
    if (user == 0 && seteuid(65534) != 0) // root may read everything
        skip();
    struct nb_idx idx;
    struct nb_error error;
    enum nb_code code = nb_idx_read(&idx, path, NB_IDX_IMAGES, &error);
    assert_int_equal(seteuid(user), 0);
    EXPECT_ERROR(code, &error, NB_DATA, path, "cannot open it: Permission denied", "permissions");
}

static void leaves_no_file_open(void **state) {
    const char *path = join(*state, "x");
    int before = dup(STDERR_FILENO);
    close(before);
    for (int gzip = 0; gzip < 2; gzip++) {
        struct bytes images = make_images(4, 5, 7);
        (gzip ? write_gzip : write_bytes)(path, images.data, images.size);
        expect_good(path, &images, NB_IDX_IMAGES, 4, 5, 7);
        (gzip ? write_gzip : write_bytes)(path, images.data, 20);
        EXPECT_REFUSED(path, NB_IDX_IMAGES, NB_DATA, "truncated");
        free(images.data);
    }
    EXPECT_REFUSED(*state, NB_IDX_IMAGES, NB_DATA, "is a directory");
    int after = dup(STDERR_FILENO);
    close(after);
    assert_int_equal(after, before);
}

static void message_stays_one_line(void **state) {
    const char *path = join(*state, "two\nlines\x1b[31m");
    struct nb_idx idx;
    struct nb_error error;
    EXPECT_ERROR(nb_idx_read(&idx, path, NB_IDX_IMAGES, &error), &error, NB_DATA,
                 "two?lines?[31m: cannot open it");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reads_every_shape),
        TEST(reads_the_most_compressible_file),
        TEST(reads_gzip_of_several_members),
        TEST(refuses_a_file_cut_anywhere),
        TEST(refuses_trailing_bytes),
        TEST(refuses_damaged_gzip),
        TEST(refuses_other_content),
        TEST(refuses_empty_sizes),
        TEST(refuses_sizes_that_the_file_cannot_hold),
        TEST(refuses_a_bomb),
        TEST(refuses_what_is_not_a_file),
        TEST(refuses_an_unreadable_file),
        TEST(leaves_no_file_open),
        TEST(message_stays_one_line),
    };
    return cmocka_run_group_tests_name("idx", tests, NULL, NULL);
}
