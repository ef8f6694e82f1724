/* SPDX-License-Identifier: ISC */
/* neighbour.c - the table of addresses. Strangers can fill it: those of contacts give way last, those
 * that a person gave never. */
#include "node/core/mesh/neighbour.h"

#include <string.h>

#include "node/core/mesh/state.h"

/* An honest node moves once in a rotation period. */
#define MOVED_HEARD_MS_MIN 10000

void es_mesh_neighbours_init(struct es_mesh *mesh, const struct es_arena *arena)
{
    es_pool_init(&mesh->neighbours.pool, arena, sizeof(struct es_mesh_neighbour),
                 ES_NEIGHBOURS_MAX);
    mesh->neighbours.wake_ms = ES_NEVER;
}

void es_mesh_neighbours_clear(struct es_mesh *mesh)
{
    while (mesh->neighbours.n > 0)
        es_mesh_neighbour_remove(mesh, mesh->neighbours.at[mesh->neighbours.n - 1]);
}

struct es_mesh_neighbour *es_mesh_neighbour_find(const struct es_mesh *mesh,
                                                 const struct es_dh_public *key)
{
    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        if (es_mesh_same_key(&mesh->neighbours.at[i]->advert.link_key, key))
            return mesh->neighbours.at[i];
    }
    return NULL;
}

void es_mesh_neighbour_remove(struct es_mesh *mesh, struct es_mesh_neighbour *neighbour)
{
    struct es_mesh_neighbours *table = &mesh->neighbours;

    for (size_t i = 0; i < table->n; i++) {
        if (table->at[i] == neighbour) {
            table->at[i] = table->at[--table->n];
            break;
        }
    }
    if (neighbour->kept)
        table->n_kept--;
    es_pool_put(&table->pool, neighbour);
    table->wake_stale = true;
}

/* Makes room: a stranger's that was not seen longest; for a contact's address also a contact's. */
static bool evict(struct es_mesh *mesh, bool for_contact)
{
    struct es_mesh_neighbour *victim = NULL;

    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        struct es_mesh_neighbour *other = mesh->neighbours.at[i];

        if (other->kept || (other->peer != 0 && !for_contact))
            continue;
        if (victim == NULL || (victim->peer != 0 && other->peer == 0) ||
            ((victim->peer != 0) == (other->peer != 0) && other->seen < victim->seen))
            victim = other;
    }
    if (victim == NULL)
        return false;
    es_mesh_neighbour_remove(mesh, victim);
    return true;
}

/* NULL: there is no place for it. */
static struct es_mesh_neighbour *add(struct es_mesh *mesh, struct es_context *context,
                                     const struct es_dh_public *key, bool for_contact)
{
    struct es_mesh_neighbours *table = &mesh->neighbours;
    struct es_mesh_neighbour *neighbour;

    if (table->n - table->n_kept >= ES_ADVERTS_MAX) {
        es_count(context->counters, ES_COUNT_REJECTED_ADVERT_FULL);
        if (!evict(mesh, for_contact))
            return NULL;
    }
    neighbour = es_pool_get(&table->pool);
    if (neighbour == NULL)
        return NULL;
    neighbour->advert.link_key = *key;
    neighbour->dial_ms = ES_NEVER;
    table->at[table->n++] = neighbour;
    return neighbour;
}

/* Another address of it, or one seen again. True when it is new: then it is tried first. */
static bool put_host(struct es_mesh_neighbour *neighbour, const char *host)
{
    uint8_t at = 0;
    bool is_new;

    while (at < neighbour->n_hosts && !es_mesh_same_host(neighbour->hosts[at], host))
        at++;
    is_new = at == neighbour->n_hosts;
    if (is_new)
        neighbour->next_host = 0;
    if (at == ES_ADVERT_ADDRESSES_MAX)
        at--;
    else if (at == neighbour->n_hosts)
        neighbour->n_hosts++;
    memmove(neighbour->hosts[1], neighbour->hosts[0], at * (size_t)ES_HOST_BYTES_MAX);
    memcpy(neighbour->hosts[0], host, ES_HOST_BYTES_MAX);
    return is_new;
}

/* It is seen at a host where it was not: perhaps it is no more where its links end. */
static void doubt_links(struct es_mesh *mesh, const struct es_context *context,
                        const struct es_mesh_neighbour *neighbour)
{
    for (size_t i = 0; i < mesh->links.n; i++) {
        struct es_mesh_link *link = mesh->links.at[i];
        bool leads_there =
            !link->inbound && es_mesh_same_key(&link->keys.server, &neighbour->advert.link_key);

        if ((leads_there || (link->peer != 0 && link->peer == neighbour->peer)) &&
            !es_mesh_same_host(link->at.host, neighbour->hosts[0]))
            es_mesh_ping_doubt(mesh, context, link);
    }
}

static bool touch(struct es_mesh *mesh, struct es_mesh_neighbour *neighbour, uint16_t port,
                  const char *host)
{
    neighbour->seen = ++mesh->neighbours.last_seen;
    if (neighbour->port != port) {
        neighbour->port = port;
        neighbour->n_hosts = 0;
        neighbour->next_host = 0;
    }
    return put_host(neighbour, host);
}

