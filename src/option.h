// SPDX-License-Identifier: MIT
// Options as plain data: one table says how an option is called, read, checked and explained. The
// command line, the environment and --help are made from it.
#ifndef NB_SRC_OPTION_H
#define NB_SRC_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "src/error.h"

#define NB_MAX_CHOICES 8

// Room for what an option expects, or for its value as text.
#define NB_OPTION_TEXT 256

struct nb_option;

// How the value of an option is read and shown. `target` is the option's field.
struct nb_option_type {
    // Whether `text`, never empty, is a value for the option; only then it is stored.
    bool (*parse)(const struct nb_option *option, const char *text, void *target);
    // The value as a text that parse reads back; empty when there is none.
    void (*format)(const struct nb_option *option, const void *target, char text[NB_OPTION_TEXT]);
    // What parse accepts, to follow "is not": "a whole number from 1 to 9".
    void (*expect)(const struct nb_option *option, char text[NB_OPTION_TEXT]);
};

struct nb_option {
    const char *name; // "batch-size"; in the environment NORMBENCH_BATCH_SIZE
    // What --help calls the value: "N"; NULL for a flag. Shells complete the paths of a FILE and a
    // DIR, and the words of a LIST one after another.
    const char *value;
    const char *help; // what it does, one phrase
    const struct nb_option_type *type;
    size_t offset;              // of its field in the command's options
    double low, high;           // numbers: the range, both ends included
    const char *range;          // real numbers: the range in words, "above 0"
    const char *const *choices; // the words, ended by NULL; types that have their own: for shells
};

// Some of an option's choices, in the order in which they were given.
struct nb_choices {
    int values[NB_MAX_CHOICES];
    size_t count;
};

// The types that more than one module needs, and the fields that they fill.
extern const struct nb_option_type nb_option_flag;  // bool; alone, or =yes, =no
extern const struct nb_option_type nb_option_count; // size_t in [low, high]
extern const struct nb_option_type nb_option_u63;   // uint64_t below 2^63
extern const struct nb_option_type nb_option_real;  // double in [low, high], finite
extern const struct nb_option_type
    nb_option_text; // const char *; points into argv or the environment
extern const struct nb_option_type nb_option_word;   // const char *: one of the choices
extern const struct nb_option_type nb_option_choice; // enum: the index of one of the choices
extern const struct nb_option_type
    nb_option_choices; // struct nb_choices: different ones, as a list a,b

// Whole text as a number, the same in every locale. False for anything else, and for a number out
// of range.
bool nb_parse_count(const char *text, uint64_t low, uint64_t high, uint64_t *value);
bool nb_parse_real(const char *text, double low, double high, double *value);

// Reads `text` into the option's field of `options`. `source` names it in the message: "--lr" or
// "NORMBENCH_LR".
enum nb_code nb_option_set(const struct nb_option *option, const char *source, const char *text,
                           void *options, struct nb_error *error);

// The name of the option's environment variable.
void nb_option_variable(const struct nb_option *option, char variable[NB_OPTION_TEXT]);

// The candidate that is most like `word`, or NULL when none is near enough to be meant.
const char *nb_nearest(const char *word, const char *const *candidates, size_t count);

#endif
