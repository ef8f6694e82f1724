/* SPDX-License-Identifier: ISC */
/* link.h - the table of links and how a link begins and ends (docs/protocol.md, section 8.1). */
#ifndef ES_MESH_LINK_H
#define ES_MESH_LINK_H

#include "node/core/context.h"
#include "node/core/pool.h"
#include "node/env/link_keys.h"
#include "node/wire/frame.h"

struct es_mesh;

enum es_mesh_link_state {
    ES_MESH_DIALLING, /* ordered, not connected yet                                     */
    ES_MESH_GREETING, /* connected: HELLO and LINK are being exchanged                   */
    ES_MESH_UP,
    ES_MESH_LEAVING, /* replaced: says nothing new, hears what is on its way, then closed */
};

/* Why a link ends: decides when its other end is dialled again. */
enum es_mesh_end {
    ES_MESH_END_FAILED,   /* did not come up                            */
    ES_MESH_END_LOST,     /* was up, then silent or cut                  */
    ES_MESH_END_CROWDED,  /* the other side has no place, or stops       */
    ES_MESH_END_REFUSED,  /* no common version, or the other side is not honest */
    ES_MESH_END_REPLACED, /* the other side says that this address is over */
    ES_MESH_END_DROPPED,  /* by us: not needed any more                  */
};

struct es_mesh_link {
    uint32_t number;
    enum es_mesh_link_state state;
    bool inbound;
    bool kept; /* dialled because a person gave the address */
    bool hello_heard;
    enum es_mesh_end end;  /* LEAVING: how it will have ended */
    uint32_t expected;     /* dialled: whom its advert was recognised as, or 0 */
    uint32_t peer;         /* bound to, or 0 */
    uint32_t listener;     /* inbound: by which listener it came in */
    uint32_t replaces;     /* dialled: the link whose place it takes, or 0 */
    struct es_endpoint at; /* inbound: the host alone */
    struct es_link_keys keys;
    uint64_t since_ms;       /* of its state */
    uint64_t bound;          /* order of binding: greater is newer */
    uint64_t deadline_ms;    /* what is due next; while up: the soonest of those in ping.c */
    int64_t clock_offset_ms; /* from the mesh time in its HELLO */

    uint64_t ping_token;
    uint64_t pinged_ms;      /* ES_NEVER: the last PING was answered */
    uint64_t ping_sent_ms;   /* the last one, answered or not */
    uint64_t ping_due_ms;    /* the next one, if nothing is wrong */
    uint64_t answer_due_ms;  /* silent until then: asked by a PING; ES_NEVER: nothing is awaited */
    uint64_t silence_end_ms; /* asked: silent until then, it is gone; else ES_NEVER */
    uint64_t ping_heard_ms;
    uint64_t moved_heard_ms;
    uint64_t rtt_ms;
    uint8_t pings_missed;

    struct es_mesh_flight *flight; /* NULL: nothing is under way */

    uint32_t tokens; /* envelopes that a stranger may send now, in thousandths */
    uint64_t tokens_ms;
    uint64_t envelopes_in, envelopes_out;
};

#define ES_MESH_LINKS_MAX (ES_LINKS_MAX + ES_GREETINGS_MAX)

struct es_mesh_links {
    struct es_pool pool;
    size_t n;
    struct es_mesh_link *at[ES_MESH_LINKS_MAX];
    uint32_t numbers[ES_MESH_LINKS_MAX]; /* of at[], side by side: found without touching links */
    uint32_t last_dialled;               /* number */
    uint64_t last_bound;
    uint64_t wake_ms;
    bool wake_stale;
};

/* True when host is a string that fits; ret is it with zeros to its end, so that it compares. */
bool es_mesh_host(char ret[static ES_HOST_BYTES_MAX], const char host[static ES_HOST_BYTES_MAX]);
bool es_mesh_same_host(const char a[static ES_HOST_BYTES_MAX],
                       const char b[static ES_HOST_BYTES_MAX]);
bool es_mesh_same_key(const struct es_dh_public *a, const struct es_dh_public *b);

void es_mesh_links_init(struct es_mesh *mesh, const struct es_arena *arena);
struct es_mesh_link *es_mesh_link_find(const struct es_mesh *mesh, uint32_t number);

