/* SPDX-License-Identifier: ISC */
/* arena.c - regions of mapped memory, cut into chunks. */
#include "node/daemon/arena.h"

#include <stdalign.h>
#include <sys/mman.h>

#include "node/crypto/types.h"

#define REGION_BYTES (1u << 20)

struct es_daemon_region {
    struct es_daemon_region *next;
    size_t size; /* with this head */
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

void es_daemon_arena_init(struct es_daemon_arena *arena, size_t bytes_max)
{
    *arena = (struct es_daemon_arena){.bytes_max = bytes_max};
}

static struct es_daemon_region *map_region(struct es_daemon_arena *arena, size_t chunk)
{
    size_t size = sizeof(struct es_daemon_region) + chunk;
    struct es_daemon_region *region;

    if (size < REGION_BYTES)
        size = REGION_BYTES;
    if (arena->bytes + size > arena->bytes_max)
        return NULL;
    region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED)
        return NULL;
    /* Best effort beside RLIMIT_CORE and PR_SET_DUMPABLE. */
    (void)madvise(region, size, MADV_DONTDUMP);
    region->size = size;
    region->next = arena->regions;
    arena->regions = region;
    arena->bytes += size;
    return region;
}

static void *chunk(void *ctx, size_t size)
{
    struct es_daemon_arena *arena = ctx;
    struct es_daemon_region *region = arena->regions;
    size_t rounded =
        (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);

    if (region == NULL || region->size - sizeof(*region) - region->used < rounded)
        region = map_region(arena, rounded);
    if (region == NULL)
        return NULL;
    region->used += rounded;
    return region->bytes + region->used - rounded;
}

struct es_arena es_daemon_arena(struct es_daemon_arena *arena)
{
    return (struct es_arena){.ctx = arena, .chunk = chunk};
}

void es_daemon_arena_done(struct es_daemon_arena *arena)
{
    while (arena->regions != NULL) {
        struct es_daemon_region *region = arena->regions;

        arena->regions = region->next;
        es_wipe(region->bytes, region->used);
        munmap(region, region->size);
    }
    arena->bytes = 0;
}
