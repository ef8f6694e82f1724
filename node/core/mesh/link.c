/* SPDX-License-Identifier: ISC */
/* link.c - the table of links: dialled and inbound, admission, goodbyes and ends. */
#include "node/core/mesh/link.h"

#include <assert.h>
#include <string.h>

#include "node/core/mesh/state.h"

/* The network process answers a dial within ES_DIAL_MS: later than this it has forgotten it. */
#define DIAL_ANSWER_MS (ES_DIAL_MS + 5000)
#define GREETING_MS 5000
/* What is on its way when a link is replaced arrives within this. The side that was told waits
 * longer, so that the side that tells closes. */
#define LEAVE_MS 1000
#define TOLD_TO_LEAVE_MS 2000
#define BYE_FRAME_BYTES_MAX 8

/* --- Small things ----------------------------------------------------------------------------- */

bool es_mesh_host(char ret[static ES_HOST_BYTES_MAX], const char host[static ES_HOST_BYTES_MAX])
{
    const char *end = memchr(host, 0, ES_HOST_BYTES_MAX);

    if (end == NULL || end == host)
        return false;
    memset(ret, 0, ES_HOST_BYTES_MAX);
    memcpy(ret, host, (size_t)(end - host));
    return true;
}

bool es_mesh_same_host(const char a[static ES_HOST_BYTES_MAX],
                       const char b[static ES_HOST_BYTES_MAX])
{
    return memcmp(a, b, ES_HOST_BYTES_MAX) == 0;
}

bool es_mesh_same_key(const struct es_dh_public *a, const struct es_dh_public *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* --- The table -------------------------------------------------------------------------------- */

void es_mesh_links_init(struct es_mesh *mesh, const struct es_arena *arena)
{
    es_pool_init(&mesh->links.pool, arena, sizeof(struct es_mesh_link), ES_MESH_LINKS_MAX);
    mesh->links.wake_ms = ES_NEVER;
}

struct es_mesh_link *es_mesh_link_find(const struct es_mesh *mesh, uint32_t number)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        if (mesh->links.numbers[i] == number)
            return mesh->links.at[i];
    }
    return NULL;
}

static struct es_mesh_link *add(struct es_mesh *mesh, uint32_t number)
{
    struct es_mesh_links *links = &mesh->links;
    struct es_mesh_link *link = es_pool_get(&links->pool);

    if (link == NULL)
        return NULL;
    link->number = number;
    link->rtt_ms = ES_NEVER;
    link->pinged_ms = ES_NEVER;
    link->answer_due_ms = ES_NEVER;
    link->silence_end_ms = ES_NEVER;
    links->numbers[links->n] = number;
    links->at[links->n++] = link;
    return link;
}

static void take_out(struct es_mesh *mesh, struct es_mesh_link *link)
{
    struct es_mesh_links *links = &mesh->links;

    for (size_t i = 0; i < links->n; i++) {
        if (links->at[i] == link) {
            links->n--;
            links->at[i] = links->at[links->n];
            links->numbers[i] = links->numbers[links->n];
            break;
        }
    }
    es_mesh_flight_end(mesh, link);
    es_pool_put(&links->pool, link);
    links->wake_stale = true;
}

void es_mesh_link_set(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                      enum es_mesh_link_state state, uint64_t for_ms)
{
    link->state = state;
    link->since_ms = context->now_ms;
    link->deadline_ms = context->now_ms + for_ms;
    mesh->links.wake_stale = true;
}

struct es_mesh_link *es_mesh_link_to_peer(const struct es_mesh *mesh, uint32_t peer)
{
    struct es_mesh_link *best = NULL;

    for (size_t i = 0; i < mesh->links.n; i++) {
        struct es_mesh_link *link = mesh->links.at[i];

        if (link->peer != peer || link->state < ES_MESH_UP)
            continue;
        if (best == NULL || link->state < best->state ||
            (link->state == best->state && link->bound > best->bound))
            best = link;
    }
    return best;
}

bool es_mesh_link_stays(const struct es_mesh *mesh, uint32_t peer)
{
    const struct es_mesh_link *link = es_mesh_link_to_peer(mesh, peer);

    return link != NULL && link->state == ES_MESH_UP;
}

struct es_mesh_link *es_mesh_link_to_key(const struct es_mesh *mesh, const struct es_dh_public *key)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        struct es_mesh_link *link = mesh->links.at[i];

        if (!link->inbound && link->state != ES_MESH_LEAVING &&
            es_mesh_same_key(&link->keys.server, key))
            return link;
    }
    return NULL;
}

/* --- Ends ------------------------------------------------------------------------------------- */

