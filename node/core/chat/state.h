/* SPDX-License-Identifier: ISC */
/* state.h - what the chat layer keeps in memory. Private to node/core/chat.
 *
 * Everything here can be rebuilt from rows (rows.h) but what is marked "live". Tables grow by pools
 * up to their limits in node/wire/limits.h. */
#ifndef ES_CHAT_STATE_H
#define ES_CHAT_STATE_H

#include "discovery/beacon.h"
#include "node/core/chat/chat.h"
#include "node/core/e2ee/tags.h"
#include "node/core/pool.h"

#define ES_DAY_MS (24ull * 60 * 60 * 1000)
#define ES_HOUR_MS (60ull * 60 * 1000)
#define ES_MINUTE_MS (60ull * 1000)

/* So long A waits for the acceptance of a request (docs/protocol.md, section 6.1). */
#define ES_PENDING_DAYS 30

/* Links of a recognised advert that prove nothing, before a new session is asked for. */
#define ES_UNPROVED_MAX 3
/* Incarnations of one author that are told apart; the one not met longest gives way. */
#define ES_MARKS 8

/* --- Sessions --------------------------------------------------------------------------------- */

/* An envelope that has not arrived: its key is in its row. Sorted by position. */
struct es_missing {
    struct es_missing *next;
    struct es_position at;
    struct es_tag tag;
    uint16_t day;
};

/* The key of LINK proofs that a session's handshake gave, replaced by record every week. */
struct es_link_key_state {
    struct es_key now, before; /* before: all zero when there is none               */
    bool known;                /* the peer has shown that it holds `now`             */
    uint32_t serial;
    uint64_t made_age_ms;
};

struct es_contact;

struct es_live_session {
    struct es_contact *contact;
    struct es_session ratchet;
    bool post_quantum; /* its handshake mixed in an invite's secret                        */
    uint32_t crossing; /* two sessions whose requests crossed have the same; 0: none        */
    bool renews;       /* another one was in use when it was made                            */
    bool owes_ack;     /* an envelope that wants an answer was opened                        */
    struct es_link_key_state link_key;
    /* Whatever had not arrived up to here was given up. */
    struct es_position lost;
    /* Live: */
    bool fresh; /* its handshake was begun after our start */
    struct es_missing *missing;
    size_t n_missing;
    size_t n_sealed; /* of the outbox, in this session */
    bool owes_pong;
    uint64_t pong_token;
    uint16_t pong_bytes;
};

/* --- Contacts --------------------------------------------------------------------------------- */

/* Small records that a contact should get: bits of `owed`. */
enum es_owed {
    ES_OWED_PROFILE = 1,
    ES_OWED_PRESENCE = 2,
    ES_OWED_READ = 4,
    ES_OWED_LINK_KEY = 8,
    ES_OWED_WINDOW = 16,
    ES_OWED_ANSWER = 32, /* nothing but an ACK: asks for one */
    ES_OWED_ALL = 63,
};

/* How far an incarnation of the peer was shown, and how far the peer read one of ours. */
struct es_mark {
    uint32_t incarnation;
    uint64_t sequence;
};

/* A message of the peer that waits for the one it comes after. */
struct es_held {
    struct es_held *next;
    struct es_message_id id;
    uint64_t after;
    uint64_t since_age_ms;
};

struct es_outgoing;

/* Are known adverts to be compared with its keys? */
enum es_sought { ES_SOUGHT_NOT, ES_SOUGHT_FOUND, ES_SOUGHT };

/* Whose keys an advert is compared with: everybody's, or those of who is sought. */
enum es_search {
    ES_SEARCH_ALL,
    ES_SEARCH_NEAR, /* only around the expectation */
    ES_SEARCH_FAR,
};

struct es_contact {
    uint32_t number;
    enum es_contact_state state;
    enum es_contact_state state_before; /* of one that is blocked                         */
    enum es_verified_by verified_by;
    uint32_t verified_below; /* sessions below this number stood when it was verified */
    char petname[ES_NAME_BYTES_MAX + 1];
    char claimed_name[ES_NAME_BYTES_MAX + 1];
    bool has_address; /* else only the introduction key that was asked */
    struct es_peer_key key;
    uint8_t owed;

