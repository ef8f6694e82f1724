/* SPDX-License-Identifier: ISC */
/* mesh.h - links, neighbours, rotation, and who gets an envelope (docs/protocol.md, sections 7 to 9).
 *
 * The mesh knows nothing about people. A `peer` is a number that the layer above gave (0: nobody
 * known); a link is bound to a peer when its LINK envelope proved it. Everything arrives here as a
 * report of the network process, everything leaves as an order. */
#ifndef ES_MESH_H
#define ES_MESH_H

#include "node/core/context.h"
#include "node/core/core.h"
#include "node/env/link_keys.h"
#include "node/wire/frame.h"

/* What became of an envelope that arrived. */
enum es_envelope_fate {
    ES_ENVELOPE_FOREIGN, /* nobody's that we know: the mesh counts it                        */
    ES_ENVELOPE_REFUSED, /* perhaps ours, but not taken, or not yet: the layer above counted it */
    ES_ENVELOPE_OURS,    /* on our disk once this batch is durable                            */
};

/* What the mesh asks of the layer above. */
struct es_mesh_calls {
    void *ctx;
    /* Whose advert is this? 0: a stranger's. */
    uint32_t (*recognise)(void *ctx, struct es_context *context, uint16_t port,
                          const struct es_advert *advert);
    /* Completes our own advert: nonce and link key are set; beacon, signature, visible part. */
    void (*sign_advert)(void *ctx, struct es_context *context, uint16_t port,
                        struct es_advert *io_advert);
    /* Writes our LINK envelope (ES_ENVELOPE_BYTES_MIN) for a link: a proof to peer, or random when
     * peer is 0. role: ours. */
    void (*prove)(void *ctx, struct es_context *context, uint32_t peer, enum es_link_role role,
                  const struct es_link_keys *keys, uint8_t *ret_envelope);
    /* Whom does this LINK envelope of the other side prove? 0: nobody that we know. `expected` is
     * the peer that was dialled, or 0. role: the other side's. */
    uint32_t (*check)(void *ctx, struct es_context *context, uint32_t expected,
                      enum es_link_role role, const struct es_link_keys *keys,
                      struct es_slice envelope);
    /* The first link of a peer was bound; its last one went. */
    void (*present)(void *ctx, struct es_context *context, uint32_t peer);
    void (*gone)(void *ctx, struct es_context *context, uint32_t peer);
    /* An envelope arrived. `from` is the peer its link is bound to (0: none). What is ours is
     * acknowledged on a bound link; *ret_peer is then who sealed it, or 0. */
    enum es_envelope_fate (*envelope)(void *ctx, struct es_context *context, uint32_t link,
                                      uint32_t from, uint8_t copies, struct es_slice envelope,
                                      uint32_t *ret_peer);
    /* The other end of a link bound to peer has this envelope of ours on its disk. */
    void (*acknowledged)(void *ctx, struct es_context *context, uint32_t peer,
                         const struct es_ack_id *id);
    /* A new link to somebody unknown: what waits for people bound to no link may be offered on it by
     * es_mesh_offer(). */
    void (*stranger)(void *ctx, struct es_context *context, uint32_t link);
    /* A listener stands: for showing where this node can be reached. lasting: its place in the
     * settings, or SIZE_MAX for the one that rotates. */
    void (*listening)(void *ctx, struct es_context *context, size_t lasting, uint16_t port);
};

struct es_mesh;

/* NULL when the arena is used up. scratch: ES_MESH_SCRATCH_BYTES that nobody else uses until
 * es_mesh_flush(); NULL: taken from the arena. */
#define ES_MESH_SCRATCH_BYTES (2 * (size_t)ES_FRAME_BYTES_MAX)
struct es_mesh *es_mesh_new(const struct es_arena *arena, const struct es_settings *settings,
                            const struct es_mesh_calls *calls, uint8_t *scratch);
void es_mesh_done(struct es_mesh *mesh);

/* The network process was started: sets it up, listens, begins a rotation period. */
void es_mesh_start(struct es_mesh *mesh, struct es_context *context,
                   const struct es_key *lasting_secret);
void es_mesh_report(struct es_mesh *mesh, struct es_context *context,
                    const struct es_report *report);
