/* SPDX-License-Identifier: ISC */
/* chat.h - contacts, conversations, receipts: what people see (docs/protocol.md, sections 6 and 10).
 *
 * The chat layer knows people and their sessions; where an envelope goes it leaves to the mesh. */
#ifndef ES_CHAT_H
#define ES_CHAT_H

#include "node/core/batch.h"
#include "node/core/context.h"
#include "node/core/core.h"
#include "node/core/mesh/mesh.h"
#include "node/core/view.h"

struct es_chat;

/* NULL when the arena is used up. Everything is borrowed for the lifetime of the chat layer. */
struct es_chat *es_chat_new(const struct es_env *env, const struct es_settings *settings,
                            struct es_batches *batches);
void es_chat_done(struct es_chat *chat);
size_t es_chat_scratch_bytes(void);

/* The calls that the mesh is made with; es_chat_attach() then closes the circle. */
struct es_mesh_calls es_chat_mesh_calls(struct es_chat *chat);
void es_chat_attach(struct es_chat *chat, struct es_mesh *mesh);

/* False: the row is damaged. */
bool es_chat_restore(struct es_chat *chat, const struct es_row *row);
/* After the last row. */
void es_chat_start(struct es_chat *chat, struct es_context *context);
void es_chat_command(struct es_chat *chat, struct es_context *context,
                     const struct es_command *command);
void es_chat_timer(struct es_chat *chat, struct es_context *context);
uint64_t es_chat_wake_at(const struct es_chat *chat, uint64_t now_ms);

/* Before a batch is taken: seals what its inputs made due (one ACK per session, waiting messages). */
void es_chat_settle(struct es_chat *chat, struct es_context *context);

/* Reading back failed: as a failed commit. */
bool es_chat_read_failed(const struct es_chat *chat);
const struct es_key *es_chat_lasting_secret(const struct es_chat *chat);
bool es_chat_has_identity(const struct es_chat *chat);

/* As in view.h. */
void es_chat_self(const struct es_chat *chat, struct es_self_view *ret);
bool es_chat_contact_next(const struct es_chat *chat, size_t *io_at, struct es_contact_view *ret);
bool es_chat_contact(const struct es_chat *chat, uint32_t contact, struct es_contact_view *ret);
bool es_chat_request_next(const struct es_chat *chat, size_t *io_at, struct es_request_view *ret);
bool es_chat_label(const struct es_chat *chat, uint32_t contact, struct es_label *ret);
bool es_chat_safety_number(const struct es_chat *chat, uint32_t contact, char *ret);
enum es_err es_chat_resolve(const struct es_chat *chat, struct es_slice who, uint32_t *ret_contact,
                            char *ret_candidates, size_t cap);
enum es_message_state es_chat_message_state(const struct es_chat *chat,
                                            const struct es_message *message);

#endif