    /* The peer's presence keys: `presence` is the oldest that is kept. */
    bool has_presence;
    uint32_t presence_generation;
    struct es_presence_key presence;
    struct es_sign_public presence_signer;
    bool presence_proved; /* an advert signed so led to a link that this contact proved its own */
    uint64_t presence_wall_ms; /* when `presence` + 1 was current */

    /* Our messages. */
    uint32_t incarnation;
    uint64_t next_sequence;
    struct es_mark read_by_peer[ES_MARKS];

    /* Theirs. */
    struct es_mark shown[ES_MARKS]; /* newest incarnation first */
    uint64_t last_order;
    uint64_t last_wall_ms;
    uint32_t unread;
    uint64_t read_order;          /* everything up to here was read */
    struct es_message_id last_in; /* newest shown                 */
    struct es_message_id read_in; /* newest that was read, for READ */

    uint64_t renewed_age_ms; /* when we last asked for a renewal; 0: never     */
    uint64_t acked_age_ms;   /* last sign that our envelopes arrive; 0: none yet */

    /* Live: */
    struct es_live_session *sessions[ES_SESSIONS_PER_CONTACT_MAX]; /* newest first */
    struct es_pending *pending[ES_PENDING_PER_CONTACT_MAX];
    struct es_asking *asking;
    struct es_held *held;
    size_t n_held;
    struct es_outgoing *outbox, *outbox_tail;
    size_t n_outbox, n_sealed;
    bool present;
    struct es_dh_public met; /* link key of the last advert recognised as this contact's */
    enum es_sought sought;   /* its keys are new: known adverts may be its own               */
    bool gone_back;          /* we lost state: nothing is sealed before a new session        */
    bool unchecked;          /* since our start no proof has shown whether we went back       */
    bool renew;              /* ask for a new session as soon as it is time                  */
    uint8_t unproved;        /* links of a recognised advert without a valid proof           */
    struct es_key proved_by; /* the key of its last proof: answered under the same            */
    /* What it had acknowledged when we last dialled and proved ourselves: no answer says less. */
    uint32_t asked_session, asked_chain, asked_acked;
    uint64_t lost_since_ms; /* an hour in which n_lost messages were sealed anew */
    uint32_t n_lost;
    uint64_t answer_at_ms; /* ask for an ACK then, unless it came; UINT64_MAX: nothing to ask */
    uint32_t answer_tries;
};

/* --- Outbox ----------------------------------------------------------------------------------- */

enum es_outgoing_kind {
    ES_OUT_TEXT = 0,
    ES_OUT_CONTROL = 1, /* owed records */
};

/* One envelope, or one to be: in the order of sending. */
struct es_outgoing {
    struct es_outgoing *next;
    enum es_outgoing_kind kind;
    struct es_message_id id; /* CONTROL: sequence counts, incarnation 0   */
    uint64_t order;          /* TEXT: place in its conversation; CONTROL: 0 */
    uint8_t carries;         /* CONTROL: bits of es_owed                   */
    bool sealed;
    uint32_t session;
    struct es_position at;
    struct es_ack_id envelope;
    /* Live: */
    bool on_peer_disk; /* the link acknowledged it: only the session's ACK is awaited */
    uint32_t tries;
    uint64_t next_try_ms;
    uint8_t lost; /* sealed anew so often because the peer had lost the key */
};

/* --- Requests --------------------------------------------------------------------------------- */

/* A request of ours: searched for its proof of work, then offered until answered. */
struct es_asking {
    struct es_asking *next;
    uint32_t contact; /* 0: a dummy, offered once */
    uint32_t pending;
    uint64_t made_age_ms;
    bool ready;
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    /* Live: */
    struct es_work work;
    bool working;
    uint32_t tries;
    uint64_t next_try_ms;
};

