/* SPDX-License-Identifier: ISC */
/* pool.h - objects of one size out of the arena, used again after they were given back. */
#ifndef ES_CORE_POOL_H
#define ES_CORE_POOL_H

#include "node/env/entropy.h"

struct es_pool {
    const struct es_arena *arena;
    size_t item_bytes;
    size_t n_max;
    size_t n;       /* in use */
    void *free;     /* list of those given back */
    uint8_t *fresh; /* rest of the newest chunk */
    size_t n_fresh;
    size_t n_chunk; /* items in the next chunk: it doubles */
};

void es_pool_init(struct es_pool *pool, const struct es_arena *arena, size_t item_bytes,
                  size_t n_max);
/* A zeroed object; NULL when n_max are in use or the arena is used up. */
void *es_pool_get(struct es_pool *pool);
/* Wipes the object; NULL is fine. */
void es_pool_put(struct es_pool *pool, void *item);

#endif
