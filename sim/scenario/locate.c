/* SPDX-License-Identifier: ISC */
/* locate.c - finds a member again in the text that it was read from. The text is valid JSON. */
#include <string.h>

#include "sim/scenario/scenario.h"

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

static const char *skip_value(const char *at)
{
    size_t depth = 0;

    if (*at != '{' && *at != '[')
        return *at == '"' ? skip_string(at) : at + strcspn(at, ",}] \t\r\n");
    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        at++;
    } while (depth > 0);
    return at;
}

/* From the key of a member to its value. */
static const char *value_of(const char *key)
{
    return skip_space(skip_space(skip_string(key)) + 1);
}

/* The key of a member of the object that begins here. */
static const char *member(const char *object, size_t index)
{
    const char *key = skip_space(object + 1);

    while (index-- > 0)
        key = skip_space(skip_space(skip_value(value_of(key))) + 1);
    return key;
}

const char *es_sim_scenario_locate(const char *text, const size_t *path, size_t n, bool value)
{
    const char *at = skip_space(text), *key = at;

    for (size_t i = 0; i < n; i++) {
        key = member(at, path[i]);
        at = value_of(key);
    }
    return value ? at : key;
}
