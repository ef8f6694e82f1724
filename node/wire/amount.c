/* SPDX-License-Identifier: ISC */
/* amount.c - a number and its unit. */
#include "node/wire/amount.h"

#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define DURATION_MS_MAX (36500 * DAY)

static const struct unit duration_units[] = {
    {"ms", 1}, {"s", SECOND}, {"m", MINUTE}, {"h", HOUR}, {"d", DAY}, {NULL, 0},
};
static const struct unit size_units[] = {
    {"", 1}, {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {NULL, 0},
};

/* Reads digits; returns what follows them, NULL when there are none or they exceed 64 bits. */
static const char *parse_digits(const char *text, uint64_t *ret)
{
    uint64_t value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    if (at == text)
        return NULL;
    *ret = value;
    return at;
}

static bool parse_with_unit(const char *text, const struct unit *units, uint64_t max, uint64_t *ret)
{
    uint64_t number;
    const char *name = parse_digits(text, &number);

    for (; name != NULL && units->name != NULL; units++) {
        if (strcmp(units->name, name) != 0)
            continue;
        if (number > max / units->factor)
            return false;
        *ret = number * units->factor;
        return true;
    }
    return false;
}

bool es_duration_parse(const char *text, uint64_t *ret_ms)
{
    if (strcmp(text, "0") == 0) {
        *ret_ms = 0;
        return true;
    }
    return parse_with_unit(text, duration_units, DURATION_MS_MAX, ret_ms);
}

bool es_size_parse(const char *text, uint64_t *ret_bytes)
{
    return parse_with_unit(text, size_units, UINT64_MAX, ret_bytes);
}

bool es_count_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t value;
    const char *end = parse_digits(text, &value);

    if (end == NULL || *end != '\0' || value < min || value > max)
        return false;
    *ret = value;
    return true;
}
