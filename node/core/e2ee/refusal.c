/* SPDX-License-Identifier: ISC */
/* refusal.c - "your invite is used up": tag and key from gs, so that the requester alone recognises
 * it (docs/protocol.md, section 6.2). */
#include "node/core/e2ee/handshake.h"
#include "node/core/e2ee/oneshot.h"

static void refusal_init(struct es_oneshot *oneshot, const struct es_key *gs)
{
    es_oneshot_init(oneshot, gs, "refuse", NULL, 0);
}

struct es_tag es_refusal_tag(const struct es_key *gs)
{
    struct es_oneshot oneshot;

    refusal_init(&oneshot, gs);
    struct es_tag tag = oneshot.tag;

    es_wipe(&oneshot, sizeof(oneshot));
    return tag;
}

void es_refusal_seal(const struct es_key *gs, enum es_refusal reason, uint16_t expiry,
                     const struct es_entropy *entropy, uint8_t *ret_envelope)
{
    const uint8_t plain[] = {(uint8_t)reason};
    struct es_oneshot oneshot;

    refusal_init(&oneshot, gs);
    es_oneshot_seal(&oneshot, expiry, ES_SLICE_OF(plain), entropy, ret_envelope);
    es_wipe(&oneshot, sizeof(oneshot));
}

bool es_refusal_open(const struct es_key *gs, struct es_slice envelope, enum es_refusal *ret)
{
    uint8_t plain[ES_ENVELOPE_BYTES_MIN];
    struct es_oneshot oneshot;
    struct es_slice said;

    refusal_init(&oneshot, gs);
    bool opened = es_oneshot_open(&oneshot, envelope, plain, &said);

    es_wipe(&oneshot, sizeof(oneshot));
    if (!opened || said.len != 1)
        return false;
    if (said.ptr[0] != ES_REFUSAL_INVITE_USED && said.ptr[0] != ES_REFUSAL_INVITE_EXPIRED)
        return false;
    *ret = (enum es_refusal)said.ptr[0];
    return true;
}