static void close_link(struct es_context *context, uint32_t number)
{
    es_emit_order(context, &(struct es_order){.kind = ES_ORDER_CLOSE, .close = number});
}

/* Forgets a link and tells whoever needs to know. */
static void end(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                enum es_mesh_end how)
{
    struct es_mesh_link was = *link;

    take_out(mesh, link);
    if (how == ES_MESH_END_LOST)
        es_count(context->counters, ES_COUNT_LINKS_LOST);
    es_mesh_dial_ended(mesh, context, &was, how);
    if (was.peer != 0 && !es_mesh_is_present(mesh, was.peer)) {
        es_mesh_clock_forget(mesh, was.peer);
        mesh->calls.gone(mesh->calls.ctx, context, was.peer);
    } else if (was.state >= ES_MESH_UP) {
        es_mesh_clocks_settle(mesh);
    }
}

static void say_bye(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                    enum es_bye_reason reason)
{
    uint8_t buf[BYE_FRAME_BYTES_MAX];
    size_t len = es_frame_bye(buf, sizeof(buf), reason);

    es_mesh_forward_flush_link(mesh, context, link->number);
    es_emit_frame(context, link->number, es_slice(buf, len));
}

void es_mesh_link_bye(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                      enum es_bye_reason reason, enum es_mesh_end how)
{
    if (link->state != ES_MESH_DIALLING)
        say_bye(mesh, context, link, reason);
    close_link(context, link->number);
    end(mesh, context, link, how);
}

void es_mesh_link_refuse(struct es_mesh *mesh, struct es_context *context,
                         struct es_mesh_link *link, enum es_counter reason)
{
    es_count(context->counters, reason);
    es_mesh_strike(mesh, context, link->at.host);
    es_mesh_link_bye(mesh, context, link, ES_BYE_REFUSED, ES_MESH_END_REFUSED);
}

void es_mesh_link_retire(struct es_mesh *mesh, struct es_context *context,
                         struct es_mesh_link *link)
{
    assert(link->state == ES_MESH_UP);
    say_bye(mesh, context, link, ES_BYE_REPLACED);
    link->end = ES_MESH_END_DROPPED;
    es_mesh_link_set(mesh, context, link, ES_MESH_LEAVING, LEAVE_MS);
}

void es_mesh_link_heard_bye(struct es_mesh *mesh, struct es_context *context,
                            struct es_mesh_link *link, enum es_bye_reason reason)
{
    uint32_t peer = link->peer;
    enum es_mesh_end how = ES_MESH_END_REPLACED;

    switch (reason) {
    case ES_BYE_REPLACED:
        if (link->state != ES_MESH_UP)
            break;
        link->end = ES_MESH_END_REPLACED;
        es_mesh_link_set(mesh, context, link, ES_MESH_LEAVING, TOLD_TO_LEAVE_MS);
        if (peer != 0)
            es_mesh_dial_peer(mesh, context, peer);
        return;
    case ES_BYE_CLOSING:
    case ES_BYE_CROWDED:
        how = ES_MESH_END_CROWDED;
        break;
    case ES_BYE_VERSION:
    case ES_BYE_REFUSED:
        how = ES_MESH_END_REFUSED;
        break;
    }
    close_link(context, link->number);
    end(mesh, context, link, how);
}

void es_mesh_link_down(struct es_mesh *mesh, struct es_context *context,
                       const struct es_report *report)
{
    struct es_mesh_link *link = es_mesh_link_find(mesh, report->down.link);

    if (link == NULL)
        return; /* we closed it: both sides do */
    if (report->down.end == ES_LINK_MALFORMED) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_MALFORMED);
        es_mesh_strike(mesh, context, link->at.host);
    }
    if (link->state == ES_MESH_LEAVING)
        end(mesh, context, link, link->end);
    else
        end(mesh, context, link, link->state == ES_MESH_UP ? ES_MESH_END_LOST : ES_MESH_END_FAILED);
}

void es_mesh_links_clear(struct es_mesh *mesh, struct es_context *context, unsigned reason)
{
    struct es_mesh_links *links = &mesh->links;
    uint32_t peers[ES_MESH_LINKS_MAX];
    size_t n = 0;

    while (links->n > 0) {
        struct es_mesh_link *link = links->at[links->n - 1];

        if (reason != 0 && link->state != ES_MESH_DIALLING)
            say_bye(mesh, context, link, (enum es_bye_reason)reason);
        if (reason != 0)
            close_link(context, link->number);
        if (link->state >= ES_MESH_UP)
            es_count(context->counters, ES_COUNT_LINKS_LOST);
        if (link->peer != 0)
            peers[n++] = link->peer;
        take_out(mesh, link);
        if (n > 0 && es_mesh_is_present(mesh, peers[n - 1]))
            n--; /* its other link will tell */
    }
    for (size_t i = 0; i < n; i++) {
        es_mesh_clock_forget(mesh, peers[i]);
        mesh->calls.gone(mesh->calls.ctx, context, peers[i]);
    }
    es_mesh_clocks_settle(mesh);
}

