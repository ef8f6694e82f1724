/* SPDX-License-Identifier: ISC */
/* tags.h - the table by which a node recognises its envelopes: one look-up each.
 *
 * It holds the tags of all windows, gaps and pending handshakes. Memory comes from the arena; the
 * table doubles and never shrinks. */
#ifndef ES_E2EE_TAGS_H
#define ES_E2EE_TAGS_H

#include "node/core/e2ee/handshake.h"
#include "node/core/e2ee/session.h"

enum es_tag_kind {
    ES_TAG_CURRENT, /* a session's receiving chain                  */
    ES_TAG_NEXT,    /* the chain after it                            */
    ES_TAG_GAP,     /* an older number: the gap row holds its key     */
    ES_TAG_PENDING, /* the acceptance of a request of ours            */
    ES_TAG_REFUSAL, /* its refusal                                    */
};

struct es_tag_entry {
    struct es_tag tag;
    enum es_tag_kind kind;
    uint32_t owner; /* session number, or pending number */
    struct es_position at;
};

struct es_tags;

/* NULL when the arena is used up. */
struct es_tags *es_tags_new(const struct es_arena *arena);

/* NULL when nobody waits for this tag. Valid until the table changes. */
const struct es_tag_entry *es_tags_find(const struct es_tags *tags, const struct es_tag *tag);

/* False when the arena is used up; a tag that stands there already is replaced. */
bool es_tags_put(struct es_tags *tags, const struct es_tag_entry *entry);
void es_tags_remove(struct es_tags *tags, const struct es_tag *tag);
size_t es_tags_count(const struct es_tags *tags);

/* Both windows of a session that enters or leaves memory. False, with nothing added, when the arena
 * is used up; a session that was not added is removed silently. */
bool es_tags_add_session(struct es_tags *tags, const struct es_session *session);
void es_tags_remove_session(struct es_tags *tags, const struct es_session *session);

/* The windows after an envelope was opened: costs as many steps as the window moved. Gaps are put
 * one by one by the caller, before or after. False when the arena is used up: the windows are then
 * shorter than they should be, and the next move extends them. */
bool es_tags_move_session(struct es_tags *tags, const struct es_session *before,
                          const struct es_session *after);

bool es_tags_add_pending(struct es_tags *tags, const struct es_pending *pending);
void es_tags_remove_pending(struct es_tags *tags, const struct es_pending *pending);

#endif
