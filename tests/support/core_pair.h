/* SPDX-License-Identifier: ISC */
/* core_pair.h - two or three people, each with a real core over the memory store, on the simulator's
 * network without any fault but those that a test asks for.
 *
 * Node 0 is called Ada, 1 Bob, 2 Eve: so are they named by the others, too. What people are told is
 * kept until pair_forget_events(); every envelope that is sent is kept to the end. */
#ifndef ES_TESTS_CORE_PAIR_H
#define ES_TESTS_CORE_PAIR_H

#include "node/core/chat/rows.h"
#include "node/wire/frame.h"
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

/* An envelope that set out, each time that it did. */
struct pair_taped {
    uint32_t from, to;
    bool link; /* stood in a LINK frame */
    struct es_id id;
    uint8_t *bytes;
    size_t len;
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
    /* The same for each other frame, ACKs of links among them. */
    bool (*passes_frame)(struct pair *pair, uint32_t from, uint32_t to, enum es_frame_kind kind);
    uint64_t counter; /* for these two to use */
    uint64_t dropped;

    struct pair_taped *tape; /* everything that was sent */
    size_t n_taped, cap_taped;
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

/* Gives a command. False: the node is down, or went down before it answered. */
bool pair_try(struct pair *pair, uint32_t node, const struct es_command *command);
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
/* Of these texts of the other's: are they what is shown, all, in order, once each? */
bool pair_shows(const struct pair *pair, uint32_t node, const char *who, uint32_t from,
                uint32_t to);
/* How often a text of the other's is shown. */
size_t pair_times_shown(const struct pair *pair, uint32_t node, const char *who, uint32_t text);
void pair_send_many(struct pair *pair, uint32_t node, const char *who, uint32_t from, uint32_t to);

/* The process ends and starts again, with what its store holds. */
void pair_stop(struct pair *pair, uint32_t node);
void pair_start(struct pair *pair, uint32_t node);
void pair_restart(struct pair *pair, uint32_t node);
/* The disk as it is now; then the node starts from that image (which is used up). */
struct es_store *pair_image(const struct pair *pair, uint32_t node);
void pair_restore(struct pair *pair, uint32_t node, struct es_store *image);
/* Days pass: each node is off but for some minutes of each. */
void pair_days(struct pair *pair, uint32_t days);
void pair_cut(struct pair *pair, uint32_t a, uint32_t b, bool cut);
/* A digest of every row of some kinds, for "nothing has changed". */
struct es_id pair_digest(const struct pair *pair, uint32_t node, const enum es_row_kind *kinds,
                         size_t n_kinds);
/* Of every row of every kind. */
struct es_id pair_digest_all(const struct pair *pair, uint32_t node);
size_t pair_rows(const struct pair *pair, uint32_t node, enum es_row_kind kind);

/* --- core_tape.c: what was sent, and what strangers send -------------------------------------- */

void pair_tape(struct pair *pair, uint32_t from, uint32_t to, bool link, struct es_slice envelope);
void pair_tape_free(struct pair *pair);
/* No nonce was used for two envelopes. */
bool pair_nonces_fresh(const struct pair *pair);
/* How many keys were used for two envelopes: each tag names one. */
size_t pair_keys_reused(const struct pair *pair);
/* Is it what this node asks somebody now? */
bool pair_is_request(const struct pair *pair, uint32_t node, struct es_slice envelope);

/* A link to nobody that greets this node with this proof, or with none: its number. */
uint32_t pair_stranger(struct pair *pair, uint32_t node, struct es_slice proof);
void pair_stranger_sends(struct pair *pair, uint32_t node, uint32_t link, struct es_slice envelope);
void pair_stranger_leaves(struct pair *pair, uint32_t node, uint32_t link);
/* An envelope arrives at a node on a link that is bound to nobody. */
void pair_inject(struct pair *pair, uint32_t node, struct es_slice envelope);
/* Something that was sent arrives once more, at anybody, from a stranger. */
void pair_replay(struct pair *pair, uint32_t node, const struct pair_taped *taped);

#endif
