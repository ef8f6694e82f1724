/* SPDX-License-Identifier: ISC */
/* dial.c - whom to dial, and when (docs/protocol.md, section 8.3).
 *
 * A neighbour's dial_ms says when it may be dialled next. Who need not be dialled, because a link to
 * it stands or is on its way, waits at ES_NEVER until a link ends: then it is looked at again. */
#include <string.h>

#include "node/core/mesh/state.h"

/* The node with the greater link key gives the other one this long. */
#define DIAL_SECOND_MS 3000
/* Strangers are chosen among those seen meanwhile, not in the order in which they are seen. */
#define STRANGER_SPREAD_MS 2000
/* All attempts together: a burst when a network comes up, then five a second. */
#define ATTEMPTS_MAX 16
#define ATTEMPT_MS 200
/* Adverts of strangers may name somebody else's host, with one port after the other; and several people
 * may share a host. */
#define STRANGER_HOST_MS 30000
#define STRANGER_HOST_ATTEMPTS 4
_Static_assert(ES_STRANGER_HOSTS_MAX >= ATTEMPTS_MAX + STRANGER_HOST_MS / ATTEMPT_MS,
               "no host is forgotten early");
/* A link that was up for this long has worked: its end is no failure of the address. */
#define WORKED_MS 30000
/* Failures after which an address that is known from a link alone is forgotten. */
#define TOLD_FAILURES_MAX 5
#define REFUSED_MS 600000

static const uint32_t retry_ms[] = {1000, 3000, 10000, 30000};
static const uint32_t unproved_ms[] = {30000, 300000, 900000};
#define RETRIES (sizeof(retry_ms) / sizeof(retry_ms[0]))
#define UNPROVED (sizeof(unproved_ms) / sizeof(unproved_ms[0]))

static void dial_after(struct es_mesh *mesh, struct es_context *context,
                       struct es_mesh_neighbour *neighbour, uint64_t delay_ms)
{
    neighbour->dial_ms = context->now_ms + delay_ms;
    mesh->neighbours.wake_stale = true;
}

/* Not all at the same moment: up to a quarter later. */
static void dial_later(struct es_mesh *mesh, struct es_context *context,
                       struct es_mesh_neighbour *neighbour, uint64_t delay_ms)
{
    dial_after(mesh, context, neighbour, delay_ms + es_random_below(context, delay_ms / 4 + 1));
}

static void back_off(struct es_mesh *mesh, struct es_context *context,
                     struct es_mesh_neighbour *neighbour)
{
    size_t at = neighbour->failures < RETRIES ? neighbour->failures : RETRIES - 1;

    if (neighbour->failures < UINT8_MAX)
        neighbour->failures++;
    dial_later(mesh, context, neighbour, retry_ms[at]);
}

static bool is_stranger(const struct es_mesh_neighbour *neighbour)
{
    return neighbour->peer == 0 && !neighbour->kept && neighbour->replaces == 0;
}

void es_mesh_dial_fresh(struct es_mesh *mesh, struct es_context *context,
                        struct es_mesh_neighbour *neighbour)
{
    uint64_t delay_ms = 0;

    if (neighbour->replaces == 0 && !neighbour->kept &&
        !es_mesh_dials_first(mesh, &neighbour->advert.link_key))
        delay_ms = DIAL_SECOND_MS;
    if (is_stranger(neighbour))
        delay_ms += es_random_below(context, STRANGER_SPREAD_MS + 1);
    dial_after(mesh, context, neighbour, delay_ms);
}

void es_mesh_dial_anew(struct es_mesh *mesh, struct es_context *context)
{
    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        struct es_mesh_neighbour *neighbour = mesh->neighbours.at[i];

        neighbour->failures = 0;
        if (!is_stranger(neighbour))
            dial_after(mesh, context, neighbour, 0);
    }
}

/* --- Who is due ------------------------------------------------------------------------------- */

static bool is_dialling_peer(const struct es_mesh *mesh, uint32_t peer)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        if (mesh->links.at[i]->expected == peer && mesh->links.at[i]->state < ES_MESH_UP)
            return true;
    }
    return false;
}

/* A stranger that dialled us from one of these hosts is taken for this neighbour. */
static bool has_called(const struct es_mesh *mesh, const struct es_mesh_neighbour *neighbour)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        const struct es_mesh_link *link = mesh->links.at[i];

        if (!link->inbound || link->peer != 0 || link->state == ES_MESH_LEAVING)
            continue;
        for (uint8_t host = 0; host < neighbour->n_hosts; host++) {
            if (es_mesh_same_host(link->at.host, neighbour->hosts[host]))
                return true;
        }
    }
    return false;
}

