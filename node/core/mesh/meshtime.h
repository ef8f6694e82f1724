/* SPDX-License-Identifier: ISC */
/* meshtime.h - the time by which envelopes expire (docs/protocol.md, section 4.2).
 *
 * An offset to our own wall clock: median of at least three contacts' clocks, else of the clocks
 * that links told in HELLO (one for each host) and our own. */
#ifndef ES_MESH_MESHTIME_H
#define ES_MESH_MESHTIME_H

#include "node/core/context.h"
#include "node/wire/limits.h"

struct es_mesh;

struct es_mesh_clock {
    uint32_t peer;
    int64_t offset_ms;
    uint64_t heard; /* order */
};

struct es_mesh_clocks {
    struct es_mesh_clock of[ES_CLOCKS_MAX];
    size_t n;
    uint64_t last_heard;
    bool running; /* now_ms and wall_ms are set */
    uint64_t now_ms, wall_ms;
    int64_t offset_ms;
};

/* Notices when our own wall clock was set: the others' clocks stay where they were. */
void es_mesh_clocks_observe(struct es_mesh *mesh, const struct es_context *context);
/* How far a clock is off ours at least, when all we know is its bucket. */
int64_t es_mesh_clock_of_bucket(uint16_t bucket, uint64_t wall_ms);
void es_mesh_clock_forget(struct es_mesh *mesh, uint32_t peer);
/* Links or clocks have changed. */
void es_mesh_clocks_settle(struct es_mesh *mesh);

#endif
