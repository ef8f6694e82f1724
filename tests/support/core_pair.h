/* SPDX-License-Identifier: ISC */
/* core_pair.h - two or three people, each with a real core over the memory store, on the simulator's
 * network without any fault but those that a test asks for.
 *
 * Node 0 is called Ada, 1 Bob, 2 Eve: so are they named by the others, too. What people are told is
 * kept until pair_forget_events(); every nonce that is sent is kept to the end. */
#ifndef ES_TESTS_CORE_PAIR_H
#define ES_TESTS_CORE_PAIR_H

#include "node/core/chat/rows.h"
#include "sim/world.h"

#define PAIR_NODES_MAX 3
#define PAIR_TEXT_BYTES 512
#define PAIR_DAY_MS (24ull * 60 * 60 * 1000)

enum pair_name { ADA, BOB, EVE };

struct pair_event {
    uint32_t node;
    struct es_event event;
    char text[PAIR_TEXT_BYTES]; /* of a message: its text; else the event's, cut off */
};

/* An envelope that set out; without gaps between the members, for memcmp. */
struct pair_sealed {
    uint8_t nonce[ES_NONCE_BYTES];
    struct es_id id;
};

struct pair {
    struct es_sim_world *world;
    struct es_sim_node *nodes;
    struct pair_event *events;
    size_t n_events, cap_events;
    struct pair_event answer; /* to the last command */
    uint64_t last_request;

    /* Asked for each envelope that sets out; false: it is lost. NULL: all travel. */
    bool (*passes)(struct pair *pair, uint32_t from, uint32_t to, struct es_slice envelope);
    uint64_t counter; /* for `passes` to use */
    uint64_t dropped;

    struct pair_sealed *sealed; /* everything that was sent */
    size_t n_sealed, cap_sealed;
    uint32_t n_strangers;
};

/* n nodes with identities on one network, not yet each other's contacts. */
struct pair *pair_new(uint32_t n);
/* As pair_new(2), and they are contacts with a confirmed session. */
struct pair *pair_of_contacts(void);
void pair_free(struct pair *pair);

void pair_run(struct pair *pair, uint64_t for_ms);
/* Runs until nothing of anybody waits any more, at most a virtual hour. False: it still waits. */
bool pair_settle(struct pair *pair);

/* Gives a command and waits for its answer. The node must be up. */
enum es_err pair_command(struct pair *pair, uint32_t node, const struct es_command *command);
enum es_err pair_do(struct pair *pair, uint32_t node, enum es_command_kind kind, const char *who);
enum es_err pair_send(struct pair *pair, uint32_t node, const char *who, const char *text);
/* Asks the other by address, under the other's name. */
enum es_err pair_add(struct pair *pair, uint32_t node, uint32_t other);
/* One asks, the other accepts; then until both are told. */
void pair_befriend(struct pair *pair, uint32_t a, uint32_t b);
const char *pair_name(uint32_t node);
void pair_address(struct pair *pair, uint32_t node, char ret[static ES_ADDRESS_CHARS + 1]);

/* Events of one kind at one node since the last pair_forget_events(). */
size_t pair_told(const struct pair *pair, uint32_t node, enum es_event_kind kind);
const struct pair_event *pair_last(const struct pair *pair, uint32_t node, enum es_event_kind kind);
void pair_forget_events(struct pair *pair);

struct es_slice pair_slice(const char *text);
struct es_contact_view pair_contact(const struct pair *pair, uint32_t node, const char *who);
uint64_t pair_count(const struct pair *pair, uint32_t node, enum es_counter counter);

/* Texts of a conversation that its own node wrote or not, in the order in which they are shown, each
 * followed by a line feed; from the store. The caller frees. */
char *pair_shown(const struct pair *pair, uint32_t node, const char *who, bool own);
/* "first\n...": FROM to TO-1, as pair_send_many() writes them. The caller frees. */
char *pair_expected(uint32_t from, uint32_t to);
void pair_send_many(struct pair *pair, uint32_t node, const char *who, uint32_t from, uint32_t to);

/* The process ends and starts again, with what its store holds. */
void pair_stop(struct pair *pair, uint32_t node);
void pair_start(struct pair *pair, uint32_t node);
void pair_restart(struct pair *pair, uint32_t node);
/* The disk as it is now; then the node starts from that image (which is used up). */
struct es_store *pair_image(const struct pair *pair, uint32_t node);
void pair_restore(struct pair *pair, uint32_t node, struct es_store *image);
void pair_cut(struct pair *pair, uint32_t a, uint32_t b, bool cut);
/* No nonce was used for two envelopes. */
bool pair_nonces_fresh(struct pair *pair);
/* A digest of every row of some kinds, for "nothing has changed". */
struct es_id pair_digest(const struct pair *pair, uint32_t node, const enum es_row_kind *kinds,
                         size_t n_kinds);
size_t pair_rows(const struct pair *pair, uint32_t node, enum es_row_kind kind);

/* An envelope arrives at a node on a link that is bound to nobody. */
void pair_inject(struct pair *pair, uint32_t node, struct es_slice envelope);

#endif
