/* SPDX-License-Identifier: ISC */
/* world.h - several real cores in one process, on a virtual clock, from one seed.
 *
 * Each node is the very core that the daemon runs, over the memory store or over the real one on a
 * simulated disk. Links, multicast, crashes
 * and what people do are simulated; every choice is drawn from the seed. */
#ifndef ES_SIM_WORLD_H
#define ES_SIM_WORLD_H

#include <sodium.h>

#include "node/core/core.h"
#include "node/core/view.h"
#include "node/wire/limits.h"
#include "sim/ids.h"
#include "sim/memory.h"
#include "sim/options.h"
#include "sim/queue.h"
#include "sim/rng.h"
#include "sim/steps.h"
#include "sim/timers.h"

/* A link of the simulated network. Ends: 0 dialled, 1 listens. */
struct es_sim_link {
    bool open[2]; /* what was sent before one end died still arrives at the other */
    bool known;   /* the listener has been told                                 */
    uint32_t node[2];
    uint32_t number[2];  /* what each end calls it                                     */
    uint32_t network[2]; /* the life of the network process at each end                */
    uint32_t listener;
    struct es_dh_public server_key, client_key;
    uint64_t free_us[2]; /* when it has carried to this end what waits (link.rate)   */
    uint64_t last_ms[2]; /* a frame to this end does not overtake the one before       */
    uint32_t burst[2];   /* so many of the next envelopes to this end are in a burst   */
};

struct es_sim_listener {
    bool open;
    uint32_t number;
    uint16_t port;
    struct es_dh_public key;
};
#define ES_SIM_LISTENERS_MAX 8

/* Batches that are taken and not yet durable, oldest first. */
struct es_sim_disk {
    struct es_effects batches[ES_BATCHES_IN_FLIGHT_MAX];
    size_t n_batches;
    uint64_t last_ms; /* when the newest will be synced */
    uint64_t tidy_ms; /* when the store wants to be tidied  */
};

/* What became of a text (texts.c). Times are 0 before it happened. */
struct es_sim_text {
    uint64_t written_ms, arrived_ms, delivered_ms; /* arrived: on its reader's disk */
    struct es_message_id id; /* sequence 0: its writer was not told that it is queued */
    uint32_t bytes;
    bool vanished; /* with the disk of its reader; who brings it again may be late */
};

/* A friend writes and is written to: one of the load's pairs. */
struct es_sim_friend {
    uint32_t node;
    uint32_t slot;    /* its place among the friends, those counted who are left out */
    uint32_t contact; /* under which number it is known, to the end; 0: not accepted yet */
    bool invited;     /* has an invite                                       */
    uint32_t next_text;
    struct es_sim_text *texts; /* those before next_text */
    size_t cap_texts, last_delivered;
    uint32_t *sent; /* texts whose writer was told that they are queued */
    size_t n_sent, cap_sent;
    uint64_t reached_ms; /* when a frame last came from the node to this friend */
};

/* Nodes first to end - 1. */
struct es_sim_range {
    uint32_t first, end;
};

/* How a node's clocks differ from the world's (clock.c). */
struct es_sim_clock {
    int64_t wall_offset_ms;
    int32_t ppm;        /* so many millionths too fast */
    uint64_t asleep_ms; /* so long its monotonic clock stood still */
    uint64_t frozen_until_ms;
};

struct es_sim_node {
    uint32_t number;
    bool up;
    bool outside;     /* of the core that is healed: it is gone for good             */
    bool ruined;      /* ... before that, with its disk                              */
    bool unreadable;  /* the next row that its core reads                            */
    uint32_t life;    /* counts starts: timers of an earlier life are void           */
    uint32_t network; /* ... and those of its network process: so are its reports     */
    struct es_sim_clock clock;
    struct es_core *core;
    struct es_store *store;
    struct es_store_reader *reader;
    struct es_sim_arena arena;
    struct es_sim_disk disk;
    struct es_sim_rng entropy, links, downs, syncs;
    struct es_sim_rng faults[ES_SIM_FAULT_KINDS]; /* a stream for each kind                 */
    uint32_t n_faults[ES_SIM_FAULT_KINDS];        /* of each kind, what is left out counts too */
    uint32_t *ends; /* places in the world's links of those that may be open here */
    size_t n_ends, cap_ends;
    struct es_sim_listener listeners[ES_SIM_LISTENERS_MAX];
    bool advertised;
    struct es_publication publication;
    uint32_t n_publications;
    uint8_t *heard; /* a bit for each node whose present advert was heard          */
    uint32_t next_inbound;
    uint64_t back_ms; /* when it started from an older image last; 0: never          */
    uint64_t batches; /* worked through or died at, all lives together               */
    /* For tests: dies at this batch, at this of its ES_SIM_CRASH_POINTS. 0: at none. */
    uint64_t crash_at;
    uint32_t crash_point;
    /* Of the load: who it is, whom it knows. */
    bool has_address;
    struct es_sign_public address;
    struct es_sim_friend *friends; /* on its segment */
    size_t n_friends;
};

