/* SPDX-License-Identifier: ISC */
/* options.h - everything that a world is made from: one table.
 *
 * From it come the struct's fields, what a scenario may say (scenario/), what a seed draws, and the
 * help. A new option is one line here and the place that uses it. */
#ifndef ES_SIM_OPTIONS_H
#define ES_SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/wire/limits.h"
#include "sim/ids.h"
#include "sim/mutants/mutants.h"

enum es_sim_unit {
    ES_SIM_NUMBER,
    ES_SIM_TIME,   /* milliseconds; in a scenario "90s"        */
    ES_SIM_CHANCE, /* of 1000; in a scenario 0.001 to 1         */
    ES_SIM_SWITCH, /* bool                                      */
    ES_SIM_STORE,  /* enum es_sim_store_kind                    */
    ES_SIM_MUTANT, /* enum es_sim_mutant_number                 */
};

enum es_sim_store_kind {
    ES_SIM_STORE_MEMORY,
    ES_SIM_STORE_SQLITE, /* in the vault, on a disk that fails and loses power: disk/store.h */
    ES_SIM_STORE_KINDS,
};

/* What a seed does with an option: leaves its default, draws it always, or draws whether there are
 * faults of this family at all, and then how strong they are. */
enum es_sim_family {
    ES_SIM_FIXED,
    ES_SIM_ALWAYS,
    ES_SIM_FAMILY_HEAL,
    ES_SIM_FAMILY_CUT,
    ES_SIM_FAMILY_STALL,
    ES_SIM_FAMILY_STRANGER,
    ES_SIM_FAMILY_RATE,
    ES_SIM_FAMILY_CORRUPT,
    ES_SIM_FAMILY_LINKS,
    ES_SIM_FAMILY_STRANGERS,
    ES_SIM_FAMILY_WORK,
    ES_SIM_FAMILY_LOSS,
    ES_SIM_FAMILY_DUPLICATE,
    ES_SIM_FAMILY_REORDER,
    ES_SIM_FAMILY_MULTICAST,
    ES_SIM_FAMILY_CRASH,
    ES_SIM_FAMILY_NETWORK,
    ES_SIM_FAMILY_SKEW,
    ES_SIM_FAMILY_JUMPS,
    ES_SIM_FAMILY_PARTITIONS,
    ES_SIM_FAMILY_HALVES,
    ES_SIM_FAMILY_ALONE,
    ES_SIM_FAMILY_ONE_WAY,
    ES_SIM_FAMILY_BRIDGE,
    ES_SIM_FAMILY_SCHEDULE,
    ES_SIM_FAMILY_PAUSE,
    ES_SIM_FAMILY_SLEEP,
    ES_SIM_FAMILY_CHURN,
    ES_SIM_FAMILY_DRIFT,
    ES_SIM_FAMILY_SYNC,
    ES_SIM_FAMILY_DISK,
    ES_SIM_FAMILY_ROLLBACK,
    ES_SIM_FAMILY_BURST,
    ES_SIM_FAMILY_UNREADABLE,
    ES_SIM_FAMILY_SLOW,
    ES_SIM_FAMILY_ROT,
    ES_SIM_FAMILY_MEMORY,
    ES_SIM_FAMILIES,
};

#define ES_SIM_DAY_MS (24ull * 60 * 60 * 1000)

