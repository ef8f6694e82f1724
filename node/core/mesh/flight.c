/* SPDX-License-Identifier: ISC */
/* flight.c - a ring for each link that has something under way, given back when all has arrived. */
#include "node/core/mesh/flight.h"

#include <string.h>

#include "node/core/mesh/state.h"

void es_mesh_flight_init(struct es_mesh *mesh, const struct es_arena *arena)
{
    es_pool_init(&mesh->flights, arena, sizeof(struct es_mesh_flight), ES_MESH_LINKS_MAX);
}

void es_mesh_flight_end(struct es_mesh *mesh, struct es_mesh_link *link)
{
    es_pool_put(&mesh->flights, link->flight);
    link->flight = NULL;
}

static uint64_t key_of(const struct es_ack_id *id)
{
    uint64_t key = 0;

    if (id != NULL)
        memcpy(&key, id->bytes, sizeof(key));
    return key;
}

static size_t place(const struct es_mesh_flight *flight, size_t i)
{
    return (flight->first + i) % ES_FLIGHT_ENTRIES_MAX;
}

/* The oldest n have arrived. */
static void settle(struct es_mesh *mesh, struct es_mesh_link *link, size_t n)
{
    struct es_mesh_flight *flight = link->flight;

    for (size_t i = 0; i < n; i++)
        flight->total -= flight->bytes[place(flight, i)];
    flight->first = place(flight, n);
    flight->n -= n;
    flight->at_ping -= flight->at_ping < n ? flight->at_ping : n;
    if (flight->n == 0)
        es_mesh_flight_end(mesh, link);
}

bool es_mesh_flight_has_room(const struct es_mesh_link *link)
{
    return link->flight == NULL || link->flight->total < ES_FLIGHT_BYTES_MAX;
}

void es_mesh_flight_add(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                        const struct es_ack_id *id, size_t bytes)
{
    struct es_mesh_flight *flight = link->flight;
    size_t at;

    if (flight == NULL)
        flight = es_pool_get(&mesh->flights);
    if (flight == NULL)
        return; /* no memory: the network process ends the link if it is too much */
    link->flight = flight;
    if (flight->n < ES_FLIGHT_ENTRIES_MAX)
        flight->bytes[place(flight, flight->n++)] = 0;
    else if (flight->at_ping == flight->n)
        flight->at_ping--; /* it joins one from before the PING */
    at = place(flight, flight->n - 1);
    flight->ids[at] = key_of(id);
    flight->bytes[at] += (uint32_t)bytes;
    flight->total += bytes;
    if (!es_mesh_flight_has_room(link))
        es_mesh_ping_soon(mesh, context, link);
}

/* How many of the oldest are settled when this one has arrived; 0: it is not among them. */
static size_t up_to(const struct es_mesh_flight *flight, const struct es_ack_id *id)
{
    uint64_t key = key_of(id);

    for (size_t i = 0; flight != NULL && i < flight->n; i++) {
        if (flight->ids[place(flight, i)] == key)
            return i + 1;
    }
    return 0;
}

bool es_mesh_flight_holds(const struct es_mesh_link *link, const struct es_ack_id *id)
{
    return up_to(link->flight, id) > 0;
}

void es_mesh_flight_acked(struct es_mesh *mesh, struct es_mesh_link *link,
                          const struct es_ack_id *id)
{
    size_t n = up_to(link->flight, id);

    if (n > 0)
        settle(mesh, link, n);
}

void es_mesh_flight_pinged(struct es_mesh_link *link)
{
    if (link->flight != NULL)
        link->flight->at_ping = link->flight->n;
}

void es_mesh_flight_answered(struct es_mesh *mesh, struct es_context *context,
                             struct es_mesh_link *link)
{
    if (link->flight != NULL && link->flight->at_ping > 0)
        settle(mesh, link, link->flight->at_ping);
    if (!es_mesh_flight_has_room(link))
        es_mesh_ping_soon(mesh, context, link);
}