/* Before the commit; after it; between two orders; after all orders, before anybody is told. */
#define ES_SIM_CRASH_POINTS 4

/* Who looks on: a check or a test. Calls may be NULL. */
struct es_sim_watch {
    void *ctx;
    /* People are told this. */
    void (*event)(void *ctx, struct es_sim_node *node, const struct es_event *event);
    /* A frame sets out. False: it is lost. A shorter one may be put in its place. */
    bool (*frame)(void *ctx, uint32_t from, uint32_t to, uint8_t *bytes, size_t *io_len);
};

/* An envelope that a stranger keeps. */
struct es_sim_heard {
    uint8_t *bytes;
    size_t len;
};
#define ES_SIM_HEARD_MAX 256

/* Why a text need not arrive (heal.c). */
enum es_sim_excuse {
    ES_SIM_EXCUSE_READER_OUTSIDE,  /* its reader is not left                                    */
    ES_SIM_EXCUSE_NEVER_REACHABLE, /* its writer is not, nor reached the reader since it wrote  */
    ES_SIM_EXCUSE_NO_COPY,         /* its writer is not, and had the only copy                  */
    ES_SIM_EXCUSES,
};

/* What people would have noticed last, for the report of a failure. */
#define ES_SIM_MARKS 5
#define ES_SIM_MARK_BYTES 80

#define ES_SIM_HASH_BYTES 32
#define ES_SIM_NOBODY UINT32_MAX

struct es_sim_audit;
struct es_sim_record;

struct es_sim_world {
    struct es_sim_options options;
    struct es_settings settings; /* of every node that starts from now on */
    void *scratch;               /* of all cores: one runs at a time        */
    struct es_sim_watch watch;
    struct es_sim_audit *audit; /* NULL: nobody audits */
    struct es_sim_node *nodes;
    struct es_sim_queue queue;
    struct es_sim_timers timers;
    struct es_sim_link *links;
    size_t n_links, cap_links;
    uint64_t now_ms;
    bool calm; /* no more faults                                             */
    uint64_t chaos_end_ms;
    struct es_sim_partition *partitions;
    uint64_t events, crashes, frames;
    uint64_t frames_sent, frame_bytes;
    crypto_generichash_state hash;    /* over every event handled                      */
    uint64_t delivered;               /* reported so                                        */
    uint64_t excused[ES_SIM_EXCUSES]; /* texts that need not arrive, by their reason */
    uint32_t acting;     /* whose event is being handled                               */
    uint32_t violator;   /* who acted when it was violated; ES_SIM_NOBODY: at the end    */
    char violation[256]; /* empty: none                                                */
    char marks[ES_SIM_MARKS][ES_SIM_MARK_BYTES]; /* in a ring */
    size_t n_marks;
    struct es_sim_rng strangers;
    struct es_sim_heard heard[ES_SIM_HEARD_MAX];
    uint64_t n_envelopes; /* that were sent */
    uint32_t n_visits;
    struct es_sim_steps *steps;   /* NULL: nobody compares */
    struct es_sim_record *record; /* NULL: nobody records */
};

struct es_sim_world *es_sim_world_new(const struct es_sim_options *options);
void es_sim_world_free(struct es_sim_world *world);
/* Starts every node and the segment. */
void es_sim_world_begin(struct es_sim_world *world);
/* Everybody starts and becomes a contact of their friends. */
void es_sim_world_setup(struct es_sim_world *world);
/* What follows: the chaos, the calm, the checks at the end. True when every check held. */
bool es_sim_world_live(struct es_sim_world *world);
/* Both. */
bool es_sim_world_run(struct es_sim_world *world);
/* Handles events up to a time, or until a violation. */
void es_sim_world_until(struct es_sim_world *world, uint64_t until_ms);

