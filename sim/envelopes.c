/* SPDX-License-Identifier: ISC */
/* envelopes.c - envelopes get lost, one by one or in bursts, come twice or late: as if somebody on the way had dropped one, or
 * had it from two sides. The frames that bring them are frames of a connection and suffer none of it. */
#include <string.h>

#include "node/wire/frame.h"
#include "sim/network.h"

#define BITS_MAX 8
#define LENGTH_BYTES 2

/* Adds an envelope to a frame; what a frame had room for has room in one half of it. */
static void add(uint8_t *frame, size_t *io_len, uint8_t copies, struct es_slice envelope)
{
    if (*io_len == 0)
        *io_len = es_frame_envelopes_begin(frame, ES_FRAME_BYTES_MAX);
    es_frame_envelopes_add(frame, ES_FRAME_BYTES_MAX, io_len, copies, envelope);
}

/* A few bits of it are others, its end is, or it is cut to the shortest. Its first two bytes say how
 * long it is: whoever carries one tells no envelope of another length. */
static size_t corrupt(struct es_sim_rng *rng, uint8_t *bytes, size_t len)
{
    enum { BITS, END, SHORT, WAYS } way = (int)es_sim_below(rng, WAYS);
    size_t from = LENGTH_BYTES + (size_t)es_sim_below(rng, len - LENGTH_BYTES);

    if (way == SHORT && len > ES_ENVELOPE_BYTES_MIN) {
        bytes[LENGTH_BYTES - 1] = 0;
        return ES_ENVELOPE_BYTES_MIN;
    }
    if (way == END) {
        es_sim_bytes(rng, bytes + from, len - from);
        return len;
    }
    for (uint64_t n = 1 + es_sim_below(rng, BITS_MAX); n > 0; n--)
        bytes[LENGTH_BYTES + es_sim_below(rng, len - LENGTH_BYTES)] ^=
            (uint8_t)(1u << es_sim_below(rng, 8));
    return len;
}

/* Adds it, altered if that is drawn. */
static void add_or_corrupt(struct es_sim_world *world, struct es_sim_node *node, uint8_t *frame,
                           size_t *io_len, uint8_t copies, struct es_slice envelope)
{
    uint8_t bytes[ES_ENVELOPE_BYTES_MAX];
    size_t len = envelope.len;

    if (es_sim_fault(world, node, ES_SIM_ID_ENVELOPE_CORRUPT, world->options.corrupt)) {
        memcpy(bytes, envelope.ptr, len);
        len = corrupt(&node->faults[ES_SIM_ID_ENVELOPE_CORRUPT], bytes, len);
        envelope = es_slice(bytes, len);
    }
    add(frame, io_len, copies, envelope);
}

/* A channel of two states (Gilbert and Elliott): each burst has a length of its own, and in it nearly
 * everything is lost. Whatever happens, each envelope takes the same draws. */
static bool is_lost_in_burst(struct es_sim_world *world, struct es_sim_node *node,
                             uint32_t *io_burst)
{
    const struct es_sim_options *options = &world->options;
    struct es_sim_rng *rng = &node->faults[ES_SIM_ID_BURST];
    bool hit = es_sim_strikes(world, node, ES_SIM_ID_BURST, options->burst_loss);

    if (es_sim_strikes(world, node, ES_SIM_ID_BURST, options->burst_begin)) {
        uint32_t length = 1;

        while (es_sim_below(rng, options->burst_length) != 0)
            length++;
        if (es_sim_happens(world, node, ES_SIM_ID_BURST) && length > *io_burst)
            *io_burst = length;
    }
    if (*io_burst == 0 || world->calm)
        return false;
    --*io_burst;
    return hit;
}

bool es_sim_envelopes_fate(struct es_sim_world *world, struct es_sim_node *node, uint32_t *io_burst,
                           struct es_slice bytes, struct es_sim_fate *ret)
{
    const struct es_sim_options *options = &world->options;
    struct es_frame frame;

    if (!es_frame_decode(bytes, &frame) || frame.kind != ES_FRAME_ENVELOPES)
        return false;
    ret->now_len = ret->late_len = 0;
    for (size_t i = 0; i < frame.envelopes.n; i++) {
        struct es_slice envelope = frame.envelopes.at[i];
        uint8_t copies = frame.envelopes.copies[i];
        bool late = es_sim_fault(world, node, ES_SIM_ID_ENVELOPE_REORDER, options->reorder);

        es_sim_strangers_hear(world, envelope);
        if ((options->burst_begin > 0 && is_lost_in_burst(world, node, io_burst)) ||
            es_sim_fault(world, node, ES_SIM_ID_ENVELOPE_LOSS, options->loss))
            continue;
        if (!late)
            add_or_corrupt(world, node, ret->now, &ret->now_len, copies, envelope);
        if (late || es_sim_fault(world, node, ES_SIM_ID_ENVELOPE_DUPLICATE, options->duplicate))
            add(ret->late, &ret->late_len, copies, envelope);
    }
    return true;
}
