// SPDX-License-Identifier: MIT
// The table that leads to the kernels above its #include. It is the only symbol that leaves the
// translation unit, so no code of an ISA can be linked into another.
#define TABLE NB_PASTE(NB_REAL(nb_table), NB_TABLE)

extern const struct NB_REAL(nb_kernels) TABLE;

const struct NB_REAL(nb_kernels) TABLE = {.isa = TEXT(NB_ISA),
                                          .lanes = LANES,
                                          .mr = TILE_ROWS,
                                          .nr = TILE_COLS,
                                          .peak_flops = PEAK_FLOPS,
#define ENTRY(family, name, type, args) .name = name,
                                          NB_KERNEL_LIST(ENTRY, real, epilogue)
#undef ENTRY
};