/* Somebody asks: waits for the person. */
struct es_asked {
    struct es_asked *next;
    struct es_peer_key from;
    char name[ES_NAME_BYTES_MAX + 1];
    char greeting[ES_GREETING_BYTES_MAX + 1];
    uint64_t received_wall_ms;
    uint8_t addressee[ES_KEY_BYTES]; /* name of the key that was asked */
    struct es_id digest;             /* what tells it when it comes again */
    struct es_dh_public one_time;
    struct es_key gs;
    struct es_id th1;
};

struct es_open_invite {
    uint32_t number; /* 0: none */
    struct es_key secret;
    uint32_t uses;
    uint64_t expires_wall_ms, expires_age_ms; /* whichever comes first */
};

/* A well-worked envelope that nobody waits for: it may be a request. */
struct es_trial {
    uint32_t link;
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
};

/* --- Self ------------------------------------------------------------------------------------- */

struct es_self {
    bool has_identity;
    struct es_identity identity;
    char name[ES_NAME_BYTES_MAX + 1];
    uint32_t next_contact, next_session, next_pending, next_invite;
    uint64_t next_control;
    struct es_key lasting_secret;

    /* How long this node has lived (age.c), and the wall clock then. */
    uint64_t age_ms, age_wall_ms;

    uint32_t presence_generation;
    struct es_presence_key presence;
    struct es_sign_secret presence_signer;
    uint64_t presence_wall_ms; /* when `presence` became current */

    uint64_t visible_until_wall_ms; /* 0: hidden */
    uint64_t visible_until_age_ms;
    struct es_dh_secret introduction;
    /* Live: */
    uint64_t age_now_ms; /* monotonic, when it was age_ms old */
    uint64_t presence_step_ms;
};

struct es_ping {
    uint64_t token; /* 0: free */
    uint64_t request;
    uint32_t contact;
    uint64_t sent_ms;
};
#define ES_PINGS_MAX 32

/* Work space of one input: nothing in it outlives the call. */
struct es_scratch {
    uint8_t plain[ES_ENVELOPE_BYTES_MAX];
    uint8_t envelope[ES_ENVELOPE_BYTES_MAX];
    uint8_t body[ES_ROW_BODY_BYTES_MAX];
    struct es_gap gaps[2 * ES_WINDOW_MAX];
};

struct es_chat {
    const struct es_env *env;
    const struct es_settings *settings;
    struct es_batches *batches;
    struct es_mesh *mesh;
    struct es_self self;

    struct es_contact *contacts[ES_CONTACTS_MAX]; /* in order of their numbers */
    size_t n_contacts;
    struct es_live_session *sessions[ES_CONTACTS_MAX * ES_SESSIONS_PER_CONTACT_MAX];
    size_t n_sessions; /* in order of their numbers, too */
    struct es_tags *tags;
    struct es_pool contact_pool, session_pool, missing_pool, pending_pool, outgoing_pool;
    struct es_pool asking_pool, asked_pool, held_pool;
    size_t n_texts; /* of ours that wait, all conversations */

    struct es_asking *asking;
    struct es_asked *asked; /* oldest first */
    size_t n_asked;
    struct es_open_invite invites[ES_INVITES_MAX];

    struct es_id *seen; /* ring of ES_SEEN_REQUESTS_MAX, made when first needed */
    uint64_t next_seen; /* its place in the ring follows from it                 */

    struct es_trial *trials; /* ring of ES_TRIALS_MAX, made when first needed */
    size_t n_trials, trials_at;
    uint64_t trial_tokens_ms; /* one token per 60000 / ES_TRIALS_PER_MINUTE ms */

    uint32_t first_pending; /* handshakes from this number on were begun after our start */
    struct es_ping pings[ES_PINGS_MAX];
    uint64_t dummy_at_ms;
    uint64_t tidy_at_ms;
    uint64_t meet_by_ms;    /* unchecked contacts are waited for until then */
    uint64_t search_tokens; /* beacon hashes that may be spent on far keys */
    uint64_t search_ms;
    bool search_owed; /* known adverts are to be compared again, with the keys of who is sought */
    bool all_sought;  /* ... of all contacts                                                    */
    enum es_search searching;
    bool more; /* work was left over: go on at once */
    bool started;
    bool read_failed;
    struct es_scratch *scratch;
};

#endif
