/* SPDX-License-Identifier: ISC */
/* mesh.c - the way in: reports, timers and wishes of the layer above go to the noun they are about.
 *
 * Reports come from the process that strangers attack: whatever they say is counted, ignored or
 * answered, never asserted. */
#include "node/core/mesh/mesh.h"

#include <assert.h>
#include <string.h>

#include "node/core/mesh/state.h"

#define ROTATION_MS_MIN 1000
/* A timer that comes so much too late has not been waiting for a busy processor. */
#define SLEPT_MS 10000

struct es_mesh *es_mesh_new(const struct es_arena *arena, const struct es_settings *settings,
                            const struct es_mesh_calls *calls, uint8_t *scratch)
{
    struct es_mesh *mesh = arena->chunk(arena->ctx, sizeof(*mesh));

    if (mesh == NULL)
        return NULL;
    mesh->settings = *settings;
    if (mesh->settings.links_max > ES_LINKS_MAX)
        mesh->settings.links_max = ES_LINKS_MAX;
    if (mesh->settings.rotation_ms < ROTATION_MS_MIN)
        mesh->settings.rotation_ms = ROTATION_MS_MIN;
    mesh->calls = *calls;
    mesh->wake_ms = ES_NEVER;
    es_mesh_links_init(mesh, arena);
    es_mesh_flight_init(mesh, arena);
    es_mesh_neighbours_init(mesh, arena);
    if (!es_mesh_period_init(mesh, arena) || !es_mesh_forward_init(mesh, arena, scratch))
        return NULL;
    return mesh;
}

void es_mesh_done(struct es_mesh *mesh)
{
    es_wipe(&mesh->period.lasting_secret, sizeof(mesh->period.lasting_secret));
}

/* --- Every call that may change what is due ------------------------------------------------------ */

/* The machine was suspended, or the process stopped. */
static bool has_slept(const struct es_mesh *mesh, const struct es_context *context)
{
    return mesh->running && context->now_ms > SLEPT_MS &&
           mesh->wake_ms < context->now_ms - SLEPT_MS;
}

static void enter(struct es_mesh *mesh, struct es_context *context)
{
    mesh->depth++;
    es_mesh_clocks_observe(mesh, context);
    if (mesh->depth == 1 && has_slept(mesh, context)) {
        es_mesh_ping_all(mesh, context);
        es_mesh_dial_anew(mesh, context);
    }
}

static void leave(struct es_mesh *mesh, struct es_context *context)
{
    if (mesh->depth == 1 && mesh->running) {
        es_mesh_period_sweep(mesh, context);
        es_mesh_dial_due(mesh, context);
    }
    if (--mesh->depth > 0)
        return;
    mesh->wake_ms = ES_NEVER;
    if (mesh->running)
        mesh->wake_ms =
            es_mesh_sooner(es_mesh_links_wake(mesh),
                           es_mesh_sooner(es_mesh_dial_wake(mesh), es_mesh_period_wake(mesh)));
}

uint64_t es_mesh_wake_at(const struct es_mesh *mesh)
{
    return mesh->wake_ms;
}

/* --- Beginning and end ------------------------------------------------------------------------- */

static void set_up(const struct es_mesh *mesh, struct es_context *context)
{
    struct es_order order = {.kind = ES_ORDER_SETUP};

    order.setup.method = mesh->settings.method;
    memcpy(order.setup.interfaces, mesh->settings.interfaces, sizeof(order.setup.interfaces));
    es_emit_order(context, &order);
}

void es_mesh_start(struct es_mesh *mesh, struct es_context *context,
                   const struct es_key *lasting_secret)
{
    enter(mesh, context);
    mesh->running = true;
    memset(&mesh->discovery, 0, sizeof(mesh->discovery));
    set_up(mesh, context);
    es_mesh_neighbours_clear(mesh);
    es_mesh_period_start(mesh, context, lasting_secret);
    es_mesh_links_clear(mesh, context, 0);
    for (size_t i = 0; i < mesh->settings.n_peers; i++)
        es_mesh_neighbour_keep(mesh, context, &mesh->settings.peers[i].at,
                               &mesh->settings.peers[i].key, 0);
    leave(mesh, context);
}

