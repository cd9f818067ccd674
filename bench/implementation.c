// SPDX-License-Identifier: MIT
#include "bench/implementation.h"

#include "bench/peer_core.h"
#include "kernels/autovec/autovec.h"

struct nb_implementation nb_implementation_ours(const struct nb_kernel *kernel, enum nb_dtype dtype,
                                                enum nb_isa isa) {
    const enum nb_isa held = nb_peer_core_held_to();
    const bool autovec = isa == NB_ISA_AUTOVEC; // held as peers are, whose place it takes
    const struct nb_kernels_f32 *f32 =
        autovec ? nb_autovec_kernels_f32(held) : nb_isa_kernels_f32(isa);
    const struct nb_kernels_f64 *f64 =
        autovec ? nb_autovec_kernels_f64(held) : nb_isa_kernels_f64(isa);
    return (struct nb_implementation){
        .name = dtype == NB_F32 ? f32->isa : f64->isa,
        .isa = isa,
        .table = dtype == NB_F32 ? (const void *)f32 : f64,
        .call = kernel->subject[dtype]->call,
        .round_flops = dtype == NB_F32 ? f32->peak_flops : f64->peak_flops,
        .exact = nb_isa_exact(isa),
    };
}
