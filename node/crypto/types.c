/* SPDX-License-Identifier: ISC */
/* types.c - comparing and erasing secrets. */
#include "node/crypto/types.h"

#include <sodium.h>

bool es_bytes_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

bool es_bytes_zero(const void *a, size_t len)
{
    return sodium_is_zero(a, len) == 1;
}

void es_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}