void es_mesh_timer(struct es_mesh *mesh, struct es_context *context);
uint64_t es_mesh_wake_at(const struct es_mesh *mesh);

/* Begins a new rotation period now, e.g. because visible mode was switched off: strangers' links
 * are closed then. */
void es_mesh_rotate(struct es_mesh *mesh, struct es_context *context, bool drop_strangers);
/* The advert's beacon or visible part has changed: publishes the current period anew. */
void es_mesh_republish(struct es_mesh *mesh, struct es_context *context);
/* Whom we know has changed: looks at all adverts again. */
void es_mesh_recognise_again(struct es_mesh *mesh, struct es_context *context);
/* The links of a peer that is no contact any more are closed. */
void es_mesh_drop_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer);
/* Dials an address that a person gave; kept up until the network process or the node stops. peer:
 * whose it is said to be, or 0: then it becomes known by the first envelope of a contact that comes
 * from there. */
void es_mesh_connect(struct es_mesh *mesh, struct es_context *context, const struct es_endpoint *at,
                     const struct es_dh_public *key, uint32_t peer);
/* BYE on every link, advert withdrawn. */
void es_mesh_stop(struct es_mesh *mesh, struct es_context *context);

enum es_path {
    ES_PATH_NONE,    /* no link at all: nothing was sent              */
    ES_PATH_OFFERED, /* offered to every direct link for one hop       */
    ES_PATH_DIRECT,  /* sent on the peer's own link, nobody else's     */
};
/* Sends one envelope to where its addressee may be. Batches: frames of one input on one link are put
 * together. */
enum es_path es_mesh_send(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                          struct es_slice envelope);
/* May another envelope for the peer set out? Not while its link has enough under way
 * (docs/protocol.md, section 7.3): it is asked again after every input. Nothing that is sent
 * nevertheless is refused; only what is small and few should be. */
bool es_mesh_has_room(const struct es_mesh *mesh, uint32_t peer);
/* Was this envelope sent on the peer's link, and has perhaps not arrived yet? Sending it again would
 * be in vain. A PING asks, so that it is known soon. */
bool es_mesh_is_under_way(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                          const struct es_ack_id *id);
/* Offers one envelope on one link that is bound to nobody. */
void es_mesh_offer(struct es_mesh *mesh, struct es_context *context, uint32_t link,
                   struct es_slice envelope);
/* Ends an input: writes the frames that were put together. Called by the core after everything
 * else. */
void es_mesh_flush(struct es_mesh *mesh, struct es_context *context);

bool es_mesh_is_present(const struct es_mesh *mesh, uint32_t peer);

/* Mesh time (docs/protocol.md, section 4.2): bucket for new envelopes. The layer above reports the
 * clocks of authenticated contacts. */
void es_mesh_clock(struct es_mesh *mesh, struct es_context *context, uint32_t peer,
                   uint64_t wall_ms);
uint64_t es_mesh_time_ms(const struct es_mesh *mesh, uint64_t wall_ms);
bool es_mesh_is_expired(const struct es_mesh *mesh, uint64_t wall_ms, uint16_t expiry);

/* For `earshot mesh`, `nearby` and `status`. */
struct es_link_view {
    uint32_t link;
    bool inbound;
    bool up;         /* HELLO exchanged */
    uint32_t peer;   /* bound to, or 0  */
    uint64_t rtt_ms; /* UINT64_MAX: not measured yet */
    uint64_t envelopes_in, envelopes_out;
};
/* Links in order of their numbers; false after the last. *io_at starts at 0. */
bool es_mesh_link_next(const struct es_mesh *mesh, size_t *io_at, struct es_link_view *ret);

struct es_advert_view {
    const struct es_advert *advert;
    uint32_t peer; /* recognised as, or 0 */
};
bool es_mesh_advert_next(const struct es_mesh *mesh, size_t *io_at, struct es_advert_view *ret);

struct es_mesh_view {
    struct es_discovery_state discovery;
    uint64_t listening_since_ms; /* monotonic: since when this period's listener stands */
    uint16_t port;
};
void es_mesh_view(const struct es_mesh *mesh, struct es_mesh_view *ret);
/* Link key of the lasting listeners, for printing tcp://host:port/KEY. */
struct es_dh_public es_mesh_lasting_key(const struct es_mesh *mesh);

#endif
