/* SPDX-License-Identifier: ISC */
/* idle_bench.c - what ten links cost a node on which nobody says anything: frames and bytes in a
 * minute, by the mesh's own clock; as much is heard. CURVE, TCP and IP come on top. Prints one JSON
 * object. */
#include <stdio.h>

#include "tests/support/mesh_hand.h"

#define LINKS 10
#define MINUTES 10
/* The other side asks as often as we do: every 25 to 35 seconds. */
#define THEIR_PING_MS 30000

int main(void)
{
    struct rig *rig = rig_new(2, false);
    struct rig_node *node = rig_node(rig, 1);
    uint32_t links[LINKS];
    size_t frames, bytes = 0, timers;
    uint8_t ping[16];

    rig_befriend(rig, 1, 2);
    hand_start(node);
    for (size_t i = 0; i < LINKS; i++)
        links[i] = hand_comes(node, "10.0.0.2", i == 0 ? 2 : 0);
    rig_forget(node);
    timers = node->n_timers;
    for (uint64_t at_ms = 0; at_ms < MINUTES * 60000; at_ms += THEIR_PING_MS) {
        for (size_t i = 0; i < LINKS; i++)
            hand_frame(node, links[i], es_slice(ping, es_frame_ping(ping, sizeof(ping), at_ms)));
        hand_run_answering(rig, node, THEIR_PING_MS);
    }
    frames = hand_count(node, ES_ORDER_FRAME);
    for (size_t i = 0; i < node->n_orders; i++)
        if (node->orders[i].order.kind == ES_ORDER_FRAME)
            bytes += node->orders[i].order.frame.bytes.len;
    printf("{\"benchmark\": \"idle\", \"links\": %d, \"frames_sent_per_min\": %.1f, "
           "\"bytes_sent_per_min\": %.1f, \"wakes_per_min\": %.1f}\n",
           LINKS, (double)frames / MINUTES, (double)bytes / MINUTES,
           (double)(node->n_timers - timers) / MINUTES);
    rig_free(rig);
    return 0;
}
