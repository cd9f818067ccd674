// SPDX-License-Identifier: MIT
#include "src/idx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "src/sha256.h"

#define REPLACE "replace it with an intact copy (script/fetch-data gets one)"

// Deflate's best case is 258 bytes for two bits, so no gzip file grows by more.
#define GZIP_GROWTH 1032

// nb_random_permutation orders fewer rows than this.
#define MAX_ROWS ((size_t)1 << 28)

// Large enough to be fast, small enough that the digest finds the bytes in the cache.
#define CHUNK ((size_t)1 << 18)

// A file that is read as the bytes it holds after decompression. zlib's own gzread would do, but it
// passes over garbage behind the compressed data in silence.
struct source {
    const char *path;
    struct nb_error *error;
    struct nb_sha256 sha; // of all bytes that were read
    FILE *file;
    size_t size; // of the file
    bool gzip;
    z_stream z;
    bool member_ended; // gzip: at the end of a compressed member; another may follow
    bool later_member; // gzip: not in the first one
    uint8_t packed[1 << 15];
};

static enum nb_code open_regular_file(struct source *source) {
    // Non-blocking, because opening a pipe would wait for somebody to write into it.
    int fd = open(source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        int reason = errno;
        if (fd >= 0)
            close(fd);
        return nb_error_set(source->error, NB_DATA,
                            "%s: cannot open it: %s; check the path and its permissions",
                            source->path, strerror(reason));
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return nb_error_set(source->error, NB_DATA, "%s: is a %s, not a file; " REPLACE,
                            source->path, S_ISDIR(status.st_mode) ? "directory" : "pipe or device");
    }
    source->size = (size_t)status.st_size;
    source->file = fdopen(fd, "rb");
    if (source->file == NULL) {
        close(fd);
        return nb_error_set(source->error, NB_FAILED, "%s: no memory to read it; free some",
                            source->path);
    }
    return NB_OK;
}

// Looks at how the open file begins.
static enum nb_code source_begin(struct source *source) {
    uint8_t start[2];
    source->gzip = fread(start, 1, 2, source->file) == 2 && start[0] == 0x1f && start[1] == 0x8b;
    rewind(source->file);
    if (source->gzip && inflateInit2(&source->z, 15 + 16) != Z_OK) { // 16: the gzip wrapper
        source->gzip = false;
        return nb_error_set(source->error, NB_FAILED, "%s: no memory to decompress it; free some",
                            source->path);
    }
    return NB_OK;
}

static void source_close(struct source *source, char sha256[65]) {
    nb_sha256_end(&source->sha, sha256);
    if (source->gzip)
        inflateEnd(&source->z);
    if (source->file != NULL)
        fclose(source->file);
}

static enum nb_code bad_gzip(struct source *source, const char *what) {
    // A later member that gives nothing is none.
    if (source->later_member && source->z.total_out == 0)
        what = "trailing bytes after its gzip data";
    return nb_error_set(source->error, NB_DATA, "%s: %s; " REPLACE, source->path, what);
}

static enum nb_code read_packed(struct source *source, uint8_t *bytes, size_t *size) {
    z_stream *z = &source->z;
    z->next_out = bytes;
    z->avail_out = (uInt)*size;
    while (z->avail_out > 0) {
        if (z->avail_in == 0) {
            z->next_in = source->packed;
            z->avail_in = (uInt)fread(source->packed, 1, sizeof source->packed, source->file);
        }
        if (z->avail_in == 0) {
            if (source->member_ended || ferror(source->file))
                break;
            return bad_gzip(source, "truncated gzip data");
        }
        if (source->member_ended) {
            source->later_member = true;
            inflateReset(z);
        }
        int state = inflate(z, Z_NO_FLUSH);
        source->member_ended = state == Z_STREAM_END;
        if (state == Z_MEM_ERROR)
            return nb_error_set(source->error, NB_FAILED,
                                "%s: no memory to decompress it; free some", source->path);
        if (state != Z_OK && state != Z_STREAM_END)
            return bad_gzip(source, "damaged gzip data");
    }
    *size -= z->avail_out;
    return NB_OK;
}

