/* SPDX-License-Identifier: ISC */
/* friends.c - who is to know whom: on each segment a ring, with everybody's nearest places. */
#include <stdlib.h>

#include "sim/load.h"

static bool are_friends(const struct es_sim_range *segment, uint32_t wanted, uint32_t a, uint32_t b)
{
    uint32_t n = segment->end - segment->first;
    uint32_t apart = a < b ? b - a : a - b;

    if (apart > n - apart)
        apart = n - apart;
    /* An odd one is whoever sits opposite. */
    return apart > 0 && (apart <= wanted / 2 || (wanted % 2 == 1 && 2 * apart == n));
}

static void find_friends(struct es_sim_world *world, struct es_sim_node *node)
{
    const struct es_sim_range segment = es_sim_segment_of(world, node->number);
    uint32_t wanted = world->options.contacts;

    node->friends = es_sim_zeroed((wanted + 1) * sizeof(node->friends[0]));
    for (uint32_t other = segment.first, slot = 0; other < segment.end; other++) {
        if (!are_friends(&segment, wanted, node->number, other))
            continue;
        if (!es_sim_is_absent(world, node->number) && !es_sim_is_absent(world, other))
            node->friends[node->n_friends++] = (struct es_sim_friend){.node = other, .slot = slot};
        slot++;
    }
}

void es_sim_friends_init(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++)
        find_friends(world, &world->nodes[i]);
}

void es_sim_friends_done(struct es_sim_world *world)
{
    for (uint32_t i = 0; i < world->options.nodes; i++) {
        for (size_t k = 0; k < world->nodes[i].n_friends; k++) {
            free(world->nodes[i].friends[k].sent);
            free(world->nodes[i].friends[k].texts);
        }
        free(world->nodes[i].friends);
    }
}

struct es_sim_friend *es_sim_load_friend(struct es_sim_node *node, uint32_t other)
{
    for (size_t i = 0; i < node->n_friends; i++)
        if (node->friends[i].node == other)
            return &node->friends[i];
    return NULL;
}
