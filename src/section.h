// SPDX-License-Identifier: MIT
// The runs of a study that may be compared: same data, network, optimizer, learning rate rule,
// epochs and machine. What is left to differ is the normalization, the batch size and the seed.
#ifndef NB_SRC_SECTION_H
#define NB_SRC_SECTION_H

#include <stdbool.h>

#include "src/study.h"

#define NB_SECTION_TEXT 768

struct nb_section {
    const struct nb_study_run *runs;   // (count) those that are trained for their results
    size_t count;                      // 0: nothing but times
    const struct nb_study_run *like;   // one of the section, for what all have in common
    const struct nb_study_run **timed; // (timed_count) those whose seconds are speeds
    size_t timed_count;
    enum nb_norm norms[3]; // (norm_count) batch, layer, none: those that there are
    size_t norm_count;
    size_t *batch_sizes; // (batch_count) ascending
    size_t batch_count;
    uint64_t *seeds; // (seed_count) ascending
    size_t seed_count;
};

struct nb_sections {
    struct nb_section *sections; // (count)
    size_t count;
};

// Divides the study, which must outlive the sections, into sections, those with most results first.
// NB_FAILED when memory is short. nb_sections_free releases them.
enum nb_code nb_sections_make(struct nb_sections *sections, const struct nb_study *study,
                              struct nb_error *error);
void nb_sections_free(struct nb_sections *sections);

// The run of that setting and seed, or NULL.
const struct nb_study_run *nb_section_run(const struct nb_section *section, enum nb_norm norm,
                                          size_t batch_size, uint64_t seed);

// What tells it from other sections, in a few words: "mnist, learning rate 0.1, 10 epochs".
void nb_section_title(const struct nb_section *section, char text[NB_SECTION_TEXT]);

// What all runs share, in one sentence without its end. False when memory is short.
bool nb_section_describe(const struct nb_section *section, char text[NB_SECTION_TEXT]);

#endif
