/* SPDX-License-Identifier: ISC */
/* neighbour.h - addresses of other nodes: adverts seen, addresses that a person gave, and those that
 * a link's other end moved to; whom to dial, and when (docs/protocol.md, section 8.3). */
#ifndef ES_MESH_NEIGHBOUR_H
#define ES_MESH_NEIGHBOUR_H

#include "node/core/mesh/link.h"

struct es_mesh_neighbour {
    struct es_advert advert; /* not advertised: its link key alone */
    bool advertised;         /* seen by discovery                             */
    bool kept;               /* a person gave the address                     */
    bool told;               /* the peer said on a bound link that it is there */
    bool guessed;            /* kept: an envelope of the peer came from there */
    uint16_t port;
    uint8_t n_hosts;
    uint8_t next_host;                                      /* to be tried */
    char hosts[ES_ADVERT_ADDRESSES_MAX][ES_HOST_BYTES_MAX]; /* last seen first */
    uint32_t peer;                                          /* recognised as, or 0 */
    uint32_t replaces; /* the link to be replaced by one to this address, or 0 */
    uint64_t seen;     /* order of sightings: greater is newer */
    uint64_t dial_ms;  /* earliest next attempt; ES_NEVER: waits for a link to end */
    uint8_t failures;
    uint8_t unproved; /* came up, but did not prove whom its advert promised */
};

#define ES_NEIGHBOURS_MAX (ES_ADVERTS_MAX + ES_KNOWN_PEERS_MAX)

struct es_mesh_neighbours {
    struct es_pool pool;
    size_t n;
    size_t n_kept;
    struct es_mesh_neighbour *at[ES_NEIGHBOURS_MAX];
    uint64_t last_seen;
    unsigned attempts; /* made lately: one is forgotten every now and then */
    uint64_t attempts_ms;
    struct {
        char host[ES_HOST_BYTES_MAX];
        uint64_t until_ms;
    } resting[ES_STRANGER_HOSTS_MAX]; /* hosts where strangers were dialled: a ring */
    size_t next_resting;
    uint64_t wake_ms;
    bool wake_stale;
};

void es_mesh_neighbours_init(struct es_mesh *mesh, const struct es_arena *arena);
void es_mesh_neighbours_clear(struct es_mesh *mesh);
struct es_mesh_neighbour *es_mesh_neighbour_find(const struct es_mesh *mesh,
                                                 const struct es_dh_public *key);
void es_mesh_neighbour_remove(struct es_mesh *mesh, struct es_mesh_neighbour *neighbour);
void es_mesh_neighbour_seen(struct es_mesh *mesh, struct es_context *context,
                            const struct es_report *report);
void es_mesh_neighbour_gone(struct es_mesh *mesh, const struct es_dh_public *key);
void es_mesh_neighbour_keep(struct es_mesh *mesh, struct es_context *context,
                            const struct es_endpoint *at, const struct es_dh_public *key,
                            uint32_t peer);
/* An envelope of the peer came by a link that is bound to nobody. If a person gave its address, the
 * peer is probably there: dialled anew, with a proof. */
void es_mesh_neighbour_answered(struct es_mesh *mesh, struct es_context *context,
                                const struct es_mesh_link *link, uint32_t peer);
/* The other end of a link says where it listens from now on. */
void es_mesh_neighbour_moved(struct es_mesh *mesh, struct es_context *context,
                             struct es_mesh_link *link, uint16_t port,
                             const struct es_dh_public *key);
void es_mesh_neighbours_recognise(struct es_mesh *mesh, struct es_context *context);
void es_mesh_neighbours_forget_peer(struct es_mesh *mesh, struct es_context *context,
                                    uint32_t peer);

/* dial.c */

/* A neighbour is new, or somebody else than it was: dialled by the rule of section 8.3. */
void es_mesh_dial_fresh(struct es_mesh *mesh, struct es_context *context,
                        struct es_mesh_neighbour *neighbour);
/* A dialled link has completed its greeting. */
void es_mesh_dial_completed(struct es_mesh *mesh, struct es_context *context,
                            const struct es_mesh_link *link);
/* A link is gone; `link` is a copy. */
void es_mesh_dial_ended(struct es_mesh *mesh, struct es_context *context,
                        const struct es_mesh_link *link, enum es_mesh_end end);
/* No link to this peer stays: its addresses may be dialled again. */
void es_mesh_dial_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer);
/* The machine has slept: failures of before say nothing, all addresses are worth an attempt now. */
void es_mesh_dial_anew(struct es_mesh *mesh, struct es_context *context);
/* Dials whoever is due. */
void es_mesh_dial_due(struct es_mesh *mesh, struct es_context *context);
uint64_t es_mesh_dial_wake(struct es_mesh *mesh);

#endif
