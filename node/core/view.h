/* SPDX-License-Identifier: ISC */
/* view.h - what the core shows: its small tables, read between two inputs.
 *
 * Pointers are borrowed until the next input. What people wrote is not here: it is read from the
 * store (struct es_message, below, decodes a message's row). */
#ifndef ES_CORE_VIEW_H
#define ES_CORE_VIEW_H

#include "node/core/core.h"
#include "node/core/counters.h"
#include "node/core/e2ee/identity.h"
#include "node/core/mesh/mesh.h"

enum es_contact_state {
    ES_CONTACT_REQUESTED = 1, /* we asked                             */
    ES_CONTACT_ACCEPTED = 2,
    ES_CONTACT_BLOCKED = 3,
};

enum es_verified_by {
    ES_VERIFIED_NOT = 0,
    ES_VERIFIED_CODE = 1,
    ES_VERIFIED_INVITE = 2, /* opened in person: whoever scanned it has checked the inviter's key */
};

struct es_contact_view {
    uint32_t contact;
    const char *petname;
    const char *claimed_name;
    bool has_address; /* false: a visible person whose answer is still awaited */
    struct es_sign_public address;
    enum es_contact_state state;
    enum es_verified_by verified_by;
    bool renewed_since; /* verified before its session was last renewed */
    bool present;
    uint32_t unread;
    uint64_t last_order;   /* of the newest message shown; 0: none */
    uint64_t last_wall_ms; /* of it                                  */
    uint32_t queued;       /* messages of ours not delivered yet     */
};

struct es_request_view {
    struct es_sign_public address;
    const char *name;
    const char *greeting;
    uint64_t received_wall_ms;
};

struct es_self_view {
    bool has_identity;
    struct es_sign_public address;
    const char *name;
    uint64_t visible_until_ms;  /* wall clock; 0: hidden */
    uint32_t queued;            /* messages not delivered, all contacts      */
    uint32_t links, neighbours; /* up; up and bound to nobody                */
    uint32_t contacts, requests;
};

/* Who can read a conversation, and why we know (docs/protocol.md, section 10.4): derived from the
 * live session, never from a setting. */
enum es_label_path { ES_LABEL_DIRECT, ES_LABEL_CARRIED, ES_LABEL_UNREACHABLE };
struct es_label {
    uint32_t readers;  /* people, us included; 0: not set up yet */
    uint32_t verified; /* of the others                           */
    bool forward_secrecy;
    bool post_quantum_by_invite;
    bool unconfirmed; /* nothing of the peer has opened in the session yet */
    bool renewed_since;
    bool key_changed; /* somebody who asks claims the name of this contact */
    enum es_label_path path;
};

void es_core_self(const struct es_core *core, struct es_self_view *ret);
/* Contacts in order of their numbers; false after the last. *io_at starts at 0. */
bool es_core_contact_next(const struct es_core *core, size_t *io_at, struct es_contact_view *ret);
bool es_core_contact(const struct es_core *core, uint32_t contact, struct es_contact_view *ret);
bool es_core_request_next(const struct es_core *core, size_t *io_at, struct es_request_view *ret);
bool es_core_label(const struct es_core *core, uint32_t contact, struct es_label *ret);
/* "12345 67890 ..."; false when the address is not known yet. */
bool es_core_safety_number(const struct es_core *core, uint32_t contact,
                           char ret[static ES_SAFETY_CHARS + 1]);

/* Finds whom a person means: petname, address, beginning of an address (8 characters or more after
 * "earshot:"), then the name of a request. ES_OK, ES_E_UNKNOWN, ES_E_AMBIGUOUS (ret_candidates then
 * holds what fits of their names, a newline behind each) or ES_E_CHECKSUM. Contacts only:
 * *ret_contact is never 0 on ES_OK. */
#define ES_CANDIDATES_BYTES_MAX 1024
enum es_err es_core_resolve(const struct es_core *core, struct es_slice who, uint32_t *ret_contact,
                            char *ret_candidates, size_t candidates_cap);

const struct es_counters *es_core_counters(const struct es_core *core);
const struct es_mesh *es_core_mesh(const struct es_core *core);

/* State of one of our messages. queued: in the outbox (the store has its row). */
enum es_message_state {
    ES_MESSAGE_QUEUED,
    ES_MESSAGE_DELIVERED,
    ES_MESSAGE_READ,
    ES_MESSAGE_FAILED,
    ES_MESSAGE_RECEIVED, /* of theirs: shown, not read yet */
};
/* A message's row. */
struct es_message {
    uint32_t contact;
    bool own;
    struct es_message_id id;
    uint64_t sent_wall_ms;     /* the sender's clock                   */
    uint64_t received_wall_ms; /* ours; own messages: as sent          */
    uint64_t order;
    uint64_t after; /* theirs: the message that is shown before it, or 0 */
    struct es_message_id reply_to;
    bool reply_to_own;  /* the answered message is ours */
    enum es_err failed; /* ES_OK, or why it will not arrive */
    struct es_slice text;
};
bool es_message_decode(struct es_slice body, struct es_message *ret);
enum es_message_state es_core_message_state(const struct es_core *core,
                                            const struct es_message *message);

/* An id as people see it, the same on both sides: base32 of BLAKE2b(author)[0..3] | incarnation |
 * sequence. Parsing says which of two authors it is, by the first of them that fits. */
#define ES_MESSAGE_ID_CHARS 26
void es_message_id_format(const struct es_sign_public *author, struct es_message_id id,
                          char ret[static ES_MESSAGE_ID_CHARS + 1]);
bool es_message_id_parse(struct es_slice text, const struct es_sign_public *self,
                         const struct es_sign_public *peer, struct es_message_id *ret,
                         bool *ret_own);

#endif
