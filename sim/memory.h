/* SPDX-License-Identifier: ISC */
/* memory.h - memory of the simulator and of its nodes. */
#ifndef ES_SIM_MEMORY_H
#define ES_SIM_MEMORY_H

#include "node/env/entropy.h"
#include "node/wire/slice.h"

/* realloc() that ends the program, with exit code 125 (could not run), when memory is out. */
void *es_sim_resize(void *ptr, size_t size);
/* New memory of zeros, the same way. */
void *es_sim_zeroed(size_t size);

/* The chunks of one core: everything that it holds in memory. */
struct es_sim_chunk;
struct es_sim_arena {
    struct es_sim_chunk *chunks;
    size_t bytes;
    size_t bytes_max;
    uint64_t fails_in; /* 1: the next chunk is not given, 0: all are */
};
struct es_arena es_sim_arena(struct es_sim_arena *arena);
void es_sim_arena_each(const struct es_sim_arena *arena,
                       void (*fn)(void *ctx, struct es_slice chunk), void *ctx);
void es_sim_arena_done(struct es_sim_arena *arena);

#endif