/* One at a time: a callback may end others. */
static bool drop_one(struct es_mesh *mesh, struct es_context *context,
                     bool (*fits)(const struct es_mesh_link *link, uint32_t value), uint32_t value)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        if (fits(mesh->links.at[i], value)) {
            es_mesh_link_bye(mesh, context, mesh->links.at[i], ES_BYE_CLOSING, ES_MESH_END_DROPPED);
            return true;
        }
    }
    return false;
}

static bool is_strangers(const struct es_mesh_link *link, uint32_t unused)
{
    (void)unused;
    return link->peer == 0 && !link->kept && link->state >= ES_MESH_UP;
}

void es_mesh_links_drop_strangers(struct es_mesh *mesh, struct es_context *context)
{
    while (drop_one(mesh, context, is_strangers, 0))
        continue;
}

static bool is_of_peer(const struct es_mesh_link *link, uint32_t peer)
{
    return link->peer == peer || link->expected == peer;
}

void es_mesh_links_drop_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer)
{
    while (drop_one(mesh, context, is_of_peer, peer))
        continue;
}

static bool is_by_listener(const struct es_mesh_link *link, uint32_t listener)
{
    return link->inbound && link->listener == listener;
}

void es_mesh_links_drop_listener(struct es_mesh *mesh, struct es_context *context,
                                 uint32_t listener)
{
    size_t i = 0;

    while (i < mesh->links.n) {
        struct es_mesh_link *link = mesh->links.at[i];

        if (!is_by_listener(link, listener)) {
            i++;
            continue;
        }
        /* UNLISTEN closes it; the other side learns that this address is over. */
        say_bye(mesh, context, link, ES_BYE_REPLACED);
        end(mesh, context, link, ES_MESH_END_DROPPED);
        i = 0;
    }
}

/* --- Places ----------------------------------------------------------------------------------- */

static struct es_mesh_link *oldest(const struct es_mesh *mesh,
                                   bool (*fits)(const struct es_mesh_link *link, uint32_t value))
{
    struct es_mesh_link *found = NULL;

    for (size_t i = 0; i < mesh->links.n; i++) {
        struct es_mesh_link *link = mesh->links.at[i];

        if (fits(link, 0) && (found == NULL || link->since_ms < found->since_ms))
            found = link;
    }
    return found;
}

static bool is_inbound_greeting(const struct es_mesh_link *link, uint32_t unused)
{
    (void)unused;
    return link->inbound && link->state == ES_MESH_GREETING;
}

bool es_mesh_link_has_place(struct es_mesh *mesh, struct es_context *context,
                            const struct es_mesh_link *link)
{
    size_t n = 0, n_strangers_in = 0;
    struct es_mesh_link *stranger;

    for (size_t i = 0; i < mesh->links.n; i++) {
        const struct es_mesh_link *other = mesh->links.at[i];

        if (is_inbound_greeting(other, 0))
            continue;
        n++;
        if (other->inbound && other->peer == 0)
            n_strangers_in++;
    }
    if (link->peer == 0)
        return n < mesh->settings.links_max &&
               (!link->inbound || n_strangers_in < ES_STRANGER_LINKS_IN_MAX);
    if (n < mesh->settings.links_max)
        return true;
    stranger = oldest(mesh, is_strangers);
    if (stranger == NULL)
        return false;
    es_count(context->counters, ES_COUNT_REJECTED_LINK_CROWDED);
    es_mesh_link_bye(mesh, context, stranger, ES_BYE_CROWDED, ES_MESH_END_DROPPED);
    return true;
}

/* --- Beginnings ------------------------------------------------------------------------------- */

bool es_mesh_link_dial(struct es_mesh *mesh, struct es_context *context,
                       const struct es_mesh_dial *dial)
{
    struct es_mesh_links *links = &mesh->links;
    struct es_mesh_link wanted = {.peer = dial->expected};
    struct es_order order = {.kind = ES_ORDER_DIAL,
                             .dial = {.to = dial->to, .server_key = dial->key}};
    struct es_mesh_link *link;

    if (!es_mesh_link_has_place(mesh, context, &wanted))
        return false;
    if (++links->last_dialled == ES_LINK_INBOUND)
        links->last_dialled = 1;
    link = add(mesh, links->last_dialled);
    if (link == NULL)
        return false;
    link->at = dial->to;
    link->keys.server = dial->key;
    link->expected = dial->expected;
    link->replaces = dial->replaces;
    link->kept = dial->kept;
    es_mesh_link_set(mesh, context, link, ES_MESH_DIALLING, DIAL_ANSWER_MS);
    order.dial.link = link->number;
    es_emit_order(context, &order);
    es_count(context->counters, ES_COUNT_LINKS_DIALLED);
    return true;
}

