/* SPDX-License-Identifier: ISC */
/* parts.h - what the files of node/core/chat ask of each other. */
#ifndef ES_CHAT_PARTS_H
#define ES_CHAT_PARTS_H

#include "node/core/chat/rows.h"
#include "node/core/chat/state.h"

/* --- read.c: rows of this batch, of batches under way, of the store --------------------------- */

/* False when there is no such row. A store that fails sets chat->read_failed. The result borrows
 * from chat->body or from a batch until either changes. */
bool es_chat_read(struct es_chat *chat, enum es_row_kind kind, const struct es_row_key *key,
                  struct es_slice *ret_body);

/* --- age.c ------------------------------------------------------------------------------------ */

uint64_t es_age_ms(const struct es_chat *chat, const struct es_context *context);
uint64_t es_age_since(const struct es_chat *chat, const struct es_context *context,
                      uint64_t then_age_ms);
uint16_t es_age_day(const struct es_chat *chat, const struct es_context *context);
/* That long after a wall clock that may say anything. */
uint64_t es_wall_after(uint64_t wall_ms, uint64_t for_ms);
/* At a start: adds the pause. */
void es_age_begin(struct es_self *self, const struct es_context *context);
/* Before the row is written: the age up to now. */
void es_age_keep(struct es_chat *chat, const struct es_context *context);

/* --- self.c ----------------------------------------------------------------------------------- */

void es_self_make(struct es_chat *chat, struct es_context *context, struct es_slice name);
void es_self_save(struct es_chat *chat, struct es_context *context);
/* Presence keys that nobody knows yet: everybody but the blocked is told. */
void es_self_replace_presence(struct es_chat *chat, struct es_context *context);
void es_self_set_visible(struct es_chat *chat, struct es_context *context, uint64_t for_ms);
void es_self_start(struct es_chat *chat, struct es_context *context);
void es_self_timer(struct es_chat *chat, struct es_context *context);
uint64_t es_self_visible_until(const struct es_chat *chat);

/* --- contact.c -------------------------------------------------------------------------------- */

struct es_contact *es_contact_find(const struct es_chat *chat, uint32_t number);
struct es_contact *es_contact_by_address(const struct es_chat *chat,
                                         const struct es_sign_public *address);
/* A known or blocked address, or our own, that is not this one but shares its X25519 form. */
bool es_contact_is_twin(const struct es_chat *chat, const struct es_sign_public *address);
/* NULL when the table is full. */
struct es_contact *es_contact_make(struct es_chat *chat, struct es_context *context);
struct es_contact *es_contact_insert(struct es_chat *chat, uint32_t number);
void es_contact_save(struct es_chat *chat, struct es_context *context,
                     const struct es_contact *contact);
/* Forgets sessions and requests: what waits in the outbox is no longer sealed. */
void es_contact_drop_secrets(struct es_chat *chat, struct es_context *context,
                             struct es_contact *contact);
