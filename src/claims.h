// SPDX-License-Identifier: MIT
// The claims about BatchNorm and LayerNorm that a study can support or not. The rules were written
// down in advance: src/claims.txt, which is part of the program.
#ifndef NB_SRC_CLAIMS_H
#define NB_SRC_CLAIMS_H

#include <stdio.h>

#include "src/results.h"

enum { NB_CLAIMS = 4, NB_CLAIM_TEXT = 1024 };

enum nb_verdict { NB_UNDECIDED, NB_SUPPORTED, NB_NOT_SUPPORTED };
extern const char *const nb_verdict_names[]; // "not supported"

struct nb_claim {
    char name[32], claim[NB_CLAIM_TEXT], rule[NB_CLAIM_TEXT];
};

// The text of a claim, from 0.
void nb_claim_read(struct nb_claim *claim, size_t index);

// Whether the claim is about the settings of this section.
bool nb_claim_applies(size_t index, const struct nb_results *results);

// Judges the claim by the results of one section; `evidence` says in a sentence or two what the
// verdict rests on. NB_FAILED when memory is short.
enum nb_code nb_claim_judge(size_t index, const struct nb_results *results,
                            enum nb_verdict *verdict, char evidence[NB_CLAIM_TEXT],
                            struct nb_error *error);

// A list of the batch sizes at which `ahead` holds for the measure: "32, 64"; "none".
void nb_pairings_list(FILE *stream, const struct nb_results *results, enum nb_measure measure,
                      enum nb_ahead ahead, size_t least);

#endif
