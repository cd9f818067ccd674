// SPDX-License-Identifier: MIT
// OpenSSL's own functions for SHA-256: its EVP fetches them by thousands of allocations, and ends
// the program by a signal when one of these fails. Those below allocate nothing and cannot fail.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "src/sha256.h"

#include <stdio.h>

void nb_sha256_begin(struct nb_sha256 *sha) { SHA256_Init(&sha->state); }

void nb_sha256_add(struct nb_sha256 *sha, const void *data, size_t size) {
    SHA256_Update(&sha->state, data, size);
}

void nb_sha256_end(struct nb_sha256 *sha, char hex[65]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256_Final(digest, &sha->state);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}
