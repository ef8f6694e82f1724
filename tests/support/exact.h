/* SPDX-License-Identifier: ISC */
/* exact.h - bytes in a block of exactly their length, so that a sanitizer sees one byte more. */
#ifndef ES_TESTS_EXACT_H
#define ES_TESTS_EXACT_H

#include <stdlib.h>
#include <string.h>

#include "node/wire/slice.h"

/* A copy that the caller frees. */
static inline uint8_t *exact_copy(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

#endif
