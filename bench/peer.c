// SPDX-License-Identifier: MIT
#include "bench/peer.h"

#include <string.h>

#include "bench/peer_list.h"

#define DECLARE(name) extern const struct nb_peer nb_peer_##name;
NB_PEER_LIST(DECLARE)
#undef DECLARE

const struct nb_peer *const nb_peers[] = {
#define ADDRESS(name) &nb_peer_##name,
    NB_PEER_LIST(ADDRESS)
#undef ADDRESS
        NULL};

const struct nb_offer *nb_peer_offer(const struct nb_peer *peer, const struct nb_kernel *kernel,
                                     enum nb_dtype dtype, bool cold) {
    for (const struct nb_offer *offer = peer->offers; offer->kernel != NULL; offer++)
        if (strcmp(offer->kernel, kernel->name) == 0 && offer->dtypes[dtype] &&
            !(cold && offer->hot_only))
            return offer;
    return NULL;
}

struct nb_implementation nb_implementation_peer(const struct nb_peer *peer,
                                                const struct nb_offer *offer) {
    return (struct nb_implementation){
        .name = peer->name,
        .isa = nb_isa_best(),
        .call = offer->call,
        .peer = peer,
        .offer = offer,
    };
}
