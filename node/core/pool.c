/* SPDX-License-Identifier: ISC */
/* pool.c - a free list over chunks that double up to 64 objects, or to what is large enough. */
#include "node/core/pool.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "node/crypto/types.h"

#define CHUNK_ITEMS_MAX 64
#define CHUNK_BYTES_MAX (16u << 10)

void es_pool_init(struct es_pool *pool, const struct es_arena *arena, size_t item_bytes,
                  size_t n_max)
{
    size_t align = alignof(max_align_t);

    assert(item_bytes >= sizeof(void *));
    *pool = (struct es_pool){
        .arena = arena,
        .item_bytes = (item_bytes + align - 1) / align * align,
        .n_max = n_max,
        .n_chunk = 4,
    };
    while (pool->n_chunk > 1 && pool->n_chunk * pool->item_bytes > CHUNK_BYTES_MAX)
        pool->n_chunk /= 2;
}

void *es_pool_get(struct es_pool *pool)
{
    void *item;

    if (pool->n == pool->n_max)
        return NULL;
    if (pool->free != NULL) {
        item = pool->free;
        memcpy(&pool->free, item, sizeof(pool->free));
        memset(item, 0, sizeof(pool->free));
    } else {
        if (pool->n_fresh == 0) {
            pool->fresh = pool->arena->chunk(pool->arena->ctx, pool->n_chunk * pool->item_bytes);
            if (pool->fresh == NULL)
                return NULL;
            pool->n_fresh = pool->n_chunk;
            if (pool->n_chunk < CHUNK_ITEMS_MAX &&
                2 * pool->n_chunk * pool->item_bytes <= CHUNK_BYTES_MAX)
                pool->n_chunk *= 2;
        }
        item = pool->fresh;
        pool->fresh += pool->item_bytes;
        pool->n_fresh--;
    }
    pool->n++;
    return item;
}

void es_pool_put(struct es_pool *pool, void *item)
{
    if (item == NULL)
        return;
    es_wipe(item, pool->item_bytes);
    memcpy(item, &pool->free, sizeof(pool->free));
    pool->free = item;
    pool->n--;
}