/* type, field, name, unit, least, most, default, family, drawn from, to, help */
#define ES_SIM_OPTIONS(X)                                                                          \
    X(uint64_t, seed, "seed", NUMBER, 0, UINT64_MAX, 1, FIXED, 0, 0,                               \
      "everything that is random is drawn from it")                                                \
    X(uint32_t, nodes, "nodes", NUMBER, 2, 10000, 4, ALWAYS, 2, 32, "how many")                    \
    X(uint32_t, segment_nodes, "segment.nodes", NUMBER, 0, 10000, 0, FIXED, 0, 0,                  \
      "so many in a row hear each other's adverts and may be contacts; 0: all")                    \
    X(uint64_t, chaos_ms, "chaos", TIME, 1, 30 * ES_SIM_DAY_MS, 120000, ALWAYS, 20000, 200000,     \
      "how long people write and faults happen")                                                   \
    X(uint64_t, converge_ms, "converge", TIME, 0, 30 * ES_SIM_DAY_MS, 1200000, FIXED, 0, 0,        \
      "how long everything may take to arrive afterwards")                                         \
    X(uint32_t, core_share, "heal.core", CHANCE, 1, 1000, 1000, FAMILY_HEAL, 100, 999,             \
      "so many of all nodes are left then, contacts of each other; the others fail for good")      \
    X(uint32_t, texts, "load.texts", NUMBER, 1, 10000, 10, ALWAYS, 1, 30,                          \
      "texts from each node to each of its contacts")                                              \
    X(uint32_t, text_bytes_max, "load.bytes", NUMBER, 0, 1800, 1800, FIXED, 0, 0,                  \
      "one of eight texts is longer than the others, by up to this")                               \
    X(uint32_t, contacts, "load.contacts", NUMBER, 1, 60, 4, FIXED, 0, 0,                          \
      "so many of its segment each node knows, if there are so many")                              \
    X(uint64_t, rotation_ms, "protocol.rotation", TIME, 10000, ES_SIM_DAY_MS, 900000, ALWAYS,      \
      15000, 900000, "rotation period of adverts and link keys")                                   \
    X(uint32_t, links_max, "protocol.links", NUMBER, 8, ES_LINKS_MAX, ES_LINKS_MAX, FAMILY_LINKS,  \
      48, ES_LINKS_MAX, "links of a node at a time: with too few strangers keep people out")       \
    X(uint32_t, strangers_max, "protocol.strangers", NUMBER, 1, 64, ES_STRANGER_LINKS_MAX,         \
      FAMILY_STRANGERS, 1, 16, "links that it dials to people it does not know")                   \
    X(uint32_t, work_bits, "protocol.work", NUMBER, 0, 20, 4, FAMILY_WORK, 1, 8,                   \
      "bits of work in a request")                                                                 \
    X(uint32_t, delay_ms_max, "link.delay", TIME, 1, 60000, 20, ALWAYS, 1, 200,                    \
      "what travels takes up to this")                                                             \
    X(bool, delay_constant, "link.constant", SWITCH, 0, 1, 0, FIXED, 0, 0,                         \
      "... and always exactly this long")                                                          \
    X(uint32_t, link_cut, "link.cut", CHANCE, 0, 1000, 0, FAMILY_CUT, 1, 20,                       \
      "at a frame its link breaks, with all that is under way")                                    \
    X(uint32_t, stall, "link.stall", CHANCE, 0, 1000, 0, FAMILY_STALL, 1, 50,                      \
      "a frame, and all behind it on its link, waits")                                             \
    X(uint32_t, stall_ms_max, "link.stall_for", TIME, 1, 3600000, 10000, FAMILY_STALL, 100, 60000, \
      "... up to this")                                                                            \
    X(uint32_t, rate, "link.rate", NUMBER, 0, 1u << 30, 0, FAMILY_RATE, 20480, 1u << 20,           \
      "bytes a second that a link carries each way; 0: any")                                       \
    X(uint32_t, queue_bytes, "link.queue", NUMBER, ES_FRAME_BYTES_MAX, 1u << 30, 4u << 20,         \
      FAMILY_RATE, 128u << 10, 4u << 20, "... and what waits for it at most: then it breaks")      \
    X(uint32_t, corrupt, "envelope.corrupt", CHANCE, 0, 1000, 0, FAMILY_CORRUPT, 1, 100,           \
      "an envelope comes altered, cut short or overwritten")                                       \
    X(uint32_t, loss, "envelope.loss", CHANCE, 0, 1000, 0, FAMILY_LOSS, 1, 200,                    \
      "an envelope is dropped on its way")                                                         \
    X(uint32_t, duplicate, "envelope.duplicate", CHANCE, 0, 1000, 0, FAMILY_DUPLICATE, 1, 300,     \
      "an envelope comes twice")                                                                   \
    X(uint32_t, reorder, "envelope.reorder", CHANCE, 0, 1000, 0, FAMILY_REORDER, 1, 300,           \
      "an envelope comes late, behind others")                                                     \
    X(uint32_t, burst_begin, "burst.begin", CHANCE, 0, 1000, 0, FAMILY_BURST, 1, 20,               \
      "at an envelope its link begins to lose them")                                               \
    X(uint32_t, burst_length, "burst.length", NUMBER, 1, 10000, 20, FAMILY_BURST, 1, 200,          \
      "... so many in a row, on average")                                                          \
    X(uint32_t, burst_loss, "burst.loss", CHANCE, 1, 1000, 1000, FAMILY_BURST, 300, 1000,          \
      "... each of these with this chance")                                                        \
    X(uint32_t, stranger_visits, "stranger.visits", NUMBER, 0, 1000, 0, FAMILY_STRANGER, 1, 50,    \
      "how often a stranger brings old envelopes to a node")                                       \
    X(uint32_t, stranger_altered, "stranger.altered", CHANCE, 0, 1000, 0, FAMILY_STRANGER, 1,      \
      1000, "... and has changed a bit of them")                                                   \
    X(uint32_t, multicast_loss, "segment.loss", CHANCE, 0, 1000, 0, FAMILY_MULTICAST, 1, 500,      \
      "a listener misses an advert")                                                               \
    X(uint32_t, cuts, "segment.cuts", NUMBER, 0, 1000, 0, FAMILY_PARTITIONS, 1, 10,                \
      "how often two nodes do not reach each other")                                               \
    X(uint32_t, halves, "partition.halves", NUMBER, 0, 1000, 0, FAMILY_HALVES, 1, 4,               \
      "how often two parts of all nodes do not reach each other")                                  \
    X(uint32_t, alone, "partition.alone", NUMBER, 0, 1000, 0, FAMILY_ALONE, 1, 8,                  \
      "how often a node and all others do not reach each other")                                   \
    X(uint32_t, one_way, "partition.one_way", NUMBER, 0, 1000, 0, FAMILY_ONE_WAY, 1, 4,            \
      "how often a part of all nodes hears the other and is not heard")                            \
    X(uint32_t, bridges, "partition.bridge", NUMBER, 0, 1000, 0, FAMILY_BRIDGE, 1, 4,              \
      "how often two parts reach only each other's bridge, one node")                              \
    X(uint64_t, partition_ms_max, "partition.for", TIME, 1, ES_SIM_DAY_MS, 120000, ALWAYS, 1000,   \
      120000, "... each up to this")                                                               \
    X(uint64_t, partition_every_ms, "partition.every", TIME, 0, ES_SIM_DAY_MS, 0, FAMILY_SCHEDULE, \
      5000, 60000, "... the first of each kind at once, and then so often; 0: at any time")        \
    X(uint32_t, crash, "node.crash", CHANCE, 0, 1000, 0, FAMILY_CRASH, 1, 30,                      \
      "a node dies at a batch, between any two effects")                                           \
    X(uint32_t, down_ms_max, "node.down", TIME, 1, ES_SIM_DAY_MS, 10000, FAMILY_CRASH, 100, 30000, \
      "... and stays down up to this")                                                             \
    X(uint32_t, pauses, "node.pauses", NUMBER, 0, 1000, 0, FAMILY_PAUSE, 1, 10,                    \
      "how often a node is frozen, and then handles at once what came meanwhile")                  \
    X(uint32_t, sleeps, "node.sleeps", NUMBER, 0, 1000, 0, FAMILY_SLEEP, 1, 10,                    \
      "... and its monotonic clock stands still meanwhile")                                        \
    X(uint64_t, pause_ms_max, "node.pause_for", TIME, 1, ES_SIM_DAY_MS, 60000, ALWAYS, 1000,       \
      120000, "... each up to this")                                                               \
    X(uint32_t, memory, "node.memory", CHANCE, 0, 1000, 0, FAMILY_MEMORY, 1, 10,                   \
      "at an input the node gets no more memory, then or soon")                                    \
    X(uint64_t, session_ms_max, "churn.session", TIME, 0, ES_SIM_DAY_MS, 0, FAMILY_CHURN, 5000,    \
      200000, "people leave after up to this; 0: never")                                           \
    X(uint64_t, away_ms_max, "churn.away", TIME, 1, ES_SIM_DAY_MS, 60000, FAMILY_CHURN, 1000,      \
      120000, "... and are back after up to this")                                                 \
    X(uint32_t, network_crash, "network.crash", CHANCE, 0, 1000, 0, FAMILY_NETWORK, 1, 5,          \
      "after an input the network process is replaced")                                            \
    X(uint64_t, wall_skew_ms, "clock.skew", TIME, 0, 3650 * ES_SIM_DAY_MS, 0, FAMILY_SKEW, 1000,   \
      3 * ES_SIM_DAY_MS, "wall clocks differ by up to this")                                       \
    X(uint32_t, drift_ppm, "clock.drift", NUMBER, 0, 200000, 0, FAMILY_DRIFT, 1, 100000,           \
      "clocks go too fast or too slow, by up to so many millionths")                               \
    X(uint32_t, clock_jumps, "clock.jumps", NUMBER, 0, 1000, 0, FAMILY_JUMPS, 1, 10,               \
      "how often a wall clock is set, by up to ten years")                                         \
    X(uint32_t, sync_ms_max, "disk.sync", TIME, 0, 60000, 0, FAMILY_SYNC, 1, 100,                  \
      "a commit takes up to this")                                                                 \
    X(uint32_t, slow, "disk.slow", CHANCE, 0, 1000, 0, FAMILY_SLOW, 1, 50,                         \
      "a commit, and all behind it, takes much longer")                                            \
    X(uint32_t, slow_ms_max, "disk.slow_for", TIME, 1, 3600000, 10000, FAMILY_SLOW, 100, 30000,    \
      "... up to this")                                                                            \
    X(uint32_t, unreadable, "disk.unreadable", CHANCE, 0, 1000, 0, FAMILY_UNREADABLE, 1, 10,       \
      "at an input, or when the node starts, a row cannot be read")                                \
    X(uint32_t, store, "disk.store", STORE, 0, ES_SIM_STORE_KINDS - 1, 0, FIXED, 0, 0,             \
      "memory, or sqlite: the real store, to which the next five happen")                          \
    X(uint32_t, disk_failures, "disk.failures", CHANCE, 0, 1000, 0, FAMILY_DISK, 1, 20,            \
      "at a commit a read, a write or a sync fails")                                               \
    X(uint32_t, disk_full, "disk.full", CHANCE, 0, 1000, 0, FAMILY_DISK, 1, 5,                     \
      "from a commit on nothing can be added for a while")                                         \
    X(uint32_t, rollbacks, "disk.rollbacks", NUMBER, 0, 1000, 0, FAMILY_ROLLBACK, 1, 3,            \
      "how often a node starts from an older image of its disk")                                   \
    X(uint32_t, rot, "disk.rot", NUMBER, 0, 1000, 0, FAMILY_ROT, 1, 3,                             \
      "how often a bit of a database changes: its node may fail for good")                         \
    X(bool, lying_sync, "disk.lying_sync", SWITCH, 0, 1, 0, FIXED, 0, 0,                           \
      "syncs do nothing: what was durable is lost, and that must be found")                        \
    X(bool, audit, "audit", SWITCH, 0, 1, 0, FIXED, 0, 0,                                          \
      "look who holds which secret; of what seeds draw every fourth")                              \
    X(uint32_t, mutant, "mutant", MUTANT, 0, ES_SIM_MUTANTS - 1, 0, FIXED, 0, 0,                   \
      "a deliberate fault that must be noticed: those of `earshot-sim mutants`")

