// SPDX-License-Identifier: MIT
// SHA-256 as lower-case hexadecimal text, by OpenSSL (it uses the CPU's SHA instructions).
#ifndef NB_SRC_SHA256_H
#define NB_SRC_SHA256_H

#include <openssl/sha.h>
#include <stddef.h>

struct nb_sha256 { // a running digest; it needs no release
    SHA256_CTX state;
};

void nb_sha256_begin(struct nb_sha256 *sha);
void nb_sha256_add(struct nb_sha256 *sha, const void *data, size_t size);
void nb_sha256_end(struct nb_sha256 *sha, char hex[65]);

#endif