/* --- Adverts ---------------------------------------------------------------------------------- */

static uint32_t recognise(struct es_mesh *mesh, struct es_context *context, uint16_t port,
                          const struct es_advert *advert)
{
    return mesh->calls.recognise(mesh->calls.ctx, context, port, advert);
}

/* Somebody else than before: what was learned about dialling it does not hold any more. */
static void become(struct es_mesh *mesh, struct es_context *context,
                   struct es_mesh_neighbour *neighbour, uint32_t peer)
{
    if (peer != 0)
        es_count(context->counters, ES_COUNT_ADVERTS_RECOGNISED);
    neighbour->peer = peer;
    neighbour->guessed = false;
    neighbour->failures = 0;
    neighbour->unproved = 0;
    es_mesh_dial_fresh(mesh, context, neighbour);
}

/* An advert that is new or says something new. */
static void take_advert(struct es_mesh *mesh, struct es_context *context,
                        const struct es_endpoint *at, const struct es_advert *advert)
{
    uint32_t peer = recognise(mesh, context, at->port, advert);
    struct es_mesh_neighbour *neighbour = es_mesh_neighbour_find(mesh, &advert->link_key);
    bool is_new = neighbour == NULL;

    if (is_new)
        neighbour = add(mesh, context, &advert->link_key, peer != 0);
    if (neighbour == NULL)
        return;
    if (peer == 0 && neighbour->told) {
        peer = neighbour->peer; /* its owner said on a bound link that it is there */
    } else if (peer == 0 && neighbour->peer != 0) {
        /* Whoever imitates a contact's advert does not push it out. */
        es_count(context->counters, ES_COUNT_REJECTED_BEACON);
        return;
    }
    neighbour->advert = *advert;
    neighbour->advertised = true;
    touch(mesh, neighbour, at->port, at->host);
    if (is_new || neighbour->peer != peer)
        become(mesh, context, neighbour, peer);
}

static void seen_again(struct es_mesh *mesh, struct es_context *context,
                       struct es_mesh_neighbour *neighbour, const struct es_endpoint *at)
{
    if (touch(mesh, neighbour, at->port, at->host))
        doubt_links(mesh, context, neighbour);
}

void es_mesh_neighbour_seen(struct es_mesh *mesh, struct es_context *context,
                            const struct es_report *report)
{
    const struct es_advert *advert = &report->seen.advert;
    struct es_endpoint at = {.port = report->seen.at.port};
    struct es_mesh_neighbour *neighbour;

    if (!es_mesh_host(at.host, report->seen.at.host) || at.port == 0 ||
        memchr(advert->name, 0, sizeof(advert->name)) == NULL) {
        es_count(context->counters, ES_COUNT_NET_ADVERTS);
        return;
    }
    if (es_mesh_is_own_key(mesh, &advert->link_key))
        return;
    es_count(context->counters, ES_COUNT_ADVERTS_SEEN);
    neighbour = es_mesh_neighbour_find(mesh, &advert->link_key);
    if (neighbour != NULL && neighbour->advertised && neighbour->port == at.port &&
        memcmp(&neighbour->advert, advert, sizeof(*advert)) == 0)
        seen_again(mesh, context, neighbour, &at);
    else
        take_advert(mesh, context, &at, advert);
}

void es_mesh_neighbour_gone(struct es_mesh *mesh, const struct es_dh_public *key)
{
    struct es_mesh_neighbour *neighbour = es_mesh_neighbour_find(mesh, key);

    if (neighbour != NULL && neighbour->kept)
        neighbour->advertised = false;
    else if (neighbour != NULL)
        es_mesh_neighbour_remove(mesh, neighbour);
}

void es_mesh_neighbours_recognise(struct es_mesh *mesh, struct es_context *context)
{
    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        struct es_mesh_neighbour *neighbour = mesh->neighbours.at[i];
        uint32_t peer;

        if (!neighbour->advertised)
            continue;
        peer = recognise(mesh, context, neighbour->port, &neighbour->advert);
        if (peer == neighbour->peer || (peer == 0 && (neighbour->told || neighbour->kept)))
            continue;
        neighbour->told = false;
        become(mesh, context, neighbour, peer);
    }
}

void es_mesh_neighbours_forget_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer)
{
    size_t i = 0;

    while (i < mesh->neighbours.n) {
        struct es_mesh_neighbour *neighbour = mesh->neighbours.at[i];

        if (neighbour->peer == peer && !neighbour->advertised && !neighbour->kept) {
            es_mesh_neighbour_remove(mesh, neighbour);
            continue;
        }
        if (neighbour->peer == peer) {
            neighbour->told = false;
            become(mesh, context, neighbour, 0);
        }
        i++;
    }
}

/* --- Addresses that a person gave ---------------------------------------------------------------- */

static struct es_mesh_neighbour *longest_kept(struct es_mesh *mesh)
{
    struct es_mesh_neighbour *found = NULL;

    for (size_t i = 0; i < mesh->neighbours.n; i++) {
        struct es_mesh_neighbour *other = mesh->neighbours.at[i];

        if (other->kept && (found == NULL || other->seen < found->seen))
            found = other;
    }
    return found;
}