/* ... and everything else, history included. */
void es_contact_erase(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
bool es_name_valid(struct es_slice name);
void es_name_set(char ret[static ES_NAME_BYTES_MAX + 1], struct es_slice name);
/* The name a person wished, else one like `claimed` that is free, else a beginning of the address. */
enum es_err es_contact_name(struct es_chat *chat, struct es_contact *contact, struct es_slice wish,
                            struct es_slice claimed);
/* Somebody of whom only the address was known is called as they call themselves. Never again later: a
 * peer does not choose the name under which people know them. */
void es_contact_adopt_name(struct es_chat *chat, struct es_contact *contact);
/* What the peer says shows that our state is an older copy (docs/protocol.md, section 6.6). */
void es_contact_gone_back(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact);
/* Our state may be an older copy: what is sealed in its sessions could take keys that were used. */
bool es_contact_may_seal(const struct es_contact *contact);
/* Something waits for the proof that our state is as new as what the peer has. */
bool es_contact_waits_unchecked(const struct es_contact *contact);
/* From now on a contact: told and announced. */
void es_contact_accepted(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact);

/* --- conversation.c ---------------------------------------------------------------------------- */

/* Takes a text of ours: io_message has text and answered message, the rest is filled in. */
enum es_err es_conversation_send(struct es_chat *chat, struct es_context *context,
                                 struct es_contact *contact, struct es_message *io_message);
/* What waits for one goes to the other: both are the same person. */
void es_conversation_move(struct es_chat *chat, struct es_context *context, struct es_contact *from,
                          struct es_contact *to);
/* One that waits, or all, will not arrive: out of the outbox, marked, told. */
void es_conversation_fail(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact, struct es_outgoing *out, enum es_err why);
void es_conversation_fail_all(struct es_chat *chat, struct es_context *context,
                              struct es_contact *contact, enum es_err why);
/* Everything in it has been read. */
void es_conversation_read(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact);
enum es_err es_conversation_ping(struct es_chat *chat, struct es_context *context,
                                 const struct es_contact *contact, uint64_t request,
                                 uint16_t bytes);

/* --- who.c ------------------------------------------------------------------------------------ */

/* By the petname, or by an address of which it is the beginning. */
bool es_who_means(const struct es_contact *contact, struct es_slice who);
/* On ES_E_AMBIGUOUS candidates holds what fits of the names or, of requests, the addresses, a
 * newline behind each. It may be NULL. */
enum es_err es_who_contact(const struct es_chat *chat, struct es_slice who, struct es_contact **ret,
                           char *candidates, size_t cap);
enum es_err es_who_request(const struct es_chat *chat, struct es_slice who, struct es_asked **ret,
                           char *candidates, size_t cap);

/* --- sessions.c ------------------------------------------------------------------------------- */

struct es_live_session *es_sessions_find(const struct es_chat *chat, uint32_t number);
/* Takes over a session whose number and contact are still to be set; the caller completes and saves
 * it. NULL: memory is used up. */
struct es_live_session *es_sessions_add(struct es_chat *chat, struct es_context *context,
                                        struct es_contact *contact, const struct es_session *made,
                                        const struct es_key *link_key);
/* We accepted it, and the peer has not been heard in it. */
bool es_sessions_is_candidate(const struct es_live_session *session);
/* Both sides have it from now on: told, if it renews another. */
void es_sessions_confirmed(struct es_chat *chat, struct es_context *context,
                           const struct es_live_session *session);
void es_sessions_save(struct es_chat *chat, struct es_context *context,
                      const struct es_live_session *session);
void es_sessions_remove(struct es_chat *chat, struct es_context *context,
                        struct es_live_session *session);
/* The one that is sealed in now; NULL: none yet. */
struct es_live_session *es_sessions_sending(const struct es_chat *chat,
                                            const struct es_contact *contact);
struct es_live_session *es_sessions_by_id(const struct es_contact *contact,
                                          const uint8_t id[static 8]);
/* Opens an envelope that a session waits for. The records borrow from chat->plain. */
enum es_open_result es_sessions_open(struct es_chat *chat, struct es_context *context,
                                     const struct es_tag_entry *entry, struct es_slice envelope,
                                     struct es_live_session **ret, struct es_slice *ret_records);
bool es_sessions_restore(struct es_chat *chat, const struct es_row *row);
/* Once an hour: forgets old gaps and sessions that have been replaced. */
void es_sessions_tidy(struct es_chat *chat, struct es_context *context);

/* --- gaps.c ----------------------------------------------------------------------------------- */

/* New gaps of an opened envelope: rows, tags, the list, and what is too much is given up. */
void es_gaps_add(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                 const struct es_gap *gaps, size_t n);
/* Opens an envelope that fills one. */
enum es_open_result es_gaps_open(struct es_chat *chat, struct es_context *context,
                                 struct es_live_session *session, struct es_position at,
                                 struct es_slice envelope, struct es_opened *opened);
/* The peer will not send again what it sealed before this: those gaps stay empty. */
void es_gaps_floor(struct es_chat *chat, struct es_context *context,
                   struct es_live_session *session, struct es_position floor);
void es_gaps_clear(struct es_chat *chat, struct es_context *context,
                   struct es_live_session *session);
/* Gives up those that are too old. */
void es_gaps_tidy(struct es_chat *chat, struct es_context *context,
                  struct es_live_session *session);
bool es_gaps_restore(struct es_chat *chat, const struct es_row *row);

/* --- ack.c ------------------------------------------------------------------------------------ */

/* What has arrived in this session, in at most bytes_max encoded bytes. */
void es_ack_build(const struct es_live_session *session, size_t bytes_max, struct es_ack *ret);
/* The peer lacks what it had acknowledged, `acked` of the sending chain, when it sealed this ACK: its
 * state is an older copy. */
bool es_ack_behind(const struct es_session *ratchet, uint32_t acked, const struct es_ack *ack);
void es_ack_apply(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                  const struct es_ack *ack);

/* --- outbox.c --------------------------------------------------------------------------------- */

/* Puts a message that has its row in the queue. False: full. */
bool es_outbox_add_text(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, struct es_message_id id, uint64_t order);
void es_outbox_owe(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   uint8_t bits);
/* An entry was sealed and handed to the mesh by this path. */
void es_outbox_sent(struct es_context *context, struct es_contact *contact, struct es_outgoing *out,
                    enum es_path path);
/* One more entry for owed records. NULL: full. */
struct es_outgoing *es_outbox_add_control(struct es_chat *chat, struct es_contact *contact,
                                          uint8_t carries);
/* It stands in this session from now on. */
void es_outbox_sealed(struct es_contact *contact, struct es_outgoing *out,
                      struct es_live_session *session);
void es_outbox_save(struct es_context *context, struct es_chat *chat,
                    const struct es_contact *contact, const struct es_outgoing *out,
                    struct es_slice envelope);
void es_outbox_remove(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out);
void es_outbox_unseal(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out);
void es_outbox_unseal_session(struct es_chat *chat, struct es_context *context,
                              struct es_live_session *session);
void es_outbox_clear(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
/* Something was acknowledged: the rest is waited for anew. One ACK need not name all that arrived. */
void es_outbox_answered(const struct es_context *context, struct es_contact *contact);
/* The contact is here: everything sealed goes out again. */
void es_outbox_present(struct es_context *context, struct es_contact *contact);
void es_outbox_on_disk(struct es_contact *contact, const struct es_ack_id *id);
/* Sealed and to be sent (again) now. */
bool es_outbox_is_due(const struct es_context *context, const struct es_outgoing *out);
/* Sends again what is due; offers to a stranger's link what waits for absent people. */
void es_outbox_timer(struct es_chat *chat, struct es_context *context);
void es_outbox_offer(struct es_chat *chat, struct es_context *context, uint32_t link);
uint64_t es_outbox_wake_at(const struct es_chat *chat);
bool es_outbox_restore(struct es_chat *chat, const struct es_row *row);

/* --- seal.c ----------------------------------------------------------------------------------- */

/* Seals what is due and may be sealed, for everybody, at most ES_ENVELOPES_PER_BATCH_MAX. */
void es_seal_due(struct es_chat *chat, struct es_context *context);
/* One envelope with these records (and an ACK) that is not kept: ping, pong, answer. */
bool es_seal_once(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                  const struct es_record *record);
/* The end of the window: an envelope that asks for an ACK and is kept and repeated until it has one. */
void es_seal_answer_kept(struct es_chat *chat, struct es_context *context,
                         struct es_live_session *session);
/* Reads a sealed envelope back from its row, under a fresh expiry. */
bool es_seal_read(struct es_chat *chat, struct es_context *context,
                  const struct es_contact *contact, const struct es_outgoing *out,
                  struct es_slice *ret_envelope);
uint16_t es_seal_expiry(const struct es_chat *chat, const struct es_context *context);

/* --- inbox.c ---------------------------------------------------------------------------------- */

/* Everything an opened envelope says. */
void es_inbox_records(struct es_chat *chat, struct es_context *context,
                      struct es_live_session *session, struct es_slice records);
/* Goes on showing what a batch was too small for. */
void es_inbox_timer(struct es_chat *chat, struct es_context *context);
/* Shows what has waited too long for an earlier one. */
void es_inbox_tidy(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
bool es_inbox_restore_held(struct es_chat *chat, const struct es_row *row);
void es_inbox_clear(struct es_chat *chat, struct es_context *context, struct es_contact *contact);

/* --- ask.c: requests of ours ------------------------------------------------------------------- */

enum es_err es_ask(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   const struct es_target *target, const struct es_key *psk,
                   enum es_request_kind kind, struct es_slice greeting);
void es_ask_renewal(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
/* A request of the contact was accepted while ours are pending: what names this crossing; 0: none is. */
uint32_t es_ask_cross(struct es_context *context, struct es_contact *contact);
void es_ask_drop(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
/* Our state was an older copy: what was begun before our start may have been ended since, and a new
 * session need not wait for its time. */
void es_ask_forget_restored(struct es_chat *chat, struct es_context *context,
                            struct es_contact *contact);
void es_ask_timer(struct es_chat *chat, struct es_context *context);
void es_ask_offer(struct es_chat *chat, struct es_context *context, uint32_t link);
uint64_t es_ask_wake_at(const struct es_chat *chat);
/* An envelope that answers a request: acceptance or refusal. *ret_peer is whose acceptance it was. */
bool es_ask_answered(struct es_chat *chat, struct es_context *context,
                     const struct es_tag_entry *entry, struct es_slice envelope,
                     uint32_t *ret_peer);
void es_ask_tidy(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
bool es_ask_restore(struct es_chat *chat, const struct es_row *row);
bool es_ask_restore_pending(struct es_chat *chat, const struct es_row *row);

/* --- trials.c: envelopes that may be requests ---------------------------------------------------- */

/* An envelope that nobody waits for: tried now or later. False: without its proof of work it is no
 * request. */
bool es_trials_take(struct es_chat *chat, struct es_context *context, uint32_t link,
                    struct es_slice envelope);
void es_trials_timer(struct es_chat *chat, struct es_context *context);
uint64_t es_trials_wake_at(const struct es_chat *chat);

/* --- asked.c: requests of others --------------------------------------------------------------- */

/* A request that has opened. addressee: name of our key that it was sealed to; invite: whose secret it
 * holds, or NULL. */
void es_asked_take(struct es_chat *chat, struct es_context *context, uint32_t link,
                   const uint8_t addressee[static ES_KEY_BYTES],
                   const struct es_request_opened *opened, struct es_open_invite *invite);
enum es_err es_asked_accept(struct es_chat *chat, struct es_context *context,
                            struct es_asked *asked, struct es_slice petname,
                            struct es_contact **ret);
void es_asked_remove(struct es_chat *chat, struct es_context *context, struct es_asked *asked);
/* Does it claim the name of this contact, without being it? */
bool es_asked_claims_name(const struct es_asked *asked, const struct es_contact *contact);
bool es_asked_restore(struct es_chat *chat, const struct es_row *row);

/* --- seen.c ------------------------------------------------------------------------------------ */

/* Has this request come before? Gives what to remember it by. */
bool es_seen_before(struct es_chat *chat, const struct es_request_opened *opened,
                    struct es_id *ret_digest);
void es_seen_stranger(struct es_chat *chat, struct es_context *context,
                      const struct es_request_opened *opened);
void es_seen_contact(struct es_context *context, const struct es_id *digest);
bool es_seen_restore(struct es_chat *chat, const struct es_row *row);

/* --- invites.c --------------------------------------------------------------------------------- */

/* NULL when ES_INVITES_MAX are open. */
struct es_open_invite *es_invites_make(struct es_chat *chat, struct es_context *context,
                                       uint32_t uses, uint64_t for_ms);
void es_invites_save(struct es_context *context, const struct es_open_invite *invite);
bool es_invites_is_open(const struct es_chat *chat, const struct es_context *context,
                        const struct es_open_invite *invite);
void es_invites_tidy(struct es_chat *chat, struct es_context *context);
bool es_invites_restore(struct es_chat *chat, const struct es_row *row);

/* --- presence.c: whose adverts are they? ---------------------------------------------------------- */

void es_presence_record(const struct es_chat *chat, struct es_record *ret);
void es_presence_learn(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       const struct es_presence_record *record);
void es_presence_forget(struct es_contact *contact);
/* The contact has proved that a link to a node with this link key is its own. */
void es_presence_proved(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, const struct es_dh_public *link_key);
/* A link to an advert that was recognised as this contact's brought no proof. */
void es_presence_doubted(struct es_chat *chat, struct es_contact *contact);
/* Known adverts are compared again with keys that were learned since. */
void es_presence_search(struct es_chat *chat, struct es_context *context);
uint32_t es_presence_recognise(struct es_chat *chat, struct es_context *context, uint16_t port,
                               const struct es_advert *advert);
void es_presence_sign(const struct es_chat *chat, uint16_t port, struct es_advert *io_advert);

/* --- proofs.c: whose links are they? -------------------------------------------------------------- */

/* Our LINK envelope to this contact; NULL: a random one. */
void es_proofs_make(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                    enum es_link_role role, const struct es_link_keys *keys, uint8_t *ret_envelope);
/* Whom the other side's LINK envelope proves, 0: nobody. As es_mesh_calls.check. */
uint32_t es_proofs_check(struct es_chat *chat, struct es_context *context, uint32_t expected,
                         enum es_link_role role, const struct es_link_keys *keys,
                         struct es_slice envelope);
/* Once an hour: replaces keys that are a week old. */
void es_proofs_tidy(struct es_chat *chat, struct es_context *context, struct es_contact *contact);

#endif
