/* SPDX-License-Identifier: ISC */
/* frame_fuzz.c - a frame from a link: what is accepted has one spelling and borrows from the input. */
#include <assert.h>
#include <string.h>

#include "node/wire/frame.h"
#include "tests/support/encode_frame.h"
#include "tests/support/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[ES_FRAME_BYTES_MAX];
    static struct es_frame frame;
    const struct es_slice input = es_slice(data, size);

    if (!es_frame_decode(input, &frame))
        return 0;
    if (frame.kind == ES_FRAME_LINK)
        assert(is_inside(frame.link, input));
    if (frame.kind == ES_FRAME_ACK)
        assert(is_inside(frame.ack.ids, input));
    for (size_t i = 0; frame.kind == ES_FRAME_ENVELOPES && i < frame.envelopes.n; i++)
        assert(is_inside(frame.envelopes.at[i], input));
    assert(encode_frame(&frame, again, sizeof(again)) == size);
    assert(memcmp(again, data, size) == 0);
    return 0;
}
