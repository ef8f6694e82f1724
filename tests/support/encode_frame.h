/* SPDX-License-Identifier: ISC */
/* encode_frame.h - a decoded frame as bytes again, by the encoder of its kind. */
#ifndef ES_TESTS_ENCODE_FRAME_H
#define ES_TESTS_ENCODE_FRAME_H

#include "node/wire/frame.h"

static inline size_t encode_envelopes(const struct es_frame *frame, uint8_t *buf, size_t cap)
{
    size_t len = es_frame_envelopes_begin(buf, cap);

    for (size_t i = 0; i < frame->envelopes.n; i++) {
        if (!es_frame_envelopes_add(buf, cap, &len, frame->envelopes.copies[i],
                                    frame->envelopes.at[i]))
            return 0;
    }
    return len;
}

static inline size_t encode_frame(const struct es_frame *frame, uint8_t *buf, size_t cap)
{
    switch (frame->kind) {
    case ES_FRAME_HELLO:
        return es_frame_hello(buf, cap, &frame->hello);
    case ES_FRAME_LINK:
        return es_frame_link(buf, cap, frame->link);
    case ES_FRAME_ENVELOPES:
        return encode_envelopes(frame, buf, cap);
    case ES_FRAME_ACK:
        return es_frame_ack(buf, cap, (const struct es_ack_id *)frame->ack.ids.ptr, frame->ack.n);
    case ES_FRAME_MOVED:
        return es_frame_moved(buf, cap, frame->moved.port, &frame->moved.key);
    case ES_FRAME_PING:
        return es_frame_ping(buf, cap, frame->token);
    case ES_FRAME_PONG:
        return es_frame_pong(buf, cap, frame->token);
    case ES_FRAME_BYE:
        return es_frame_bye(buf, cap, frame->bye);
    }
    return 0;
}

#endif
