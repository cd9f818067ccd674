// SPDX-License-Identifier: MIT
// The constants that define every result to the bit (the arithmetic contract). They are the same on
// every ISA and never depend on the number of threads: changing one changes every published digest.
#ifndef NB_KERNELS_CONTRACT_H
#define NB_KERNELS_CONTRACT_H

// Rises with every change that moves bits, here or in what trains a network: records of another
// version are of another computation.
#define NB_CONTRACT_VERSION 1

// A reduction along a row runs in this many virtual lanes: element i belongs to lane i mod
// NB_ROW_LANES(real), which takes its elements in ascending order; then lane i and lane i + half
// are added until one is left. 128 bytes are two AVX-512 registers, four of AVX2, eight of NEON;
// two rows side by side hide the latency of the additions.
#define NB_ROW_LANES(real) (128 / sizeof(real))

// A reduction along a column takes rows in ascending order inside blocks of this many rows, then
// combines the blocks in ascending order. Threads may split work between blocks, never inside one.
#define NB_BLOCK_ROWS 32

#define NB_BLOCKS(rows) (((rows) + NB_BLOCK_ROWS - 1) / NB_BLOCK_ROWS)

#endif