#define ES_SIM_NAME_BYTES 64

/* name in a scenario, field, help: lists of ids (ids.h) */
#define ES_SIM_ID_LISTS(X)                                                                         \
    X("without", without, "faults, texts and nodes that are left out of what is drawn")            \
    X("only_faults", only_faults, "of all faults only these happen")                               \
    X("only_texts", only_texts, "of all texts only these are written")

struct es_sim_options {
#define ES_SIM_FIELD(type, field, ...) type field;
    ES_SIM_OPTIONS(ES_SIM_FIELD)
#undef ES_SIM_FIELD
#define ES_SIM_ID_FIELD(name, field, help) struct es_sim_ids field;
    ES_SIM_ID_LISTS(ES_SIM_ID_FIELD)
#undef ES_SIM_ID_FIELD
    char name[ES_SIM_NAME_BYTES]; /* of the scenario; may be empty                      */
    bool trace;                   /* print everything that happens: not part of a world */
};

struct es_sim_option {
    const char *name; /* in a scenario; before the dot: the object it stands in */
    enum es_sim_unit unit;
    uint64_t least, most, usual;
    enum es_sim_family family;
    uint64_t drawn_least, drawn_most;
    const char *help;
    size_t at, size; /* of its field */
};
extern const struct es_sim_option es_sim_option_table[];
extern const size_t es_sim_option_count;

struct es_sim_id_list {
    const char *name, *help;
    size_t at; /* of its struct es_sim_ids */
};
#define ES_SIM_ID_LIST_COUNT 3
extern const struct es_sim_id_list es_sim_id_lists[ES_SIM_ID_LIST_COUNT];
const struct es_sim_ids *es_sim_ids_of(const struct es_sim_options *options,
                                       const struct es_sim_id_list *list);

/* NULL: there is none of this name. */
const struct es_sim_option *es_sim_option_find(const char *name);
uint64_t es_sim_option_get(const struct es_sim_options *options,
                           const struct es_sim_option *option);
/* The value must be one that the option may have. */
void es_sim_option_set(struct es_sim_options *options, const struct es_sim_option *option,
                       uint64_t value);
/* How a scenario calls a value of an option that has words for them; NULL: it has none for this one. */
const char *es_sim_option_word(const struct es_sim_option *option, uint64_t value);
/* "" for options that are no faults. */
const char *es_sim_family_name(enum es_sim_family family);

/* No faults. */
struct es_sim_options es_sim_options_default(void);
/* What a seed draws: an option that is added, or a family that is taken away, shifts no other. */
struct es_sim_options es_sim_options_draw(uint64_t seed);

#endif
