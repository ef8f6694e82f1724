/* SPDX-License-Identifier: ISC */
/* read.c - a scenario is read strictly: what is not understood is refused, with its place. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/scenario.h"

#define PATH_MAX_DEPTH 2
#define REASON_BYTES sizeof(((struct es_sim_refusal *)0)->reason)

struct reading {
    struct es_sim_options *options;
    size_t path[PATH_MAX_DEPTH]; /* the member that is being read */
    size_t depth;
    json_t **sweep; /* where its lists go; NULL: a scenario has none */
    bool value;     /* what is wrong is its value, not its key */
    char *reason;
};

/* --- One value -------------------------------------------------------------------------------- */

static const struct {
    const char *unit;
    uint64_t ms;
} times[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", ES_SIM_DAY_MS}};

static bool read_time(const char *text, uint64_t *ret)
{
    unsigned long long number;
    char *unit;

    errno = 0;
    number = strtoull(text, &unit, 10);
    if (errno != 0 || unit == text || !isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (strcmp(unit, times[i].unit) == 0) {
            *ret = number * times[i].ms;
            return number <= UINT64_MAX / times[i].ms;
        }
    return false;
}

static bool read_number(const json_t *json, uint64_t *ret)
{
    const char *text = json_string_value(json);
    char *end;

    if (json_is_integer(json)) {
        *ret = (uint64_t)json_integer_value(json);
        return json_integer_value(json) >= 0;
    }
    if (text == NULL || strncmp(text, "0x", 2) != 0 || !isxdigit((unsigned char)text[2]))
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 16);
    return errno == 0 && *end == '\0';
}

static bool read_chance(const json_t *json, uint64_t *ret)
{
    double permille = 1000 * json_number_value(json);

    if (!json_is_number(json) || !(permille >= 0 && permille <= 1000))
        return false;
    *ret = (uint64_t)llround(permille);
    return fabs(permille - (double)*ret) < 1e-6;
}

static bool read_word(const struct es_sim_option *option, const json_t *json, uint64_t *ret)
{
    const char *word;

    for (*ret = 0; json_is_string(json) && (word = es_sim_option_word(option, *ret)) != NULL;
         ++*ret)
        if (strcmp(json_string_value(json), word) == 0)
            return true;
    return false;
}

static bool read_value(const struct es_sim_option *option, const json_t *json, uint64_t *ret)
{
    switch (option->unit) {
    case ES_SIM_NUMBER:
        return read_number(json, ret);
    case ES_SIM_TIME:
        return json_is_string(json) && read_time(json_string_value(json), ret);
    case ES_SIM_CHANCE:
        return read_chance(json, ret);
    case ES_SIM_SWITCH:
        *ret = json_is_true(json);
        return json_is_boolean(json);
    case ES_SIM_STORE:
    case ES_SIM_MUTANT:
        return read_word(option, json, ret);
    }
    return false;
}

static const char *kind_of(const struct es_sim_option *option)
{
    static const char *const kinds[] = {
        [ES_SIM_NUMBER] = "a whole number",
        [ES_SIM_TIME] = "a time with its unit, as \"90s\" (ms, s, m, h, d)",
        [ES_SIM_CHANCE] = "a chance, in steps of 0.001",
        [ES_SIM_SWITCH] = "true or false",
        [ES_SIM_STORE] = "\"memory\" or \"sqlite\"",
        [ES_SIM_MUTANT] = "\"none\" or a name that `earshot-sim mutants` prints",
    };

    return kinds[option->unit];
}

static void say_range(const struct es_sim_option *option, char reason[static REASON_BYTES])
{
    json_t *least = es_sim_scenario_value(option, option->least);
    json_t *most = es_sim_scenario_value(option, option->most);
    char *from = json_dumps(least, JSON_ENCODE_ANY | ES_SIM_SCENARIO_DIGITS);
    char *to = json_dumps(most, JSON_ENCODE_ANY | ES_SIM_SCENARIO_DIGITS);

    snprintf(reason, REASON_BYTES, "\"%s\" is from %s to %s", option->name, from, to);
    free(from);
    free(to);
    json_decref(least);
    json_decref(most);
}

static bool read_option(struct es_sim_options *options, const struct es_sim_option *option,
                        const json_t *json, char reason[static REASON_BYTES])
{
    uint64_t value;

    if (!read_value(option, json, &value)) {
        snprintf(reason, REASON_BYTES, "\"%s\" is %s", option->name, kind_of(option));
        return false;
    }
    if (value < option->least || value > option->most) {
        say_range(option, reason);
        return false;
    }
    es_sim_option_set(options, option, value);
    return true;
}

/* --- The whole -------------------------------------------------------------------------------- */

static bool is_group(const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < es_sim_option_count; i++)
        if (strncmp(es_sim_option_table[i].name, key, len) == 0 &&
            es_sim_option_table[i].name[len] == '.')
            return true;
    return false;
}