struct es_mesh_dial {
    struct es_endpoint to;
    struct es_dh_public key;
    uint32_t expected;
    uint32_t replaces;
    bool kept;
};
/* False when there is no place. */
bool es_mesh_link_dial(struct es_mesh *mesh, struct es_context *context,
                       const struct es_mesh_dial *dial);
void es_mesh_link_connected(struct es_mesh *mesh, struct es_context *context,
                            const struct es_report *report);
void es_mesh_link_down(struct es_mesh *mesh, struct es_context *context,
                       const struct es_report *report);
/* Finds a place among those that are up: a bound link may take that of a stranger. */
bool es_mesh_link_has_place(struct es_mesh *mesh, struct es_context *context,
                            const struct es_mesh_link *link);
void es_mesh_link_set(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                      enum es_mesh_link_state state, uint64_t for_ms);
/* Says why, closes, forgets. Calls back: the link and others may be gone. */
void es_mesh_link_bye(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                      enum es_bye_reason reason, enum es_mesh_end end);
/* What no honest node does: counted, told, closed, and remembered against its host. */
void es_mesh_link_refuse(struct es_mesh *mesh, struct es_context *context,
                         struct es_mesh_link *link, enum es_counter reason);
/* Another link between the same two nodes stays: what is on its way still arrives. */
void es_mesh_link_retire(struct es_mesh *mesh, struct es_context *context,
                         struct es_mesh_link *link);
void es_mesh_link_heard_bye(struct es_mesh *mesh, struct es_context *context,
                            struct es_mesh_link *link, enum es_bye_reason reason);
/* Every link is gone at once. reason 0: the network process forgot them, nothing can be said. */
void es_mesh_links_clear(struct es_mesh *mesh, struct es_context *context, unsigned reason);
/* Strangers' links are closed, but for those to addresses that a person gave. */
void es_mesh_links_drop_strangers(struct es_mesh *mesh, struct es_context *context);
void es_mesh_links_drop_peer(struct es_mesh *mesh, struct es_context *context, uint32_t peer);
/* The listener is about to be closed with all that came in by it. */
void es_mesh_links_drop_listener(struct es_mesh *mesh, struct es_context *context,
                                 uint32_t listener);
void es_mesh_links_timer(struct es_mesh *mesh, struct es_context *context);
uint64_t es_mesh_links_wake(struct es_mesh *mesh);

/* The link on which to speak to a peer: the one bound last; NULL when none is bound. */
struct es_mesh_link *es_mesh_link_to_peer(const struct es_mesh *mesh, uint32_t peer);
/* Bound to this peer and staying. */
bool es_mesh_link_stays(const struct es_mesh *mesh, uint32_t peer);
/* A dialled link to this key that is staying or on its way. */
struct es_mesh_link *es_mesh_link_to_key(const struct es_mesh *mesh,
                                         const struct es_dh_public *key);

/* greeting.c: HELLO and LINK, and what a bound link replaces. */
void es_mesh_greet(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link);
void es_mesh_greeting_frame(struct es_mesh *mesh, struct es_context *context,
                            struct es_mesh_link *link, const struct es_frame *frame);

/* ping.c: is the other side there, and how far away? */
#define ES_PING_MS_MIN 25000
#define ES_PING_MS_MAX 35000
/* How long a link may be silent that owes an answer, then how long after the PING that asks. */
#define ES_SILENCE_MS 3000
void es_mesh_ping(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link);
/* Something was sent on a link in use that the other side answers. */
void es_mesh_ping_expect(struct es_mesh *mesh, const struct es_context *context,
                         struct es_mesh_link *link);
/* There is a sign that the other end is elsewhere: asked at once. */
void es_mesh_ping_doubt(struct es_mesh *mesh, const struct es_context *context,
                        struct es_mesh_link *link);
/* Without an answer nothing more can be sent: asked as soon as that may be. */
void es_mesh_ping_soon(struct es_mesh *mesh, const struct es_context *context,
                       struct es_mesh_link *link);
/* The machine has slept: nobody knows which links still stand. All are asked at once. */
void es_mesh_ping_all(struct es_mesh *mesh, const struct es_context *context);
/* Anything was heard. */
void es_mesh_ping_alive(struct es_mesh *mesh, struct es_mesh_link *link);
/* False: the other end is gone. */
bool es_mesh_ping_due(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link);
void es_mesh_ping_heard(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                        uint64_t token);
void es_mesh_pong_heard(struct es_mesh *mesh, struct es_context *context, struct es_mesh_link *link,
                        uint64_t token);

#endif
