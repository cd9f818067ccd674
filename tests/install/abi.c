// SPDX-License-Identifier: MIT
// Prints what programs compiled against the installed headers rely on: where each field is and what
// type it has, the numbers of the ISAs, the constants. A declaration below that no longer fits its
// header does not compile.
#include <stdio.h>

#include <normbench/kernels.h>

const char *(*const version)(void) = nb_version;
const char *(*const names[])(enum nb_isa) = {nb_isa_name, nb_isa_about};
enum nb_isa (*const by_name)(const char *) = nb_isa_by_name;
bool (*const questions[])(enum nb_isa) = {nb_isa_exact, nb_isa_built, nb_isa_usable};
enum nb_isa (*const best)(void) = nb_isa_best;
const struct nb_kernels_f32 *(*const kernels_f32)(enum nb_isa) = nb_isa_kernels_f32;
const struct nb_kernels_f64 *(*const kernels_f64)(enum nb_isa) = nb_isa_kernels_f64;

#define TEXT2(name) #name
#define TEXT(name) TEXT2(name)
#define FIELD(type, structure, field) \
    printf("%s.%s %zu %s\n", #structure, #field, offsetof(struct structure, field), type);
#define KERNEL_F32(family, name, type, args) FIELD(#type " " TEXT(args), nb_kernels_f32, name)
#define KERNEL_F64(family, name, type, args) FIELD(#type " " TEXT(args), nb_kernels_f64, name)
#define EPILOGUE(structure, real)               \
    FIELD("bool", structure, accumulate)        \
    FIELD("bool", structure, relu)              \
    FIELD("bool", structure, sgd)               \
    FIELD("const " #real " *", structure, bias) \
    FIELD(#real, structure, lr)                 \
    FIELD(#real, structure, weight_decay)       \
    FIELD("size_t", structure, panel_stride)    \
    printf("sizeof " #structure " %zu\n", sizeof(struct structure));
#define ATTRIBUTES(structure)             \
    FIELD("const char *", structure, isa) \
    FIELD("size_t", structure, lanes)     \
    FIELD("size_t", structure, mr)        \
    FIELD("size_t", structure, nr)        \
    FIELD("double", structure, peak_flops)
#define ISA(id, name, exact, about) printf("NB_ISA_%s %d %s\n", #id, NB_ISA_##id, name);

int main(void) {
    NB_ISA_LIST(ISA)
    printf("NB_ISA_COUNT %d\n", NB_ISA_COUNT);
    printf("NB_CONTRACT_VERSION %d\n", NB_CONTRACT_VERSION);
    printf("NB_BLOCK_ROWS %d\n", NB_BLOCK_ROWS);
    printf("NB_PANEL %zu %zu\n", NB_PANEL(float), NB_PANEL(double));
    EPILOGUE(nb_epilogue_f32, float)
    EPILOGUE(nb_epilogue_f64, double)
    ATTRIBUTES(nb_kernels_f32)
    NB_KERNEL_LIST(KERNEL_F32, float, nb_epilogue_f32)
    ATTRIBUTES(nb_kernels_f64)
    NB_KERNEL_LIST(KERNEL_F64, double, nb_epilogue_f64)
    return 0;
}
