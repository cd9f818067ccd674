// SPDX-License-Identifier: MIT
#include "src/sha256.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct nb_sha256 {
    EVP_MD_CTX *context;
    bool ok;
};

struct nb_sha256 *nb_sha256_begin(void) {
    struct nb_sha256 *sha = malloc(sizeof *sha);
    if (sha == NULL)
        return NULL;
    sha->context = EVP_MD_CTX_new();
    sha->ok = sha->context != NULL && EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) == 1;
    if (!sha->ok) {
        EVP_MD_CTX_free(sha->context);
        free(sha);
        return NULL;
    }
    return sha;
}

void nb_sha256_add(struct nb_sha256 *sha, const void *data, size_t size) {
    if (sha != NULL)
        sha->ok = sha->ok && EVP_DigestUpdate(sha->context, data, size) == 1;
}

void nb_sha256_end(struct nb_sha256 *sha, char hex[65]) {
    hex[0] = '\0';
    if (sha == NULL)
        return;
    unsigned char digest[32];
    if (sha->ok && EVP_DigestFinal_ex(sha->context, digest, NULL) == 1)
        for (int i = 0; i < 32; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(sha->context);
    free(sha);
}
