// SPDX-License-Identifier: MIT
// What the fuzz targets share. A target is one function that is given arbitrary bytes and checks
// what its comment promises. With libFuzzer it is fed by the fuzzer; without, by replay.c.
#ifndef NB_TESTS_FUZZ_HARNESS_H
#define NB_TESTS_FUZZ_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "src/option.h"

// The target. Whatever the bytes (size) are: it returns, and has released all that it took.
void nb_fuzz_target(const uint8_t *data, size_t size);

// The name that libFuzzer calls. Runs the target, and checks that no file was left open.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Ends the process, also in builds without assert, unless the condition holds.
#define NB_REQUIRE(condition) \
    ((condition) ? (void)0 : nb_fuzz_broken(#condition, __FILE__, __LINE__))
_Noreturn void nb_fuzz_broken(const char *condition, const char *file, int line);

// Requires of a failure that it has a message: one line, whole, of printable characters.
void nb_fuzz_check(enum nb_code code, const struct nb_error *error);

// The option's value in `options` as a text that reads back. One that is longer than such a text
// may be is replaced by 7 first.
void nb_fuzz_value(const struct nb_option *option, void *options, char text[NB_OPTION_TEXT]);

// A folder of this process, which is removed in the end with the files that nb_fuzz_file made.
const char *nb_fuzz_folder(void);

// Writes data (size) to the file `name` of that folder. The path is good until the next call.
const char *nb_fuzz_file(const char *name, const void *data, size_t size);

// The bytes with a zero at their end, to be freed.
char *nb_fuzz_text(const uint8_t *data, size_t size);

#endif