void es_mesh_neighbour_keep(struct es_mesh *mesh, struct es_context *context,
                            const struct es_endpoint *at, const struct es_dh_public *key,
                            uint32_t peer)
{
    struct es_mesh_neighbours *table = &mesh->neighbours;
    struct es_mesh_neighbour *neighbour = es_mesh_neighbour_find(mesh, key);
    char host[ES_HOST_BYTES_MAX];

    if (!es_mesh_host(host, at->host) || at->port == 0 || es_mesh_is_own_key(mesh, key))
        return;
    if (neighbour == NULL || !neighbour->kept) {
        if (table->n_kept == ES_KNOWN_PEERS_MAX)
            es_mesh_neighbour_remove(mesh, longest_kept(mesh));
        if (neighbour == NULL)
            neighbour = add(mesh, context, key, true);
        if (neighbour == NULL)
            return;
        neighbour->kept = true;
        table->n_kept++;
    }
    if (peer != 0 && peer != neighbour->peer) {
        neighbour->peer = peer;
        neighbour->guessed = false;
        neighbour->unproved = 0;
    }
    neighbour->failures = 0;
    touch(mesh, neighbour, at->port, host);
    es_mesh_dial_fresh(mesh, context, neighbour);
}

/* An envelope proves nothing about who handed it over: the proof on the new link decides, and after
 * one that failed the next guess waits like any other attempt (es_mesh_dial_completed()). */
void es_mesh_neighbour_answered(struct es_mesh *mesh, struct es_context *context,
                                const struct es_mesh_link *link, uint32_t peer)
{
    struct es_mesh_neighbour *neighbour;

    if (!link->kept || link->state != ES_MESH_UP || es_mesh_is_present(mesh, peer))
        return;
    neighbour = es_mesh_neighbour_find(mesh, &link->keys.server);
    if (neighbour == NULL)
        return;
    if (neighbour->peer == 0 && neighbour->dial_ms == ES_NEVER) {
        neighbour->peer = peer;
        neighbour->guessed = true;
    } else if (neighbour->peer != peer || neighbour->guessed || neighbour->unproved > 1) {
        return;
    }
    es_mesh_dial_fresh(mesh, context, neighbour);
}

/* --- Moves ------------------------------------------------------------------------------------ */

/* Of the addresses that a peer told, the last one counts. */
static void forget_told(struct es_mesh *mesh, uint32_t peer, const struct es_mesh_neighbour *but)
{
    size_t i = 0;

    while (i < mesh->neighbours.n) {
        struct es_mesh_neighbour *other = mesh->neighbours.at[i];

        if (other != but && other->peer == peer && other->told && !other->advertised &&
            !other->kept)
            es_mesh_neighbour_remove(mesh, other);
        else
            i++;
    }
}

/* The entry for the new address: of an address that a person gave it is the same entry. */
static struct es_mesh_neighbour *moved_entry(struct es_mesh *mesh, struct es_context *context,
                                             const struct es_mesh_link *link,
                                             const struct es_dh_public *key)
{
    struct es_mesh_neighbour *fresh = es_mesh_neighbour_find(mesh, key);
    struct es_mesh_neighbour *old =
        link->inbound ? NULL : es_mesh_neighbour_find(mesh, &link->keys.server);

    if (fresh != NULL && fresh->peer != 0 && fresh->peer != link->peer)
        return NULL; /* a claim to be somebody whose advert we know */
    if (old != NULL && old->kept && old != fresh) {
        if (fresh != NULL)
            es_mesh_neighbour_remove(mesh, fresh);
        old->advert = (struct es_advert){.link_key = *key};
        old->advertised = false;
        return old;
    }
    return fresh != NULL ? fresh : add(mesh, context, key, link->peer != 0);
}

void es_mesh_neighbour_moved(struct es_mesh *mesh, struct es_context *context,
                             struct es_mesh_link *link, uint16_t port,
                             const struct es_dh_public *key)
{
    struct es_mesh_neighbour *neighbour;

    if (es_mesh_is_own_key(mesh, key) ||
        (link->moved_heard_ms != 0 &&
         context->now_ms < link->moved_heard_ms + MOVED_HEARD_MS_MIN)) {
        es_count(context->counters, ES_COUNT_REJECTED_FRAME_UNEXPECTED);
        return;
    }
    link->moved_heard_ms = context->now_ms;
    if (link->inbound && link->peer == 0)
        return; /* a stranger that dialled us: its advert says the same */
    if (link->state != ES_MESH_UP)
        return;
    neighbour = moved_entry(mesh, context, link, key);
    if (neighbour == NULL)
        return;
    touch(mesh, neighbour, port, link->at.host);
    if (link->peer != 0) {
        neighbour->peer = link->peer;
        neighbour->told = true;
        forget_told(mesh, link->peer, neighbour);
    }
    if (!link->inbound) {
        neighbour->replaces = link->number;
        neighbour->failures = 0;
        es_mesh_dial_fresh(mesh, context, neighbour);
    }
}