void es_mesh_stop(struct es_mesh *mesh, struct es_context *context)
{
    if (!mesh->running)
        return;
    enter(mesh, context);
    mesh->running = false;
    es_emit_order(context, &(struct es_order){.kind = ES_ORDER_WITHDRAW});
    es_mesh_flush(mesh, context);
    es_mesh_links_clear(mesh, context, ES_BYE_CLOSING);
    leave(mesh, context);
}

/* --- Reports ---------------------------------------------------------------------------------- */

static void on_traffic(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                       const struct es_frame *frame)
{
    es_mesh_ping_alive(mesh, link);
    switch (frame->kind) {
    case ES_FRAME_HELLO:
    case ES_FRAME_LINK:
        es_mesh_link_refuse(mesh, context, link, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
        break;
    case ES_FRAME_ENVELOPES:
        es_mesh_forward_envelopes(mesh, context, link, frame);
        break;
    case ES_FRAME_ACK:
        es_mesh_forward_acks(mesh, context, link, frame);
        break;
    case ES_FRAME_MOVED:
        es_mesh_neighbour_moved(mesh, context, link, frame->moved.port, &frame->moved.key);
        break;
    case ES_FRAME_PING:
        es_mesh_ping_heard(mesh, context, link, frame->token);
        break;
    case ES_FRAME_PONG:
        es_mesh_pong_heard(mesh, context, link, frame->token);
        break;
    case ES_FRAME_BYE:
        es_mesh_link_heard_bye(mesh, context, link, frame->bye);
        break;
    }
}

static void on_frame(struct es_mesh *mesh, struct es_context *context,
                     const struct es_report *report)
{
    struct es_mesh_link *link = es_mesh_link_find(mesh, report->frame.link);
    struct es_frame frame;

    es_count(context->counters, ES_COUNT_FRAMES_IN);
    if (link == NULL || link->state == ES_MESH_DIALLING)
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNKNOWN_LINK);
    else if (!es_frame_decode(report->frame.bytes, &frame))
        es_mesh_link_refuse(mesh, context, link, ES_COUNT_REJECTED_FRAME_MALFORMED);
    else if (link->state == ES_MESH_GREETING)
        es_mesh_greeting_frame(mesh, context, link, &frame);
    else
        on_traffic(mesh, context, link, &frame);
}

static void on_discovery(struct es_mesh *mesh, const struct es_discovery_state *state)
{
    mesh->discovery = *state;
    mesh->discovery.problem[sizeof(mesh->discovery.problem) - 1] = 0;
}

static void on_report(struct es_mesh *mesh, struct es_context *context,
                      const struct es_report *report)
{
    switch (report->kind) {
    case ES_REPORT_LISTENING:
        es_mesh_period_listening(mesh, context, report->listening.listener, report->listening.port);
        break;
    case ES_REPORT_LINK_UP:
        es_mesh_link_connected(mesh, context, report);
        break;
    case ES_REPORT_LINK_DOWN:
        es_mesh_link_down(mesh, context, report);
        break;
    case ES_REPORT_FRAME:
        on_frame(mesh, context, report);
        break;
    case ES_REPORT_ADVERT_SEEN:
        es_mesh_neighbour_seen(mesh, context, report);
        break;
    case ES_REPORT_ADVERT_GONE:
        es_mesh_neighbour_gone(mesh, &report->gone.link_key);
        break;
    case ES_REPORT_DISCOVERY:
        on_discovery(mesh, &report->discovery);
        break;
    case ES_REPORT_COUNTS:
        break; /* the core's own: it counts before there is a mesh */
    }
}

