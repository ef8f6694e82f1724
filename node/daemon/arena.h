/* SPDX-License-Identifier: ISC */
/* arena.h - the core's memory: never in a core dump, zeroised when it is given back. */
#ifndef ES_DAEMON_ARENA_H
#define ES_DAEMON_ARENA_H

#include "node/env/entropy.h"

struct es_daemon_region;
struct es_daemon_arena {
    struct es_daemon_region *regions;
    size_t bytes, bytes_max;
};

void es_daemon_arena_init(struct es_daemon_arena *arena, size_t bytes_max);
/* The arena as the core takes it. */
struct es_arena es_daemon_arena(struct es_daemon_arena *arena);
void es_daemon_arena_done(struct es_daemon_arena *arena);

#endif