// Reads *size bytes, at most CHUNK; leaves in *size how many there were, fewer only at the end.
static enum nb_code source_read(struct source *source, uint8_t *bytes, size_t *size) {
    if (source->gzip) {
        enum nb_code code = read_packed(source, bytes, size);
        if (code != NB_OK)
            return code;
    } else {
        *size = fread(bytes, 1, *size, source->file);
    }
    if (ferror(source->file))
        return nb_error_set(source->error, NB_DATA, "%s: reading fails: %s; check the disk",
                            source->path, strerror(errno));
    nb_sha256_add(&source->sha, bytes, *size);
    return NB_OK;
}

static size_t big_endian(const uint8_t *bytes) {
    return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

// Says what the file is instead: `start` (4) are its first bytes.
static enum nb_code wrong_magic(struct source *source, const uint8_t start[4],
                                enum nb_idx_kind kind) {
    const char *wanted = kind == NB_IDX_IMAGES ? "images" : "labels";
    size_t magic = big_endian(start);
    if (magic == NB_IDX_IMAGES || magic == NB_IDX_LABELS)
        return nb_error_set(source->error, NB_DATA,
                            "%s: holds %s where %s are expected; give the files their own names",
                            source->path, magic == NB_IDX_IMAGES ? "images" : "labels", wanted);

    // White space and a byte order mark may come before the first tag.
    uint8_t text[64] = {start[0], start[1], start[2], start[3]};
    size_t more = sizeof text - 5;
    enum nb_code code = source_read(source, text + 4, &more);
    if (code != NB_OK)
        return code;
    const char *tag = (const char *)text + strspn((const char *)text, "\xef\xbb\xbf \t\r\n");
    if (tag[0] == '<')
        return nb_error_set(source->error, NB_DATA,
                            "%s: is a web page (HTML), perhaps an error page that was saved as a "
                            "data set; " REPLACE,
                            source->path);
    return nb_error_set(source->error, NB_DATA,
                        "%s: bad magic number 0x%08zx, which should be 0x%08x for IDX %s; " REPLACE,
                        source->path, magic, (unsigned)kind, wanted);
}

// Reads the header and finds the sizes; *count is how many bytes should follow.
static enum nb_code read_header(struct source *source, struct nb_idx *idx, enum nb_idx_kind kind,
                                size_t *count) {
    uint8_t magic[4];
    size_t have = sizeof magic;
    enum nb_code code = source_read(source, magic, &have);
    if (code == NB_OK && have == sizeof magic && big_endian(magic) != kind)
        return wrong_magic(source, magic, kind);

    uint8_t sizes[12] = {[7] = 1, [11] = 1}; // a label has no height and width: 1 x 1
    size_t wanted = kind == NB_IDX_IMAGES ? 12 : 4, more = wanted;
    if (code == NB_OK)
        code = source_read(source, sizes, &more);
    if (code != NB_OK)
        return code;
    if (more < wanted)
        return nb_error_set(source->error, NB_DATA,
                            "%s: truncated inside its header, after %zu of %zu bytes; " REPLACE,
                            source->path, have + more, sizeof magic + wanted);
    idx->rows = big_endian(sizes);
    idx->height = big_endian(sizes + 4);
    idx->width = big_endian(sizes + 8);
    if (idx->rows == 0 || idx->height == 0 || idx->width == 0)
        return nb_error_set(source->error, NB_DATA,
                            "%s: is empty: its header says %zu x %zu x %zu; " REPLACE, source->path,
                            idx->rows, idx->height, idx->width);

    // The file must be able to hold what its header asks for, however well it is compressed.
    size_t growth = source->gzip ? GZIP_GROWTH : 1, most;
    if (__builtin_mul_overflow(idx->height, idx->width, count) ||
        __builtin_mul_overflow(idx->rows, *count, count) ||
        __builtin_mul_overflow(source->size, growth, &most) || *count > most)
        return nb_error_set(source->error, NB_DATA,
                            "%s: truncated, or a damaged header: its %zu bytes cannot hold the "
                            "%zu x %zu x %zu that the header says; " REPLACE,
                            source->path, source->size, idx->rows, idx->height, idx->width);
    if (idx->rows >= MAX_ROWS)
        return nb_error_set(source->error, NB_DATA, "%s: has %zu rows, the limit is %zu; use fewer",
                            source->path, idx->rows, MAX_ROWS - 1);
    return NB_OK;
}

// Images are read in random order, each from another page: in huge ones they are found in half the
// time. Advice only: where it is refused, nothing is lost.
static void advise_huge_pages(void *bytes, size_t count) {
#ifdef MADV_HUGEPAGE
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), skipped = -(uintptr_t)bytes % page;
    if (count > skipped)
        (void)madvise((uint8_t *)bytes + skipped, (count - skipped) / page * page, MADV_HUGEPAGE);
#else
    (void)bytes, (void)count;
#endif
}

