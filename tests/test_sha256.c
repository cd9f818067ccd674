// SPDX-License-Identifier: MIT
// The digest against the examples of FIPS 180-2 (and the empty text).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/sha256.h"

// `text` `times` over, added in pieces of `piece` bytes.
static void check(const char *text, size_t times, size_t piece, const char *expected) {
    struct nb_sha256 sha;
    nb_sha256_begin(&sha);
    size_t length = strlen(text);
    for (size_t i = 0; i < times; i++)
        for (size_t done = 0; done < length; done += piece)
            nb_sha256_add(&sha, text + done, length - done < piece ? length - done : piece);
    char hex[65];
    nb_sha256_end(&sha, hex);
    assert_string_equal(hex, expected);
}

static void examples(void **state) {
    (void)state;
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    check("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 1, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abc", 1, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(two_blocks, 1, 5, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check("aaaaaaaaaa", 100000, 10,
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
    };
    return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
