/* SPDX-License-Identifier: ISC */
/* e2ee_pair.h - two people, their tag tables and what is between them, for tests and benchmarks.
 *
 * A party does with an envelope what a node does: look up the tag, open, commit. Everything random
 * comes from a seed. */
#ifndef ES_TESTS_E2EE_PAIR_H
#define ES_TESTS_E2EE_PAIR_H

#include "node/core/e2ee/handshake.h"
#include "node/core/e2ee/identity.h"
#include "node/core/e2ee/session.h"
#include "node/core/e2ee/tags.h"

#define PAIR_DAY 300
#define PAIR_EXPIRY 1200

/* A stream of BLAKE2b blocks over seed and counter. */
struct pair_random {
    uint64_t seed;
    uint64_t counter;
};
struct es_entropy pair_entropy(struct pair_random *random);

/* Memory that is freed at once; chunks_max: after how many chunks it is used up. */
#define PAIR_CHUNKS_MAX 512
struct pair_arena {
    void *chunks[PAIR_CHUNKS_MAX];
    size_t sizes[PAIR_CHUNKS_MAX];
    size_t n_chunks;
    size_t chunks_max;
};
struct es_arena pair_arena(struct pair_arena *arena);
void pair_arena_free(struct pair_arena *arena);

struct party {
    struct pair_random random;
    struct es_entropy entropy;
    struct pair_arena memory;
    struct es_tags *tags;
    struct es_identity identity;
    struct es_peer_key as_peer; /* as others see it */

    struct es_pending pending;
    bool waiting;
    struct es_session session;
    bool has_session;
    struct es_key link_key;
    struct es_peer_key peer; /* who answered */
    struct es_gap gaps[2 * ES_WINDOW_MAX];
    size_t n_gaps;

    /* What the last opening gave. */
    struct es_opened opened;
    struct es_gap new_gaps[2 * ES_WINDOW_MAX];
    uint8_t payload[ES_ENVELOPE_BYTES_MAX];
};

void party_init(struct party *party, uint64_t seed);
void party_done(struct party *party);

/* *ret is what a restart makes of the party: its rows read back, its tables built anew. */
void party_restore(struct party *ret, const struct party *from);

/* An envelope on its way. */
struct parcel {
    uint8_t bytes[ES_ENVELOPE_BYTES_MAX];
    size_t len;
    struct es_position at;
};

/* The identity as a key that requests may be sealed to. */
struct es_addressee party_addressee(const struct party *party);
struct es_target target_of(const struct es_addressee *addressee);

/* Asks whoever has the key; the request is left without work. */
void party_ask(struct party *party, const struct es_addressee *whom, enum es_request_kind kind,
               const struct es_key *psk, struct parcel *ret);
/* Accepts what was opened with the key that was asked. */
void party_accept(struct party *party, const struct es_addressee *asked,
                  const struct es_request_opened *opened);

/* a asks b. */
void pair_request(struct party *a, const struct party *b, struct parcel *ret);
/* b opens it with its identity's key and makes its session. */
void pair_accept(struct party *b, const struct parcel *request);
/* Both of the above: b may send, a waits for the acceptance. */
void pair_introduce(struct party *a, struct party *b);
/* And an envelope each way: both sides' sessions are confirmed. */
void pair_connect(struct party *a, struct party *b);

/* Seals a text whose sequence is `value`. */
void party_send(struct party *party, uint64_t value, struct parcel *ret);

enum party_result {
    PARTY_OPENED,
    PARTY_UNKNOWN, /* nobody waits for the tag */
    PARTY_BAD,
    PARTY_TOO_FAR,
};
/* Looks up, opens and commits. *ret_value: the sequence of the text. */
enum party_result party_receive(struct party *party, const struct parcel *parcel,
                                uint64_t *ret_value);

/* Looks up and opens; commits nothing. */
enum party_result party_try(struct party *party, struct es_slice envelope);

/* The peer's ACK: everything that was sealed has arrived. */
void party_acked(struct party *party);

#endif
