/* SPDX-License-Identifier: ISC */
/* entropy.h - the one source of randomness and of memory that the core has. */
#ifndef ES_ENV_ENTROPY_H
#define ES_ENV_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

struct es_entropy {
    void *ctx;
    /* Fills buf with len random bytes; cannot fail. */
    void (*random)(void *ctx, void *buf, size_t len);
};

struct es_arena {
    void *ctx;
    /* size zeroed bytes, aligned for any object, or NULL when the budget is used up. Chunks are
     * never given back one by one: whoever made the arena frees it whole, zeroised, after
     * es_core_free(). */
    void *(*chunk)(void *ctx, size_t size);
};

#endif
