/* SPDX-License-Identifier: ISC */
/* strike.h - hosts that send what no honest node sends, and when they are refused for a while. */
#ifndef ES_MESH_STRIKE_H
#define ES_MESH_STRIKE_H

#include "node/core/context.h"
#include "node/wire/limits.h"

struct es_mesh;

/* Three offences within ten minutes, from one host: refused for ten minutes. */
#define ES_STRIKES_FOR_BAN 3
#define ES_STRIKES_MS 600000
#define ES_BAN_MS 600000

struct es_mesh_strikes {
    struct {
        char host[ES_HOST_BYTES_MAX];
        unsigned n; /* 0: free */
        uint64_t first_ms, last_ms;
    } of[ES_STRIKES_MAX];
};

void es_mesh_strike(struct es_mesh *mesh, struct es_context *context,
                    const char host[static ES_HOST_BYTES_MAX]);

#endif
