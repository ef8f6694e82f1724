/* SPDX-License-Identifier: ISC */
/* memory.c - chunks that are counted and freed together. */
#include "sim/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct es_sim_chunk {
    struct es_sim_chunk *next;
    size_t size;
    _Alignas(max_align_t) uint8_t bytes[];
};

void *es_sim_resize(void *ptr, size_t size)
{
    void *fresh = realloc(ptr, size);

    if (fresh == NULL) {
        fputs("earshot-sim: out of memory\n", stderr);
        exit(125);
    }
    return fresh;
}

void *es_sim_zeroed(size_t size)
{
    return memset(es_sim_resize(NULL, size), 0, size);
}

static void *chunk(void *ctx, size_t size)
{
    struct es_sim_arena *arena = ctx;
    struct es_sim_chunk *fresh;

    if (arena->bytes + size > arena->bytes_max || (arena->fails_in > 0 && --arena->fails_in == 0))
        return NULL;
    fresh = calloc(1, sizeof(*fresh) + size);
    if (fresh == NULL)
        return NULL;
    fresh->next = arena->chunks;
    fresh->size = size;
    arena->chunks = fresh;
    arena->bytes += size;
    return fresh->bytes;
}

struct es_arena es_sim_arena(struct es_sim_arena *arena)
{
    return (struct es_arena){.ctx = arena, .chunk = chunk};
}

void es_sim_arena_each(const struct es_sim_arena *arena,
                       void (*fn)(void *ctx, struct es_slice chunk), void *ctx)
{
    for (const struct es_sim_chunk *chunk = arena->chunks; chunk != NULL; chunk = chunk->next)
        fn(ctx, es_slice(chunk->bytes, chunk->size));
}

void es_sim_arena_done(struct es_sim_arena *arena)
{
    while (arena->chunks != NULL) {
        struct es_sim_chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
    arena->bytes = 0;
    arena->fails_in = 0;
}
