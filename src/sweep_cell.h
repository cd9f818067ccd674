// SPDX-License-Identifier: MIT
// A cell of a sweep: one training run that is to be recorded, and the fingerprints that say whether
// it is there already.
#ifndef NB_SRC_SWEEP_CELL_H
#define NB_SRC_SWEEP_CELL_H

#include "src/dataset.h"
#include "src/settings.h"
#include "src/sweep_grid.h"

#define NB_FINGERPRINT 65 // 64 hexadecimal digits

enum nb_purpose { NB_CONVERGENCE, NB_TIMING };
extern const char *const nb_purpose_names[]; // "convergence", "timing"

struct nb_sweep_cell {
    enum nb_purpose purpose;
    struct nb_settings settings; // the ISA and the threads as they run, no data_dir
    const struct nb_dataset *dataset;
    const char *part; // borrowed
    enum nb_lr_rule lr_rule;
    double lr_base;
    char id[NB_FINGERPRINT];   // of everything that affects the record: the key `cell`
    char bits[NB_FINGERPRINT]; // of what defines the bits of the computation, step by step
    char impossible[256];      // why it cannot be trained; empty: it can
};

// Fills id and bits. `cpu` names the processor; it counts only for timing.
void nb_sweep_cell_identify(struct nb_sweep_cell *cell, const char *cpu);

// For people: "layer norm, batch size 8, lr 0.1, seed 1, avx2, 2 threads".
#define NB_CELL_TEXT_SIZE 160
void nb_sweep_cell_describe(const struct nb_sweep_cell *cell, char text[NB_CELL_TEXT_SIZE]);

// Floating-point operations of the cell's matrix products, training and tests together.
double nb_sweep_cell_flops(const struct nb_sweep_cell *cell);

#endif
