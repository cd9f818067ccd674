// SPDX-License-Identifier: MIT
// SHA-256 as lower-case hexadecimal text, by OpenSSL's EVP (it uses the CPU's SHA instructions).
#ifndef NB_SRC_SHA256_H
#define NB_SRC_SHA256_H

#include <stddef.h>

struct nb_sha256; // a running digest

struct nb_sha256 *nb_sha256_begin(void); // NULL when memory is short
void nb_sha256_add(struct nb_sha256 *sha, const void *data, size_t size);
void nb_sha256_end(struct nb_sha256 *sha, char hex[65]); // releases sha; empty text for a NULL sha

#endif
