// SPDX-License-Identifier: MIT
// How library code reports a failure: it fills a struct nb_error and returns its code; only main
// exits with it.
#ifndef NB_SRC_ERROR_H
#define NB_SRC_ERROR_H

// The exit codes of the program. 130 and 143 stand for SIGINT and SIGTERM.
enum nb_code {
    NB_OK = 0,
    NB_FAILED = 1, // a check failed, or the system refused (no memory, unwritable file)
    NB_USAGE = 2,  // an option or a setting that cannot be
    NB_DATA = 3,   // a data set is missing or damaged
    NB_INTERRUPTED = 130,
    NB_TERMINATED = 143,
};

struct nb_error {
    enum nb_code code;
    char text[1024]; // one line: what is wrong, then the remedy
};

// Puts ? for every control character: the text becomes one line, and sends nothing to the terminal.
void nb_one_line(char *text);

// Fills *error and returns `code`.
__attribute__((format(printf, 3, 4))) enum nb_code
nb_error_set(struct nb_error *error, enum nb_code code, const char *format, ...);

#ifdef __clang_analyzer__ // it sees one file at a time, and not that the result is never NB_OK
#    define nb_error_set(error, code, ...) (nb_error_set(error, code, __VA_ARGS__), (code))
#endif

#endif
