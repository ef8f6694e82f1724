/* SPDX-License-Identifier: ISC */
/* state.h - the mesh as its files see it: one struct per noun, put together here.
 *
 * Whoever calls back into the layer above (node/core/mesh/mesh.h) must find links and neighbours
 * again afterwards: the layer above may close them. */
#ifndef ES_MESH_STATE_H
#define ES_MESH_STATE_H

#include "node/core/mesh/flight.h"
#include "node/core/mesh/forward.h"
#include "node/core/mesh/link.h"
#include "node/core/mesh/mesh.h"
#include "node/core/mesh/meshtime.h"
#include "node/core/mesh/neighbour.h"
#include "node/core/mesh/period.h"
#include "node/core/mesh/strike.h"

#define ES_NEVER UINT64_MAX

struct es_mesh {
    struct es_settings settings;
    struct es_mesh_calls calls;
    struct es_mesh_links links;
    struct es_pool flights;
    struct es_mesh_neighbours neighbours;
    struct es_mesh_period period;
    struct es_mesh_forward forward;
    struct es_mesh_clocks clocks;
    struct es_mesh_strikes strikes;
    struct es_discovery_state discovery;
    bool running;   /* between es_mesh_start() and es_mesh_stop() */
    unsigned depth; /* of calls into the mesh: the layer above may call from a callback */
    uint64_t wake_ms;
};

static inline uint64_t es_mesh_sooner(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

#endif