static enum nb_code read_body(struct source *source, struct nb_idx *idx, size_t count) {
    idx->bytes = malloc(count);
    if (idx->bytes == NULL)
        return nb_error_set(source->error, NB_FAILED, "%s: no memory for its %zu bytes; free some",
                            source->path, count);
    advise_huge_pages(idx->bytes, count);
    size_t done = 0, size = 0;
    for (; done < count; done += size) {
        size = count - done < CHUNK ? count - done : CHUNK;
        enum nb_code code = source_read(source, idx->bytes + done, &size);
        if (code != NB_OK)
            return code;
        if (size == 0)
            return nb_error_set(
                source->error, NB_DATA,
                "%s: truncated after %zu of the %zu bytes that its header says; " REPLACE,
                source->path, done, count);
    }
    // One byte more than wanted finds trailing bytes, and has zlib compare its checksum.
    uint8_t trailing;
    size = 1;
    enum nb_code code = source_read(source, &trailing, &size);
    if (code == NB_OK && size > 0)
        return nb_error_set(source->error, NB_DATA,
                            "%s: trailing bytes after the %zu that its header says; " REPLACE,
                            source->path, count);
    return code;
}

// Reads what `source` has open, or releases it if it could not be opened.
static enum nb_code read_source(struct source *source, enum nb_code code, struct nb_idx *idx,
                                enum nb_idx_kind kind) {
    *idx = (struct nb_idx){0};
    size_t count = 0;
    nb_sha256_begin(&source->sha);
    if (code == NB_OK)
        code = source_begin(source);
    if (code == NB_OK)
        code = read_header(source, idx, kind, &count);
    if (code == NB_OK)
        code = read_body(source, idx, count);
    source_close(source, idx->sha256);
    if (code != NB_OK)
        nb_idx_free(idx);
    return code;
}

enum nb_code nb_idx_read(struct nb_idx *idx, const char *path, enum nb_idx_kind kind,
                         struct nb_error *error) {
    struct source source = {.path = path, .error = error};
    return read_source(&source, open_regular_file(&source), idx, kind);
}

enum nb_code nb_idx_read_bytes(struct nb_idx *idx, const char *name, const uint8_t *bytes,
                               size_t size, enum nb_idx_kind kind, struct nb_error *error) {
    struct source source = {.path = name, .error = error, .size = size};
    enum nb_code code = NB_OK;
    source.file = fmemopen((void *)bytes, size, "rb"); // which only reads
    if (source.file == NULL)
        code = nb_error_set(error, NB_FAILED, "%s: no memory to read it; free some", name);
    return read_source(&source, code, idx, kind);
}

void nb_idx_free(struct nb_idx *idx) {
    free(idx->bytes);
    *idx = (struct nb_idx){0};
}