static bool refuse(struct reading *reading, bool value, const char *reason)
{
    reading->value = value;
    snprintf(reading->reason, REASON_BYTES, "%s", reason);
    return false;
}

static bool unknown(struct reading *reading, const char *name)
{
    for (const char *at = name; *at != '\0'; at++)
        if (!isprint((unsigned char)*at))
            return refuse(reading, false, "unknown key");
    snprintf(reading->reason, REASON_BYTES, "unknown key \"%.60s\"", name);
    reading->value = false;
    return false;
}

/* The name of the scenario. */
static bool read_name(struct reading *reading, const json_t *json)
{
    if (!json_is_string(json) || json_string_length(json) >= ES_SIM_NAME_BYTES)
        return refuse(reading, true, "\"name\" is a text of at most 63 bytes");
    memcpy(reading->options->name, json_string_value(json), json_string_length(json) + 1);
    return true;
}

static bool read_ids(struct reading *reading, const struct es_sim_id_list *list, const json_t *json)
{
    struct es_sim_ids *ids = (struct es_sim_ids *)((char *)reading->options + list->at);
    struct es_sim_id id;

    if (!json_is_array(json))
        return refuse(reading, true, "a list of ids is expected here");
    *ids = (struct es_sim_ids){.given = true};
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *text = json_string_value(json_array_get(json, i));

        if (text == NULL || !es_sim_id_parse(text, &id))
            return refuse(reading, true, "an id is \"node.crash/3/0\", \"text/0/5\" or \"node/3\"");
        if (!es_sim_ids_add(ids, &id))
            return refuse(reading, true, "too many ids");
    }
    return true;
}

static const struct es_sim_id_list *find_list(const char *key)
{
    for (size_t i = 0; i < ES_SIM_ID_LIST_COUNT; i++)
        if (strcmp(es_sim_id_lists[i].name, key) == 0)
            return &es_sim_id_lists[i];
    return NULL;
}

static bool is_seed(const struct es_sim_option *option)
{
    return strcmp(option->name, "seed") == 0;
}

/* Every value is tried on a copy, so that none is refused later. */
static bool read_sweep(struct reading *reading, const json_t *json)
{
    struct es_sim_options scratch = *reading->options;
    const struct es_sim_option *option;
    const char *name;
    json_t *list;

    if (reading->sweep == NULL)
        return refuse(reading, false, "\"sweep\" is for the command sweep");
    if (!json_is_object(json))
        return refuse(reading, true, "an object of lists is expected here");
    json_object_foreach((json_t *)(uintptr_t)json, name, list)
    {
        option = es_sim_option_find(name);
        if (option == NULL || is_seed(option))
            return unknown(reading, name);
        reading->value = true;
        if (!json_is_array(list) || json_array_size(list) == 0)
            return refuse(reading, true, "a list of values is expected here");
        for (size_t i = 0; i < json_array_size(list); i++)
            if (!read_option(&scratch, option, json_array_get(list, i), reading->reason))
                return false;
    }
    *reading->sweep = json_incref((json_t *)(uintptr_t)json);
    return true;
}

static bool read_object(struct reading *reading, const json_t *object, const char *group);

