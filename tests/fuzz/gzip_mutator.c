// SPDX-License-Identifier: MIT
// Lets libFuzzer change what is inside gzip data: a change of the packed bytes alone would nearly
// always end at the checksum.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/fuzz/harness.h"

enum { GZIP = 15 + 16, MOST = 1 << 22 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

// Returns how many bytes were unpacked to plain (room), as far as they go.
static size_t unpack(const uint8_t *packed, size_t size, uint8_t *plain, size_t room) {
    z_stream z = {.next_in = (uint8_t *)packed, .avail_in = (uInt)size};
    z.next_out = plain;
    z.avail_out = (uInt)room;
    NB_REQUIRE(inflateInit2(&z, GZIP) == Z_OK);
    inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return room - z.avail_out;
}

// Returns the size of what was packed, or 0 when it does not fit into packed (room).
static size_t pack(const uint8_t *plain, size_t size, int level, uint8_t *packed, size_t room) {
    z_stream z = {.next_in = (uint8_t *)plain, .avail_in = (uInt)size};
    z.next_out = packed;
    z.avail_out = (uInt)room;
    NB_REQUIRE(deflateInit2(&z, level, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&z);
    return whole ? room - z.avail_out : 0;
}

// Repeats the last few bytes up to many times: what makes a small file a large one.
static size_t inflate_tail(uint8_t *plain, size_t size, unsigned seed) {
    size_t period = 1 + seed % 8, more = ((size_t)1 << (8 + seed / 8 % 14)) / period * period;
    if (size < period || size + more > MOST)
        return size;
    for (size_t i = 0; i < more; i++)
        plain[size + i] = plain[size + i - period];
    return size + more;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    bool gzip = size > 2 && data[0] == 0x1f && data[1] == 0x8b;
    unsigned choice = seed % 16;
    seed /= 16;
    if (gzip ? choice < 2 : choice > 0)
        return LLVMFuzzerMutate(data, size, room);
    uint8_t *plain = malloc(MOST);
    NB_REQUIRE(plain != NULL);
    size_t length = size;
    if (gzip)
        length = unpack(data, size, plain, MOST);
    else
        memcpy(plain, data, size);
    if (choice == 2)
        length = inflate_tail(plain, length, seed);
    else if (gzip && length < MOST / 2)
        length = LLVMFuzzerMutate(plain, length, length + 64);
    size_t packed = pack(plain, length, choice == 3 ? 0 : 9, data, room);
    free(plain);
    return packed > 0 ? packed : LLVMFuzzerMutate(data, size, room);
}