/* A place for a newcomer who may still prove to be a contact. */
static struct es_mesh_link *admit(struct es_mesh *mesh, struct es_context *context, uint32_t number)
{
    struct es_mesh_link *link = add(mesh, number);
    struct es_mesh_link *victim;

    if (link != NULL)
        return link;
    victim = oldest(mesh, is_inbound_greeting);
    if (victim == NULL)
        return NULL;
    es_count(context->counters, ES_COUNT_REJECTED_LINK_CROWDED);
    es_mesh_link_bye(mesh, context, victim, ES_BYE_CROWDED, ES_MESH_END_DROPPED);
    return add(mesh, number);
}

static void accept(struct es_mesh *mesh, struct es_context *context, const struct es_report *report)
{
    const struct es_dh_public *own = es_mesh_listener_key(mesh, report->up.listener);
    char host[ES_HOST_BYTES_MAX];
    struct es_mesh_link *link;

    /* Its listener may have been closed a moment ago; anything else is a lie. */
    if (own == NULL || !es_mesh_same_key(own, &report->up.server_key) ||
        !es_mesh_host(host, report->up.host)) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNKNOWN_LINK);
        close_link(context, report->up.link);
        return;
    }
    link = admit(mesh, context, report->up.link);
    if (link == NULL) {
        uint8_t buf[BYE_FRAME_BYTES_MAX];
        size_t len = es_frame_bye(buf, sizeof(buf), ES_BYE_CROWDED);

        es_count(context->counters, ES_COUNT_REJECTED_LINK_CROWDED);
        es_emit_frame(context, report->up.link, es_slice(buf, len));
        close_link(context, report->up.link);
        return;
    }
    link->inbound = true;
    link->listener = report->up.listener;
    link->keys.server = report->up.server_key;
    link->keys.client = report->up.client_key;
    memcpy(link->at.host, host, sizeof(host));
    es_mesh_link_set(mesh, context, link, ES_MESH_GREETING, GREETING_MS);
    es_count(context->counters, ES_COUNT_LINKS_ACCEPTED);
}

void es_mesh_link_connected(struct es_mesh *mesh, struct es_context *context,
                            const struct es_report *report)
{
    struct es_mesh_link *link = es_mesh_link_find(mesh, report->up.link);
    bool inbound = report->up.link >= ES_LINK_INBOUND;

    if (link == NULL && inbound) {
        accept(mesh, context, report);
        return;
    }
    if (link == NULL || link->state != ES_MESH_DIALLING ||
        !es_mesh_same_key(&link->keys.server, &report->up.server_key)) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNKNOWN_LINK);
        return;
    }
    link->keys.client = report->up.client_key;
    (void)es_mesh_host(link->at.host, report->up.host); /* else the one that was dialled */
    es_mesh_link_set(mesh, context, link, ES_MESH_GREETING, GREETING_MS);
    es_mesh_greet(mesh, context, link);
}

/* --- Time ------------------------------------------------------------------------------------- */

static void due(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link)
{
    enum es_mesh_end how = ES_MESH_END_FAILED;

    switch (link->state) {
    case ES_MESH_UP:
        if (es_mesh_ping_due(mesh, context, link))
            return;
        how = ES_MESH_END_LOST;
        break;
    case ES_MESH_LEAVING:
        how = link->end;
        break;
    case ES_MESH_DIALLING:
    case ES_MESH_GREETING:
        break;
    }
    close_link(context, link->number);
    end(mesh, context, link, how);
}

void es_mesh_links_timer(struct es_mesh *mesh, struct es_context *context)
{
    size_t i = 0;

    while (i < mesh->links.n) {
        struct es_mesh_link *link = mesh->links.at[i];

        if (link->deadline_ms > context->now_ms) {
            i++;
        } else {
            due(mesh, context, link);
            i = 0; /* the layer above may have ended others */
        }
    }
}

uint64_t es_mesh_links_wake(struct es_mesh *mesh)
{
    struct es_mesh_links *links = &mesh->links;

    if (!links->wake_stale)
        return links->wake_ms;
    links->wake_stale = false;
    links->wake_ms = ES_NEVER;
    for (size_t i = 0; i < links->n; i++)
        links->wake_ms = es_mesh_sooner(links->wake_ms, links->at[i]->deadline_ms);
    return links->wake_ms;
}