/* Is there a link already, or one on its way? */
static bool is_served(const struct es_mesh *mesh, const struct es_mesh_neighbour *neighbour)
{
    const struct es_mesh_link *link;

    if (neighbour->peer != 0 && neighbour->replaces == 0)
        return es_mesh_link_stays(mesh, neighbour->peer) || is_dialling_peer(mesh, neighbour->peer);
    link = es_mesh_link_to_key(mesh, &neighbour->advert.link_key);
    if (link != NULL)
        return true;
    return is_stranger(neighbour) && !es_mesh_dials_first(mesh, &neighbour->advert.link_key) &&
           has_called(mesh, neighbour);
}

static bool may_dial_strangers(const struct es_mesh *mesh)
{
    size_t n = 0;

    for (size_t i = 0; i < mesh->links.n; i++) {
        const struct es_mesh_link *link = mesh->links.at[i];

        if (!link->inbound && !link->kept && link->expected == 0 && link->peer == 0 &&
            link->state != ES_MESH_LEAVING)
            n++;
    }
    return n < mesh->settings.strangers_max;
}

static const char *host_of(const struct es_mesh_neighbour *neighbour)
{
    return neighbour->hosts[neighbour->next_host % neighbour->n_hosts];
}

/* Strangers: until when no further attempt at the same host may follow. */
static uint64_t rests_until(const struct es_mesh_neighbours *table,
                            const struct es_mesh_neighbour *neighbour)
{
    unsigned attempts = 0;

    for (size_t i = 0; i < ES_STRANGER_HOSTS_MAX; i++) {
        size_t newest_first =
            (table->next_resting + 2 * ES_STRANGER_HOSTS_MAX - 1 - i) % ES_STRANGER_HOSTS_MAX;

        if (es_mesh_same_host(table->resting[newest_first].host, host_of(neighbour)) &&
            ++attempts == STRANGER_HOST_ATTEMPTS)
            return table->resting[newest_first].until_ms;
    }
    return 0;
}

static void let_rest(struct es_mesh_neighbours *table, uint64_t now_ms, const char *host)
{
    memcpy(table->resting[table->next_resting].host, host, ES_HOST_BYTES_MAX);
    table->resting[table->next_resting].until_ms = now_ms + STRANGER_HOST_MS;
    table->next_resting = (table->next_resting + 1) % ES_STRANGER_HOSTS_MAX;
}

/* Waits because there is a link already, or because of others at its host. */
static bool must_wait(const struct es_mesh *mesh, const struct es_context *context,
                      struct es_mesh_neighbour *neighbour)
{
    uint64_t until_ms;

    if (is_served(mesh, neighbour)) {
        neighbour->dial_ms = ES_NEVER;
        return true;
    }
    until_ms = is_stranger(neighbour) ? rests_until(&mesh->neighbours, neighbour) : 0;
    if (until_ms <= context->now_ms)
        return false;
    neighbour->dial_ms = until_ms;
    return true;
}

/* Contacts and given addresses first, of those the last seen; then a random stranger. */
static struct es_mesh_neighbour *next_due(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_neighbours *table = &mesh->neighbours;
    bool strangers = may_dial_strangers(mesh);
    struct es_mesh_neighbour *best = NULL;
    size_t due[ES_NEIGHBOURS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < table->n; i++) {
        struct es_mesh_neighbour *neighbour = table->at[i];

        if (neighbour->dial_ms > context->now_ms || (is_stranger(neighbour) && !strangers))
            continue;
        if (must_wait(mesh, context, neighbour))
            continue;
        if (is_stranger(neighbour))
            due[n++] = i;
        else if (best == NULL || neighbour->seen > best->seen)
            best = neighbour;
    }
    table->wake_stale = true;
    if (best != NULL || n == 0)
        return best;
    return table->at[due[es_random_below(context, n)]];
}

/* --- Dialling --------------------------------------------------------------------------------- */

static void earn_attempts(struct es_mesh_neighbours *table, uint64_t now_ms)
{
    uint64_t earned = (now_ms - table->attempts_ms) / ATTEMPT_MS;

    if (earned >= table->attempts) {
        table->attempts = 0;
        table->attempts_ms = now_ms;
    } else {
        table->attempts -= (unsigned)earned;
        table->attempts_ms += earned * ATTEMPT_MS;
    }
}