void es_mesh_report(struct es_mesh *mesh, struct es_context *context,
                    const struct es_report *report)
{
    if (!mesh->running)
        return; /* said before it heard that the node stops */
    enter(mesh, context);
    on_report(mesh, context, report);
    leave(mesh, context);
}

void es_mesh_timer(struct es_mesh *mesh, struct es_context *context)
{
    if (!mesh->running)
        return;
    enter(mesh, context);
    es_mesh_links_timer(mesh, context);
    es_mesh_period_timer(mesh, context);
    leave(mesh, context);
}

/* --- Wishes of the layer above -------------------------------------------------------------------- */

void es_mesh_rotate(struct es_mesh *mesh, struct es_context *context, bool drop_strangers)
{
    if (!mesh->running)
        return;
    enter(mesh, context);
    if (drop_strangers) {
        mesh->period.drop_strangers = true;
        es_mesh_links_drop_strangers(mesh, context);
    }
    es_mesh_period_next(mesh, context);
    leave(mesh, context);
}

void es_mesh_republish(struct es_mesh *mesh, struct es_context *context)
{
    if (mesh->running)
        es_mesh_period_publish(mesh, context);
}

void es_mesh_recognise_again(struct es_mesh *mesh, struct es_context *context)
{
    if (!mesh->running)
        return;
    enter(mesh, context);
    es_mesh_neighbours_recognise(mesh, context);
    leave(mesh, context);
}

void es_mesh_drop_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer)
{
    assert(peer != 0);
    if (!mesh->running)
        return;
    enter(mesh, context);
    es_mesh_neighbours_forget_peer(mesh, context, peer);
    es_mesh_links_drop_peer(mesh, context, peer);
    es_mesh_clock_forget(mesh, peer);
    leave(mesh, context);
}

void es_mesh_connect(struct es_mesh *mesh, struct es_context *context, const struct es_endpoint *at,
                     const struct es_dh_public *key, uint32_t peer)
{
    if (!mesh->running)
        return;
    enter(mesh, context);
    es_mesh_neighbour_keep(mesh, context, at, key, peer);
    leave(mesh, context);
}

/* --- Views ------------------------------------------------------------------------------------ */

bool es_mesh_is_present(const struct es_mesh *mesh, uint32_t peer)
{
    return peer != 0 && es_mesh_link_to_peer(mesh, peer) != NULL;
}

bool es_mesh_link_next(const struct es_mesh *mesh, size_t *io_at, struct es_link_view *ret)
{
    const struct es_mesh_link *next = NULL;

    for (size_t i = 0; i < mesh->links.n; i++) {
        const struct es_mesh_link *link = mesh->links.at[i];

        if (link->number > *io_at && (next == NULL || link->number < next->number))
            next = link;
    }
    if (next == NULL)
        return false;
    *io_at = next->number;
    *ret = (struct es_link_view){
        .link = next->number,
        .inbound = next->inbound,
        .up = next->state >= ES_MESH_UP,
        .peer = next->peer,
        .rtt_ms = next->rtt_ms,
        .envelopes_in = next->envelopes_in,
        .envelopes_out = next->envelopes_out,
    };
    return true;
}

bool es_mesh_advert_next(const struct es_mesh *mesh, size_t *io_at, struct es_advert_view *ret)
{
    while (*io_at < mesh->neighbours.n) {
        const struct es_mesh_neighbour *neighbour = mesh->neighbours.at[(*io_at)++];

        if (neighbour->advertised) {
            *ret = (struct es_advert_view){.advert = &neighbour->advert, .peer = neighbour->peer};
            return true;
        }
    }
    return false;
}

void es_mesh_view(const struct es_mesh *mesh, struct es_mesh_view *ret)
{
    *ret = (struct es_mesh_view){
        .discovery = mesh->discovery,
        .listening_since_ms = mesh->period.current.since_ms,
        .port = mesh->period.current.port,
    };
}

struct es_dh_public es_mesh_lasting_key(const struct es_mesh *mesh)
{
    return mesh->period.lasting_key;
}
