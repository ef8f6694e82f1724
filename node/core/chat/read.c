/* SPDX-License-Identifier: ISC */
/* read.c - reading a row back: what this core wrote and what the store holds are one. */
#include <errno.h>

#include "node/core/chat/parts.h"

bool es_chat_read(struct es_chat *chat, enum es_row_kind kind, const struct es_row_key *key,
                  struct es_slice *ret_body)
{
    const struct es_row *row = es_batches_find(chat->batches, kind, es_row_key_slice(key));
    size_t len;
    int err;

    if (row != NULL) {
        *ret_body = row->body;
        return !row->erase;
    }
    err = chat->env->read(chat->env->store_ctx, kind, es_row_key_slice(key), chat->scratch->body,
                          sizeof(chat->scratch->body), &len);
    if (err != 0) {
        if (err != -ENOENT)
            chat->read_failed = true;
        return false;
    }
    *ret_body = es_slice(chat->scratch->body, len);
    return true;
}
