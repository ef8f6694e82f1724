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

/* --- self.c ----------------------------------------------------------------------------------- */

void es_self_make(struct es_chat *chat, struct es_context *context, struct es_slice name);
void es_self_save(struct es_chat *chat, struct es_context *context);
/* Presence keys that nobody knows yet: everybody but the blocked is told. */
void es_self_replace_presence(struct es_chat *chat, struct es_context *context);
void es_self_set_visible(struct es_chat *chat, struct es_context *context, uint64_t for_ms);
void es_self_start(struct es_chat *chat, struct es_context *context);
void es_self_timer(struct es_chat *chat, struct es_context *context);

/* --- contact.c -------------------------------------------------------------------------------- */

struct es_contact *es_contact_find(const struct es_chat *chat, uint32_t number);
struct es_contact *es_contact_by_address(const struct es_chat *chat,
                                         const struct es_sign_public *address);
struct es_contact *es_contact_by_petname(const struct es_chat *chat, struct es_slice name);
/* A known or blocked address, or our own, that is not this one but shares its X25519 form. */
bool es_contact_is_twin(const struct es_chat *chat, const struct es_sign_public *address);
/* NULL when the table is full. */
struct es_contact *es_contact_make(struct es_chat *chat, struct es_context *context);
struct es_contact *es_contact_insert(struct es_chat *chat, uint32_t number);
void es_contact_save(struct es_chat *chat, struct es_context *context,
                     const struct es_contact *contact);
/* Forgets sessions, requests and waiting messages; then erase() removes the rest with its history. */
void es_contact_drop_secrets(struct es_chat *chat, struct es_context *context,
                             struct es_contact *contact);
