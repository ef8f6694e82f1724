/* SPDX-License-Identifier: ISC */
/* ids.h - every single fault and text of a world has a name that stays when others are left out.
 *
 * "envelope.loss/3/17" is the 17th envelope lost that node 3 sent, counted from 0; what is left out
 * counts too. "text/0/5" is the 5th text of node 0 in the order of its plan, "node/3" the node with all
 * that it would have done. "envelope.loss/3/0-9" stands for ten of them. */
#ifndef ES_SIM_IDS_H
#define ES_SIM_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Faults are called as the option that makes them happen. */
#define ES_SIM_ID_KINDS(X)                                                                         \
    X(LINK_CUT, "link.cut")                                                                        \
    X(LINK_STALL, "link.stall")                                                                    \
    X(LINK_FULL, "link.queue")                                                                     \
    X(ENVELOPE_CORRUPT, "envelope.corrupt")                                                        \
    X(ENVELOPE_LOSS, "envelope.loss")                                                              \
    X(ENVELOPE_DUPLICATE, "envelope.duplicate")                                                    \
    X(ENVELOPE_REORDER, "envelope.reorder")                                                        \
    X(STRANGER, "stranger.visits")                                                                 \
    X(SEGMENT_LOSS, "segment.loss")                                                                \
    X(SEGMENT_CUT, "segment.cuts")                                                                 \
    X(NODE_CRASH, "node.crash")                                                                    \
    X(NETWORK_CRASH, "network.crash")                                                              \
    X(CLOCK_JUMP, "clock.jumps")                                                                   \
    X(PAUSE, "node.pauses")                                                                        \
    X(SLEEP, "node.sleeps")                                                                        \
    X(CHURN, "churn.session")                                                                      \
    X(HALVES, "partition.halves")                                                                  \
    X(ALONE, "partition.alone")                                                                    \
    X(ONE_WAY, "partition.one_way")                                                                \
    X(BRIDGE, "partition.bridge")                                                                  \
    X(DISK_POWER, "disk.power") /* by node.crash, of a node whose store is on a disk */            \
    X(DISK_FAILURE, "disk.failures")                                                               \
    X(DISK_FULL, "disk.full")                                                                      \
    X(ROLLBACK, "disk.rollbacks")                                                                  \
    X(BURST, "burst.begin")                                                                        \
    X(MEMORY, "node.memory")                                                                       \
    X(SLOW, "disk.slow")                                                                           \
    X(UNREADABLE, "disk.unreadable")                                                               \
    X(ROT, "disk.rot")                                                                             \
    X(TEXT, "text") /* from here on: what is no fault */                                           \
    X(NODE, "node")

enum es_sim_id_kind {
#define ES_SIM_ID_KIND(kind, name) ES_SIM_ID_##kind,
    ES_SIM_ID_KINDS(ES_SIM_ID_KIND)
#undef ES_SIM_ID_KIND
        ES_SIM_ID_KIND_END
};
#define ES_SIM_FAULT_KINDS ES_SIM_ID_TEXT

/* From `first` to `last` of a kind at a node. */
struct es_sim_id {
    enum es_sim_id_kind kind;
    uint32_t node, first, last;
};
#define ES_SIM_ID_BYTES 64

/* Plain bytes, because options are. A list that does not fit is refused. */
#define ES_SIM_IDS_MAX 128
struct es_sim_ids {
    bool given; /* an empty list says something else than none */
    uint32_t n;
    struct es_sim_id all[ES_SIM_IDS_MAX];
};

const char *es_sim_id_kind_name(enum es_sim_id_kind kind);
bool es_sim_id_parse(const char *text, struct es_sim_id *ret);
void es_sim_id_format(const struct es_sim_id *id, char ret[static ES_SIM_ID_BYTES]);
bool es_sim_ids_contain(const struct es_sim_ids *ids, enum es_sim_id_kind kind, uint32_t node,
                        uint32_t n);
/* In order of (kind, node, first) it grows the run before. False: the list is full. */
bool es_sim_ids_add(struct es_sim_ids *ids, const struct es_sim_id *id);

#endif