void es_sim_violation(struct es_sim_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void es_sim_hash(struct es_sim_world *world, const void *bytes, size_t len);
/* Over everything up to now. */
void es_sim_world_hash(const struct es_sim_world *world, uint8_t ret[static ES_SIM_HASH_BYTES]);

/* --- faults.c, for whoever makes a fault. Draw first what it needs: one that is left out by the
 * scenario shifts no later draw --- */
/* It is the next of its kind at this node: recorded, unless the scenario leaves it out. */
bool es_sim_happens(struct es_sim_world *world, struct es_sim_node *node, enum es_sim_id_kind kind);
/* Drawn during the chaos, from the node's stream for this kind. */
bool es_sim_strikes(const struct es_sim_world *world, struct es_sim_node *node,
                    enum es_sim_id_kind kind, uint32_t permille);
/* ... and happens. */
bool es_sim_fault(struct es_sim_world *world, struct es_sim_node *node, enum es_sim_id_kind kind,
                  uint32_t permille);
/* The stream of a kind at a node. */
struct es_sim_rng es_sim_fault_stream(uint64_t seed, enum es_sim_id_kind kind, uint32_t node);
/* The scenario leaves this node out. */
bool es_sim_is_absent(const struct es_sim_world *world, uint32_t node);

/* --- node.c --- */
void es_sim_node_start(struct es_sim_world *world, struct es_sim_node *node);
void es_sim_node_stop(struct es_sim_world *world, struct es_sim_node *node);
void es_sim_node_report(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_report *report);
void es_sim_node_command(struct es_sim_world *world, struct es_sim_node *node,
                         const struct es_command *command);
void es_sim_node_timer(struct es_sim_world *world, struct es_sim_node *node);
/* Hands what the core has for it to the disk. */
void es_sim_node_drain(struct es_sim_world *world, struct es_sim_node *node);
/* It dies now, by itself or with its disk, and starts again later. */
void es_sim_node_crash(struct es_sim_world *world, struct es_sim_node *node);

/* --- disk/batches.c: the order of effects, with its crash points --- */
void es_sim_disk_write(struct es_sim_world *world, struct es_sim_node *node,
                       const struct es_effects *effects);
/* The oldest batch is synced, or the node dies at it. Without one the store is tidied. */
void es_sim_disk_sync(struct es_sim_world *world, struct es_sim_node *node);

/* --- network.c, with links.c and segment.c --- */
/* Those that hear this node's adverts, with itself. */
struct es_sim_range es_sim_segment_of(const struct es_sim_world *world, uint32_t node);
void es_sim_network_order(struct es_sim_world *world, struct es_sim_node *node,
                          const struct es_order *order);
void es_sim_network_event(struct es_sim_world *world, const struct es_sim_event *event);
/* The network process of this node is gone: its links and its advert with it. */
void es_sim_network_lost(struct es_sim_world *world, struct es_sim_node *node);
/* Two nodes reach each other no more, or again: by hand, for tests (partition.c). */
void es_sim_network_cut(struct es_sim_world *world, uint32_t a, uint32_t b, bool cut);

/* --- faults.c: what happens to nodes during the chaos --- */
void es_sim_faults_plan(struct es_sim_world *world);
void es_sim_faults_event(struct es_sim_world *world, const struct es_sim_event *event);

/* --- strangers.c --- */
void es_sim_strangers_done(struct es_sim_world *world);

/* --- check.c: every message once, in order, and delivered means on disk --- */
void es_sim_check_event(struct es_sim_world *world, struct es_sim_node *node,
                        const struct es_event *event);
void es_sim_check_sent(struct es_sim_world *world, uint32_t from, uint32_t to, uint32_t number);
void es_sim_check_end(struct es_sim_world *world);
bool es_sim_check_complete(const struct es_sim_world *world);

/* --- friends.c: who is to know whom --- */
void es_sim_friends_init(struct es_sim_world *world);
void es_sim_friends_done(struct es_sim_world *world);

/* --- contacts.c: they become contacts --- */
void es_sim_contacts_setup(struct es_sim_world *world);
void es_sim_contacts_look(struct es_sim_world *world, struct es_sim_node *node);
void es_sim_contacts_invited(struct es_sim_world *world, struct es_sim_node *inviter,
                             const struct es_event *answer);

/* --- load.c: what people do --- */
void es_sim_load_plan(struct es_sim_world *world);
void es_sim_load_action(struct es_sim_world *world, const struct es_sim_event *event);
void es_sim_load_event(struct es_sim_world *world, struct es_sim_node *node,
                       const struct es_event *event);

#endif
