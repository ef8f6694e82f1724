/* SPDX-License-Identifier: ISC */
/* print.c - every option as JSON, in the order of the table. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/scenario.h"

/* In the largest unit that loses nothing. */
static json_t *time_json(uint64_t ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"d", ES_SIM_DAY_MS}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;

    while (ms % units[i].ms != 0)
        i++;
    return ms == 0 ? json_string("0s")
                   : json_sprintf("%llu%s", (unsigned long long)(ms / units[i].ms), units[i].unit);
}

json_t *es_sim_scenario_value(const struct es_sim_option *option, uint64_t value)
{
    switch (option->unit) {
    case ES_SIM_NUMBER: /* JSON's numbers end at 2^63 */
        return value <= INT64_MAX ? json_integer((json_int_t)value)
                                  : json_sprintf("0x%llx", (unsigned long long)value);
    case ES_SIM_TIME:
        return time_json(value);
    case ES_SIM_CHANCE:
        return value % 1000 == 0 ? json_integer((json_int_t)(value / 1000))
                                 : json_real((double)value / 1000);
    case ES_SIM_SWITCH:
        return json_boolean(value != 0);
    case ES_SIM_STORE:
    case ES_SIM_MUTANT:
        return json_string(es_sim_option_word(option, value));
    }
    return NULL;
}

/* The object in which an option stands, and the rest of its name. */
static json_t *object_of(json_t *root, const char *name, const char **ret_key)
{
    const char *dot = strchr(name, '.');
    char group[ES_SIM_NAME_BYTES];
    json_t *object;

    *ret_key = dot == NULL ? name : dot + 1;
    if (dot == NULL)
        return root;
    snprintf(group, sizeof(group), "%.*s", (int)(dot - name), name);
    object = json_object_get(root, group);
    if (object == NULL) {
        object = json_object();
        json_object_set_new(root, group, object);
    }
    return object;
}

static json_t *ids_json(const struct es_sim_ids *ids)
{
    json_t *json = json_array();
    char text[ES_SIM_ID_BYTES];

    for (uint32_t i = 0; i < ids->n; i++) {
        es_sim_id_format(&ids->all[i], text);
        json_array_append_new(json, json_string(text));
    }
    return json;
}

static json_t *options_json(const struct es_sim_options *options, bool all)
{
    json_t *root = json_object();

    if (options->name[0] != '\0')
        json_object_set_new(root, "name", json_string(options->name));
    for (size_t i = 0; i < es_sim_option_count; i++) {
        const struct es_sim_option *option = &es_sim_option_table[i];
        uint64_t value = es_sim_option_get(options, option);
        const char *key;
        json_t *object;

        if (!all && value == option->usual)
            continue;
        object = object_of(root, option->name, &key);
        json_object_set_new(object, key, es_sim_scenario_value(option, value));
    }
    for (size_t i = 0; i < ES_SIM_ID_LIST_COUNT; i++) {
        const struct es_sim_ids *ids = es_sim_ids_of(options, &es_sim_id_lists[i]);

        if (ids->given)
            json_object_set_new(root, es_sim_id_lists[i].name, ids_json(ids));
    }
    return root;
}

json_t *es_sim_scenario_json(const struct es_sim_options *options)
{
    return options_json(options, true);
}

json_t *es_sim_scenario_short_json(const struct es_sim_options *options)
{
    return options_json(options, false);
}
