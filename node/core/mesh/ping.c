/* SPDX-License-Identifier: ISC */
/* ping.c - our own PING: a listener is never told that a connection broke, and a dialler only when
 * its system finds out (docs/protocol.md, section 7.6).
 *
 * An idle link is asked every half minute. One that owes an answer is asked after three seconds of
 * silence, and gone after three more. */
#include "node/core/mesh/state.h"

/* An honest node sends one PING when a link comes up and then at most one in ES_PING_MS_MIN. */
#define PING_HEARD_MS_MIN 1000
/* Between two of ours, so that the other side answers both although frames may bunch up. */
#define PING_SENT_MS_MIN 2000
#define PINGS_MISSED_MAX 2
#define PING_FRAME_BYTES_MAX 16

static void set_deadline(struct es_mesh *mesh, struct es_mesh_link *link)
{
    link->deadline_ms = es_mesh_sooner(link->ping_due_ms,
                                       es_mesh_sooner(link->answer_due_ms, link->silence_end_ms));
    mesh->links.wake_stale = true;
    mesh->wake_ms =
        es_mesh_sooner(mesh->wake_ms, link->deadline_ms); /* what is sent is no report */
}

void es_mesh_ping(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    uint8_t buf[PING_FRAME_BYTES_MAX];
    size_t len;

    es_mesh_forward_flush_link(mesh, context, link->number);
    es_mesh_flight_pinged(link);
    es_random(context, &link->ping_token, sizeof(link->ping_token));
    link->pinged_ms = context->now_ms;
    link->ping_sent_ms = context->now_ms;
    len = es_frame_ping(buf, sizeof(buf), link->ping_token);
    es_emit_frame(context, link->number, es_slice(buf, len));
    link->ping_due_ms = context->now_ms + ES_PING_MS_MIN +
                        es_random_below(context, ES_PING_MS_MAX - ES_PING_MS_MIN + 1);
    set_deadline(mesh, link);
}

static bool is_silent(const struct es_mesh_link *link)
{
    return link->answer_due_ms != ES_NEVER || link->silence_end_ms != ES_NEVER;
}

void es_mesh_ping_expect(struct es_mesh *mesh, const struct es_context *context,
                         struct es_mesh_link *link)
{
    if (link->state != ES_MESH_UP || is_silent(link))
        return;
    link->answer_due_ms = context->now_ms + ES_SILENCE_MS;
    set_deadline(mesh, link);
}

void es_mesh_ping_doubt(struct es_mesh *mesh, const struct es_context *context,
                        struct es_mesh_link *link)
{
    uint64_t due_ms = link->ping_sent_ms + PING_SENT_MS_MIN;

    if (link->state != ES_MESH_UP || link->silence_end_ms != ES_NEVER)
        return;
    if (due_ms < context->now_ms)
        due_ms = context->now_ms;
    link->answer_due_ms = es_mesh_sooner(link->answer_due_ms, due_ms);
    set_deadline(mesh, link);
}

void es_mesh_ping_soon(struct es_mesh *mesh, const struct es_context *context,
                       struct es_mesh_link *link)
{
    uint64_t due_ms = link->ping_sent_ms + PING_SENT_MS_MIN;

    if (link->state != ES_MESH_UP || link->pinged_ms != ES_NEVER)
        return; /* the answer to that one will tell */
    if (due_ms < context->now_ms)
        due_ms = context->now_ms;
    link->ping_due_ms = es_mesh_sooner(link->ping_due_ms, due_ms);
    set_deadline(mesh, link);
}

void es_mesh_ping_all(struct es_mesh *mesh, const struct es_context *context)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        struct es_mesh_link *link = mesh->links.at[i];

        if (link->state != ES_MESH_UP)
            continue;
        link->pings_missed = 0; /* we were away, not they */
        link->ping_due_ms = context->now_ms + ES_PING_MS_MIN;
        link->silence_end_ms = ES_NEVER;
        link->answer_due_ms = context->now_ms;
        set_deadline(mesh, link);
    }
}

void es_mesh_ping_alive(struct es_mesh *mesh, struct es_mesh_link *link)
{
    if (link->state != ES_MESH_UP || !is_silent(link))
        return;
    link->answer_due_ms = ES_NEVER;
    link->silence_end_ms = ES_NEVER;
    set_deadline(mesh, link);
}

/* Asks, unless a PING is on its way that was sent a moment ago. */
static void ask(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    link->answer_due_ms = ES_NEVER;
    link->silence_end_ms = context->now_ms + ES_SILENCE_MS;
    if (link->pinged_ms == ES_NEVER || context->now_ms >= link->pinged_ms + PING_SENT_MS_MIN)
        es_mesh_ping(mesh, context, link);
    set_deadline(mesh, link);
}

bool es_mesh_ping_due(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    if (link->silence_end_ms <= context->now_ms)
        return false;
    if (link->answer_due_ms <= context->now_ms) {
        ask(mesh, context, link);
    } else {
        if (link->pinged_ms != ES_NEVER && ++link->pings_missed >= PINGS_MISSED_MAX)
            return false;
        es_mesh_ping(mesh, context, link);
    }
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
    if (link->pinged_ms == ES_NEVER || link->ping_token != token) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
        return;
    }
    link->rtt_ms = context->now_ms - link->pinged_ms;
    link->pinged_ms = ES_NEVER;
    link->pings_missed = 0;
    es_mesh_flight_answered(mesh, context, link);
}
