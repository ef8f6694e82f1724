/* SPDX-License-Identifier: ISC */
/* invites.c - invites of ours. One that is used up or has expired is kept a day longer, so that who
 * opens it late is told. */
#include <string.h>

#include "node/core/chat/parts.h"

void es_invites_save(struct es_context *context, const struct es_open_invite *invite)
{
    uint8_t body[64];
    struct es_row_key key = es_key_number(invite->number);
    size_t len = es_body_invite(invite, body, sizeof(body));

    es_emit_row(context, ES_ROW_INVITE, es_row_key_slice(&key), es_slice(body, len));
    es_wipe(body, sizeof(body));
}

static void drop(struct es_context *context, struct es_open_invite *invite)
{
    struct es_row_key key = es_key_number(invite->number);

    es_emit_erase(context, ES_ROW_INVITE, es_row_key_slice(&key));
    es_wipe(invite, sizeof(*invite));
}

static bool is_over(const struct es_chat *chat, const struct es_context *context,
                    const struct es_open_invite *invite)
{
    return invite->uses == 0 || es_age_ms(chat, context) >= invite->expires_age_ms;
}

/* A wall clock that jumped may close an invite; it never erases one. */
bool es_invites_is_open(const struct es_chat *chat, const struct es_context *context,
                        const struct es_open_invite *invite)
{
    return !is_over(chat, context, invite) && context->wall_ms < invite->expires_wall_ms;
}

/* A free place, if need be that of one which is over. */
static struct es_open_invite *place(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < ES_INVITES_MAX; i++)
        if (chat->invites[i].number == 0)
            return &chat->invites[i];
    for (size_t i = 0; i < ES_INVITES_MAX; i++)
        if (is_over(chat, context, &chat->invites[i])) {
            drop(context, &chat->invites[i]);
            return &chat->invites[i];
        }
    return NULL;
}

struct es_open_invite *es_invites_make(struct es_chat *chat, struct es_context *context,
                                       uint32_t uses, uint64_t for_ms)
{
    struct es_open_invite *invite = place(chat, context);

    if (invite == NULL)
        return NULL;
    invite->number = chat->self.next_invite++;
    es_random(context, invite->secret.bytes, sizeof(invite->secret.bytes));
    invite->uses = uses;
    invite->expires_wall_ms = es_wall_after(context->wall_ms, for_ms);
    invite->expires_age_ms = es_age_ms(chat, context) + for_ms;
    es_self_save(chat, context);
    es_invites_save(context, invite);
    return invite;
}

void es_invites_tidy(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < ES_INVITES_MAX; i++) {
        struct es_open_invite *invite = &chat->invites[i];

        if (invite->number != 0 && es_age_since(chat, context, invite->expires_age_ms) >= ES_DAY_MS)
            drop(context, invite);
    }
}

bool es_invites_restore(struct es_chat *chat, const struct es_row *row)
{
    for (size_t i = 0; i < ES_INVITES_MAX; i++) {
        struct es_open_invite *invite = &chat->invites[i];

        if (invite->number == 0)
            return es_key_decode_number(row->key, &invite->number) && invite->number != 0 &&
                   invite->number < chat->self.next_invite &&
                   es_body_decode_invite(row->body, invite);
    }
    return false;
}