static bool read_member(struct reading *reading, const char *group, const char *key,
                        const json_t *json)
{
    bool top = group[0] == '\0';
    const struct es_sim_option *option;
    char name[ES_SIM_NAME_BYTES];

    if (strcmp(key, "//") == 0)
        return json_is_string(json) || refuse(reading, true, "a remark is a text");
    if (top && strcmp(key, "name") == 0)
        return read_name(reading, json);
    if (top && find_list(key) != NULL)
        return read_ids(reading, find_list(key), json);
    if (top && strcmp(key, "sweep") == 0)
        return read_sweep(reading, json);
    if (top && is_group(key))
        return read_object(reading, json, key);
    snprintf(name, sizeof(name), "%s%s%s", group, top ? "" : ".", key);
    option = strchr(key, '.') == NULL ? es_sim_option_find(name) : NULL;
    if (option == NULL)
        return unknown(reading, name);
    reading->value = true;
    return read_option(reading->options, option, json, reading->reason);
}

static bool read_object(struct reading *reading, const json_t *object, const char *group)
{
    size_t depth = reading->depth;
    const char *key;
    json_t *json;

    if (!json_is_object(object))
        return refuse(reading, true, "an object is expected here");
    assert(depth < PATH_MAX_DEPTH);
    reading->path[depth] = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, json)
    {
        reading->depth = depth + 1;
        if (!read_member(reading, group, key, json))
            return false;
        reading->path[depth]++;
    }
    reading->depth = depth;
    return true;
}

static void place(const char *text, const struct reading *reading, struct es_sim_refusal *ret)
{
    const char *at = es_sim_scenario_locate(text, reading->path, reading->depth, reading->value);

    ret->line = 1;
    ret->column = 1;
    for (; text < at; text++)
        if (*text == '\n') {
            ret->line++;
            ret->column = 1;
        } else if ((*text & 0xc0) != 0x80) { /* bytes within a character do not count */
            ret->column++;
        }
}

static bool parse(const char *text, struct es_sim_options *ret, json_t **ret_sweep,
                  struct es_sim_refusal *ret_refusal)
{
    struct reading reading = {.options = ret, .sweep = ret_sweep, .reason = ret_refusal->reason};
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    bool ok;

    if (json == NULL) {
        ret_refusal->line = error.line > 0 ? (size_t)error.line : 0;
        ret_refusal->column = error.column > 0 ? (size_t)error.column : 0;
        snprintf(ret_refusal->reason, REASON_BYTES, "%.159s", error.text);
        return false;
    }
    *ret = es_sim_options_default();
    ok = read_object(&reading, json, "");
    if (!ok)
        place(text, &reading, ret_refusal);
    json_decref(json);
    return ok;
}

bool es_sim_scenario_parse(const char *text, struct es_sim_options *ret,
                           struct es_sim_refusal *ret_refusal)
{
    return parse(text, ret, NULL, ret_refusal);
}

bool es_sim_scenario_parse_sweep(const char *text, struct es_sim_options *ret, json_t **ret_sweep,
                                 struct es_sim_refusal *ret_refusal)
{
    *ret_sweep = NULL;
    return parse(text, ret, ret_sweep, ret_refusal);
}

bool es_sim_scenario_from_json(const json_t *json, struct es_sim_options *ret,
                               struct es_sim_refusal *ret_refusal)
{
    struct reading reading = {.options = ret, .reason = ret_refusal->reason};

    *ret = es_sim_options_default();
    ret_refusal->line = ret_refusal->column = 0;
    return read_object(&reading, json, "");
}

bool es_sim_scenario_set(struct es_sim_options *options, const char *assignment,
                         struct es_sim_refusal *ret_refusal)
{
    const char *equals = strchr(assignment, '=');
    const struct es_sim_option *option;
    char name[ES_SIM_NAME_BYTES];
    json_t *json;
    bool ok;

    ret_refusal->line = ret_refusal->column = 0;
    snprintf(name, sizeof(name), "%.*s", equals == NULL ? 0 : (int)(equals - assignment),
             assignment);
    option = es_sim_option_find(name);
    if (option == NULL) {
        snprintf(ret_refusal->reason, REASON_BYTES, "NAME=VALUE is expected, of an option");
        return false;
    }
    json = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
    if (json == NULL)
        json = json_string(equals + 1);
    ok = read_option(options, option, json, ret_refusal->reason);
    json_decref(json);
    return ok;
}

bool es_sim_scenario_set_json(struct es_sim_options *options, const char *name, const json_t *value,
                              struct es_sim_refusal *ret_refusal)
{
    const struct es_sim_option *option = es_sim_option_find(name);

    return option != NULL && read_option(options, option, value, ret_refusal->reason);
}
