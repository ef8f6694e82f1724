/* SPDX-License-Identifier: ISC */
/* options.c - the table's values: defaults, and what a seed draws. */
#include "sim/options.h"

#include <assert.h>
#include <string.h>

#include "sim/rng.h"

#define ES_SIM_ROW(type, field, name, unit, least, most, usual, family, from, to, help)            \
    {name,        ES_SIM_##unit,                                                                   \
     least,       most,                                                                            \
     usual,       ES_SIM_##family,                                                                 \
     from,        to,                                                                              \
     help,        offsetof(struct es_sim_options, field),                                          \
     sizeof(type)},

const struct es_sim_option es_sim_option_table[] = {ES_SIM_OPTIONS(ES_SIM_ROW)};
const size_t es_sim_option_count = sizeof(es_sim_option_table) / sizeof(es_sim_option_table[0]);

const struct es_sim_id_list es_sim_id_lists[ES_SIM_ID_LIST_COUNT] = {
#define ES_SIM_ID_ROW(name, field, help) {name, help, offsetof(struct es_sim_options, field)},
    ES_SIM_ID_LISTS(ES_SIM_ID_ROW)
#undef ES_SIM_ID_ROW
};

static const char *const family_names[ES_SIM_FAMILIES] = {
    [ES_SIM_FIXED] = "",
    [ES_SIM_ALWAYS] = "",
    [ES_SIM_FAMILY_HEAL] = "heal",
    [ES_SIM_FAMILY_CUT] = "cut",
    [ES_SIM_FAMILY_STALL] = "stall",
    [ES_SIM_FAMILY_STRANGER] = "stranger",
    [ES_SIM_FAMILY_RATE] = "rate",
    [ES_SIM_FAMILY_CORRUPT] = "corrupt",
    [ES_SIM_FAMILY_LINKS] = "links",
    [ES_SIM_FAMILY_STRANGERS] = "strangers",
    [ES_SIM_FAMILY_WORK] = "work",
    [ES_SIM_FAMILY_LOSS] = "loss",
    [ES_SIM_FAMILY_DUPLICATE] = "duplicate",
    [ES_SIM_FAMILY_REORDER] = "reorder",
    [ES_SIM_FAMILY_MULTICAST] = "multicast",
    [ES_SIM_FAMILY_CRASH] = "crash",
    [ES_SIM_FAMILY_NETWORK] = "network",
    [ES_SIM_FAMILY_SKEW] = "skew",
    [ES_SIM_FAMILY_JUMPS] = "jumps",
    [ES_SIM_FAMILY_PARTITIONS] = "partitions",
    [ES_SIM_FAMILY_HALVES] = "halves",
    [ES_SIM_FAMILY_ALONE] = "alone",
    [ES_SIM_FAMILY_ONE_WAY] = "one_way",
    [ES_SIM_FAMILY_BRIDGE] = "bridge",
    [ES_SIM_FAMILY_SCHEDULE] = "schedule",
    [ES_SIM_FAMILY_PAUSE] = "pause",
    [ES_SIM_FAMILY_SLEEP] = "sleep",
    [ES_SIM_FAMILY_CHURN] = "churn",
    [ES_SIM_FAMILY_DRIFT] = "drift",
    [ES_SIM_FAMILY_SYNC] = "sync",
    [ES_SIM_FAMILY_DISK] = "disk",
    [ES_SIM_FAMILY_ROLLBACK] = "rollback",
    [ES_SIM_FAMILY_BURST] = "burst",
    [ES_SIM_FAMILY_UNREADABLE] = "unreadable",
    [ES_SIM_FAMILY_SLOW] = "slow",
    [ES_SIM_FAMILY_ROT] = "rot",
    [ES_SIM_FAMILY_MEMORY] = "memory",
};

const struct es_sim_ids *es_sim_ids_of(const struct es_sim_options *options,
                                       const struct es_sim_id_list *list)
{
    return (const struct es_sim_ids *)((const char *)options + list->at);
}

const char *es_sim_option_word(const struct es_sim_option *option, uint64_t value)
{
    static const char *const stores[ES_SIM_STORE_KINDS] = {
        [ES_SIM_STORE_MEMORY] = "memory",
        [ES_SIM_STORE_SQLITE] = "sqlite",
    };

    if (option->unit == ES_SIM_STORE && value < ES_SIM_STORE_KINDS)
        return stores[value];
    if (option->unit == ES_SIM_MUTANT && value < ES_SIM_MUTANTS)
        return es_sim_mutant_table[value].name;
    return NULL;
}

const char *es_sim_family_name(enum es_sim_family family)
{
    return family_names[family];
}

const struct es_sim_option *es_sim_option_find(const char *name)
{
    for (size_t i = 0; i < es_sim_option_count; i++)
        if (strcmp(es_sim_option_table[i].name, name) == 0)
            return &es_sim_option_table[i];
    return NULL;
}

uint64_t es_sim_option_get(const struct es_sim_options *options, const struct es_sim_option *option)
{
    const char *field = (const char *)options + option->at;
    uint64_t wide;
    uint32_t number;
    bool on;

    if (option->size == sizeof(on)) {
        memcpy(&on, field, sizeof(on));
        return on;
    }
    if (option->size == sizeof(number)) {
        memcpy(&number, field, sizeof(number));
        return number;
    }
    memcpy(&wide, field, sizeof(wide));
    return wide;
}

void es_sim_option_set(struct es_sim_options *options, const struct es_sim_option *option,
                       uint64_t value)
{
    char *field = (char *)options + option->at;
    uint32_t number = (uint32_t)value;
    bool on = value != 0;

    assert(value >= option->least && value <= option->most);
    if (option->size == sizeof(on))
        memcpy(field, &on, sizeof(on));
    else if (option->size == sizeof(number))
        memcpy(field, &number, sizeof(number));
    else
        memcpy(field, &value, sizeof(value));
}

struct es_sim_options es_sim_options_default(void)
{
    struct es_sim_options options = {.trace = false};

    for (size_t i = 0; i < es_sim_option_count; i++)
        es_sim_option_set(&options, &es_sim_option_table[i], es_sim_option_table[i].usual);
    return options;
}

/* A stream for each name: no place in the table matters. */
static struct es_sim_rng stream(uint64_t seed, const char *name)
{
    return es_sim_rng(seed, ES_SIM_OPTIONS_DRAWN, es_sim_rng_entity(name));
}

static bool has_family(uint64_t seed, enum es_sim_family family)
{
    struct es_sim_rng rng = stream(seed, family_names[family]);

    return es_sim_chance(&rng, 500);
}

struct es_sim_options es_sim_options_draw(uint64_t seed)
{
    struct es_sim_options options = es_sim_options_default();

    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];
        struct es_sim_rng rng = stream(seed, option->name);

        if (option->family == ES_SIM_FIXED)
            continue;
        if (option->family == ES_SIM_ALWAYS || has_family(seed, option->family))
            es_sim_option_set(&options, option,
                              es_sim_log_uniform(&rng, option->drawn_least, option->drawn_most));
    }
    options.seed = seed;
    options.audit = seed % 4 == 0; /* watching changes nothing: no draw is needed */
    return options;
}