static void dial(struct es_mesh *mesh, struct es_context *context,
                 struct es_mesh_neighbour *neighbour)
{
    struct es_mesh_dial wanted = {
        .to = {.port = neighbour->port},
        .key = neighbour->advert.link_key,
        .expected = neighbour->peer,
        .replaces = neighbour->replaces,
        .kept = neighbour->kept,
    };

    memcpy(wanted.to.host, host_of(neighbour), ES_HOST_BYTES_MAX);
    if (is_stranger(neighbour))
        let_rest(&mesh->neighbours, context->now_ms, wanted.to.host);
    neighbour->dial_ms = ES_NEVER;
    if (!es_mesh_link_dial(mesh, context, &wanted))
        dial_later(mesh, context, neighbour, retry_ms[RETRIES - 1]);
}

void es_mesh_dial_due(struct es_mesh *mesh, struct es_context *context)
{
    struct es_mesh_neighbours *table = &mesh->neighbours;

    if (es_mesh_dial_wake(mesh) > context->now_ms)
        return;
    earn_attempts(table, context->now_ms);
    while (table->attempts < ATTEMPTS_MAX) {
        struct es_mesh_neighbour *neighbour = next_due(mesh, context);

        if (neighbour == NULL)
            break;
        table->attempts++;
        dial(mesh, context, neighbour);
    }
}

uint64_t es_mesh_dial_wake(struct es_mesh *mesh)
{
    struct es_mesh_neighbours *table = &mesh->neighbours;
    bool strangers;

    if (table->wake_stale) {
        table->wake_stale = false;
        table->wake_ms = ES_NEVER;
        strangers = may_dial_strangers(mesh);
        for (size_t i = 0; i < table->n; i++) {
            if (table->at[i]->dial_ms < table->wake_ms && (strangers || !is_stranger(table->at[i])))
                table->wake_ms = table->at[i]->dial_ms;
        }
    }
    if (table->wake_ms != ES_NEVER && table->attempts == ATTEMPTS_MAX &&
        table->wake_ms < table->attempts_ms + ATTEMPT_MS)
        return table->attempts_ms + ATTEMPT_MS;
    return table->wake_ms;
}

/* --- What became of it ------------------------------------------------------------------------ */

/* The address that a link led to is over: its node is elsewhere now. */
static void leave_address(struct es_mesh *mesh, struct es_context *context,
                          const struct es_dh_public *key)
{
    struct es_mesh_neighbour *old = es_mesh_neighbour_find(mesh, key);

    if (old != NULL && !old->kept)
        es_mesh_neighbour_remove(mesh, old);
    else if (old != NULL)
        dial_later(mesh, context, old, retry_ms[RETRIES - 1]);
}

/* The link to the address that a peer moved to: make before break. */
static void replace(struct es_mesh *mesh, struct es_context *context,
                    const struct es_mesh_link *link)
{
    struct es_mesh_link *old = es_mesh_link_find(mesh, link->replaces);
    struct es_mesh_link *fresh = es_mesh_link_find(mesh, link->number);

    if (old != NULL && old->peer != 0 && link->peer != old->peer) {
        if (fresh != NULL && fresh->state == ES_MESH_UP)
            es_mesh_link_retire(mesh, context, fresh); /* it is not who it promised to be */
        return;
    }
    if (old == NULL)
        return;
    if (old->state == ES_MESH_UP)
        es_mesh_link_retire(mesh, context, old);
    if (!es_mesh_same_key(&old->keys.server, &link->keys.server))
        leave_address(mesh, context, &old->keys.server);
}

/* Whom the address promised has not proved to be there. */
static void settle_unproved(struct es_mesh *mesh, struct es_context *context,
                            struct es_mesh_neighbour *neighbour)
{
    size_t at = neighbour->unproved < UNPROVED ? neighbour->unproved : UNPROVED - 1;

    neighbour->unproved = (uint8_t)(at + 1);
    if (neighbour->guessed)
        neighbour->peer = 0;
    neighbour->guessed = false;
    dial_later(mesh, context, neighbour, unproved_ms[at]);
}

void es_mesh_dial_completed(struct es_mesh *mesh, struct es_context *context,
                            const struct es_mesh_link *link)
{
    struct es_mesh_neighbour *neighbour = es_mesh_neighbour_find(mesh, &link->keys.server);

    if (neighbour != NULL) {
        neighbour->replaces = 0;
        if (neighbour->peer == link->peer)
            neighbour->unproved = 0;
        else
            settle_unproved(mesh, context, neighbour);
    }
    if (link->replaces != 0)
        replace(mesh, context, link);
}

