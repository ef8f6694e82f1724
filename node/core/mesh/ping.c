/* SPDX-License-Identifier: ISC */
/* ping.c - our own PING: a listener is never told that a connection broke. */
#include "node/core/mesh/state.h"

/* An honest node sends one PING when a link comes up and then at most one in ES_PING_MS_MIN. */
#define PING_HEARD_MS_MIN 1000
#define PINGS_MISSED_MAX 2
#define PING_FRAME_BYTES_MAX 16

void es_mesh_ping(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    uint8_t buf[PING_FRAME_BYTES_MAX];
    size_t len;

    es_random(context, &link->ping_token, sizeof(link->ping_token));
    link->pinged_ms = context->now_ms;
    len = es_frame_ping(buf, sizeof(buf), link->ping_token);
    es_emit_frame(context, link->number, es_slice(buf, len));
    link->deadline_ms = context->now_ms + ES_PING_MS_MIN +
                        es_random_below(context, ES_PING_MS_MAX - ES_PING_MS_MIN + 1);
    mesh->links.wake_stale = true;
}

bool es_mesh_ping_due(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    if (link->pinged_ms != ES_NEVER && ++link->pings_missed >= PINGS_MISSED_MAX)
        return false;
    es_mesh_ping(mesh, context, link);
    return true;
}

void es_mesh_ping_heard(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                        uint64_t token)
{
    uint8_t buf[PING_FRAME_BYTES_MAX];
    size_t len;

    (void)mesh;
    if (link->ping_heard_ms != 0 && context->now_ms < link->ping_heard_ms + PING_HEARD_MS_MIN) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
        return;
    }
    link->ping_heard_ms = context->now_ms;
    len = es_frame_pong(buf, sizeof(buf), token);
    es_emit_frame(context, link->number, es_slice(buf, len));
}

void es_mesh_pong_heard(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                        uint64_t token)
{
    (void)mesh;
    if (link->pinged_ms == ES_NEVER || link->ping_token != token) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
        return;
    }
    link->rtt_ms = context->now_ms - link->pinged_ms;
    link->pinged_ms = ES_NEVER;
    link->pings_missed = 0;
}