void es_contact_erase(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
bool es_name_valid(struct es_slice name);
void es_name_set(char ret[static ES_NAME_BYTES_MAX + 1], struct es_slice name);
/* The name a person wished, else one like `claimed` that is free, else a beginning of the address. */
enum es_err es_contact_name(struct es_chat *chat, struct es_contact *contact, struct es_slice wish,
                            struct es_slice claimed);
/* Somebody of whom only the address was known is called as they call themselves. Never again later: a
 * peer does not choose the name under which people know them. */
void es_contact_adopt_name(struct es_chat *chat, struct es_contact *contact);
/* From now on a contact: told and announced. */
void es_contact_accepted(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact);

/* --- who.c ------------------------------------------------------------------------------------ */

enum es_err es_who_contact(const struct es_chat *chat, struct es_slice who, struct es_contact **ret,
                           char *candidates, size_t cap);
enum es_err es_who_request(const struct es_chat *chat, struct es_slice who, struct es_asked **ret);

/* --- sessions.c ------------------------------------------------------------------------------- */

/* Takes over a session whose number and contact are still to be set. NULL: memory is used up. */
struct es_live_session *es_sessions_add(struct es_chat *chat, struct es_context *context,
                                        struct es_contact *contact, const struct es_session *made,
                                        bool post_quantum, bool crossed);
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
/* New gaps of an opened envelope: rows, tags, the list, and what is too much is given up. */
void es_sessions_add_gaps(struct es_chat *chat, struct es_context *context,
                          struct es_live_session *session, const struct es_gap *gaps, size_t n);
bool es_sessions_restore(struct es_chat *chat, const struct es_row *row);
bool es_sessions_restore_gap(struct es_chat *chat, const struct es_row *row);
/* The peer will not send again what it sealed before this: those gaps stay empty. */
void es_sessions_floor(struct es_chat *chat, struct es_context *context,
                       struct es_live_session *session, struct es_position floor);
/* Once an hour: forgets old gaps and sessions that have been replaced. */
void es_sessions_tidy(struct es_chat *chat, struct es_context *context);

/* --- ack.c ------------------------------------------------------------------------------------ */

/* What has arrived in this session, in at most bytes_max encoded bytes. */
void es_ack_build(const struct es_live_session *session, size_t bytes_max, struct es_ack *ret);
void es_ack_apply(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                  const struct es_ack *ack);

/* --- outbox.c --------------------------------------------------------------------------------- */

/* Puts a message that has its row in the queue. False: full. */
bool es_outbox_add_text(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, struct es_message_id id);
void es_outbox_owe(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   uint8_t bits);
/* An entry was sealed and handed to the mesh by this path. */
void es_outbox_sent(struct es_context *context, struct es_contact *contact, struct es_outgoing *out,
                    enum es_path path);
/* One more entry for owed records. NULL: full. */
struct es_outgoing *es_outbox_add_control(struct es_chat *chat, struct es_contact *contact);
void es_outbox_save(struct es_context *context, struct es_chat *chat,
                    const struct es_contact *contact, const struct es_outgoing *out,
                    struct es_slice envelope);
void es_outbox_remove(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out);
void es_outbox_unseal(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out);
void es_outbox_clear(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
/* The contact is here: everything sealed goes out again. */
void es_outbox_present(struct es_context *context, struct es_contact *contact);
void es_outbox_on_disk(struct es_context *context, struct es_contact *contact,
                       const struct es_ack_id *id);
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
bool es_inbox_restore_held(struct es_chat *chat, const struct es_row *row);
void es_inbox_clear(struct es_chat *chat, struct es_context *context, struct es_contact *contact);

/* --- ask.c: requests of ours ------------------------------------------------------------------- */

enum es_err es_ask(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   const struct es_target *target, const struct es_key *psk,
                   enum es_request_kind kind, struct es_slice greeting);
void es_ask_renewal(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
void es_ask_drop(struct es_chat *chat, struct es_context *context, struct es_contact *contact);
void es_ask_timer(struct es_chat *chat, struct es_context *context);
void es_ask_offer(struct es_chat *chat, struct es_context *context, uint32_t link);
uint64_t es_ask_wake_at(const struct es_chat *chat);
/* An envelope that answers a request: acceptance or refusal. *ret_peer is whose acceptance it was. */
bool es_ask_answered(struct es_chat *chat, struct es_context *context,
                     const struct es_tag_entry *entry, struct es_slice envelope,
                     uint32_t *ret_peer);
bool es_ask_restore(struct es_chat *chat, const struct es_row *row);
bool es_ask_restore_pending(struct es_chat *chat, const struct es_row *row);

/* --- asked.c: requests of others --------------------------------------------------------------- */

/* An envelope that nobody waits for and that has its proof of work. */
void es_asked_try(struct es_chat *chat, struct es_context *context, uint32_t link,
                  struct es_slice envelope);
void es_asked_timer(struct es_chat *chat, struct es_context *context);
uint64_t es_asked_wake_at(const struct es_chat *chat);
enum es_err es_asked_accept(struct es_chat *chat, struct es_context *context,
                            struct es_asked *asked, struct es_slice petname,
                            struct es_contact **ret);
void es_asked_remove(struct es_chat *chat, struct es_context *context, struct es_asked *asked);
bool es_asked_restore(struct es_chat *chat, const struct es_row *row);
bool es_asked_restore_seen(struct es_chat *chat, const struct es_row *row);

/* --- invites.c --------------------------------------------------------------------------------- */

/* NULL when ES_INVITES_MAX are open. */
struct es_open_invite *es_invites_make(struct es_chat *chat, struct es_context *context,
                                       uint32_t uses, uint64_t for_ms);
void es_invites_save(struct es_context *context, const struct es_open_invite *invite);
void es_invites_tidy(struct es_chat *chat, struct es_context *context);
bool es_invites_restore(struct es_chat *chat, const struct es_row *row);

/* --- presence.c: adverts and LINK envelopes ------------------------------------------------------ */

void es_presence_record(const struct es_chat *chat, struct es_record *ret);
void es_presence_learn(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       const struct es_presence_record *record);
void es_presence_timer(struct es_chat *chat, struct es_context *context);

#endif