/* Another link to this address is, or will be, what the one that is gone was. */
static bool is_still_there(const struct es_mesh *mesh, const struct es_mesh_neighbour *neighbour)
{
    const struct es_mesh_link *other = es_mesh_link_to_key(mesh, &neighbour->advert.link_key);

    return other != NULL && (neighbour->peer == 0 || other->peer == neighbour->peer ||
                             other->expected == neighbour->peer);
}

/* It had worked for a while: where else its node was seen is tried at once. */
static void settle_lost(struct es_mesh *mesh, struct es_context *context,
                        struct es_mesh_neighbour *neighbour, const struct es_mesh_link *link)
{
    bool has_worked = context->now_ms >= link->since_ms + WORKED_MS;

    if (has_worked)
        neighbour->failures = 0;
    if (has_worked && neighbour->n_hosts > 1) {
        neighbour->next_host = es_mesh_same_host(neighbour->hosts[0], link->at.host);
        dial_after(mesh, context, neighbour, 0);
    } else {
        back_off(mesh, context, neighbour);
    }
}

/* A dialled link is gone. */
static void settle_address(struct es_mesh *mesh, struct es_context *context,
                           const struct es_mesh_link *link, enum es_mesh_end end)
{
    struct es_mesh_neighbour *neighbour = es_mesh_neighbour_find(mesh, &link->keys.server);

    if (neighbour == NULL || is_still_there(mesh, neighbour))
        return;
    switch (end) {
    case ES_MESH_END_LOST:
        settle_lost(mesh, context, neighbour, link);
        break;
    case ES_MESH_END_FAILED:
        neighbour->next_host++;
        back_off(mesh, context, neighbour);
        if (!neighbour->advertised && !neighbour->kept && neighbour->failures >= TOLD_FAILURES_MAX)
            es_mesh_neighbour_remove(mesh, neighbour);
        break;
    case ES_MESH_END_DROPPED:
        if (link->peer != 0)
            break; /* another link stays */
        dial_later(mesh, context, neighbour, retry_ms[RETRIES - 1]);
        break;
    case ES_MESH_END_CROWDED:
        dial_later(mesh, context, neighbour, retry_ms[RETRIES - 1]);
        break;
    case ES_MESH_END_REFUSED:
        dial_later(mesh, context, neighbour, REFUSED_MS);
        break;
    case ES_MESH_END_REPLACED:
        leave_address(mesh, context, &link->keys.server);
        break;
    }
}

static void look_again(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                       bool has_waited)
{
    if (es_mesh_link_stays(mesh, peer))
        return;
    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        struct es_mesh_neighbour *neighbour = mesh->neighbours.at[i];

        if (neighbour->peer != peer || neighbour->dial_ms != ES_NEVER)
            continue;
        if (neighbour->failures > 0)
            back_off(mesh, context, neighbour);
        else if (has_waited)
            dial_after(mesh, context, neighbour, 0);
        else
            es_mesh_dial_fresh(mesh, context, neighbour);
    }
}

void es_mesh_dial_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer)
{
    look_again(mesh, context, peer, false);
}

/* A stranger that had dialled us is gone: the neighbours that it was taken for are looked at. */
static void settle_callers(struct es_mesh *mesh, struct es_context *context,
                           const struct es_mesh_link *link)
{
    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        struct es_mesh_neighbour *neighbour = mesh->neighbours.at[i];
        bool same = false;

        for (uint8_t host = 0; host < neighbour->n_hosts; host++)
            same = same || es_mesh_same_host(link->at.host, neighbour->hosts[host]);
        if (same && is_stranger(neighbour) && neighbour->dial_ms == ES_NEVER)
            es_mesh_dial_fresh(mesh, context, neighbour);
    }
}

void es_mesh_dial_ended(struct es_mesh *mesh, struct es_context *context,
                        const struct es_mesh_link *link, enum es_mesh_end end)
{
    mesh->neighbours.wake_stale = true; /* perhaps there is a place for a stranger now */
    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        if (mesh->neighbours.at[i]->replaces == link->number)
            mesh->neighbours.at[i]->replaces = 0;
    }
    if (!link->inbound)
        settle_address(mesh, context, link, end);
    else if (link->peer == 0)
        settle_callers(mesh, context, link);
    if (link->peer != 0)
        look_again(mesh, context, link->peer, end == ES_MESH_END_LOST);
    else if (link->expected != 0)
        look_again(mesh, context, link->expected, true); /* its other addresses */
}
