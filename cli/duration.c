/* SPDX-License-Identifier: ISC */
/* duration.c - amounts in the words of people. */
#include "cli/duration.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

void es_duration_format(uint64_t ms, char ret[static ES_DURATION_CHARS])
{
    if (ms >= 2 * DAY)
        snprintf(ret, ES_DURATION_CHARS, "%" PRIu64 " days", ms / DAY);
    else if (ms >= 2 * HOUR || ms == HOUR)
        snprintf(ret, ES_DURATION_CHARS, "%" PRIu64 " h", ms / HOUR);
    else if (ms >= 2 * MINUTE || ms == MINUTE)
        snprintf(ret, ES_DURATION_CHARS, "%" PRIu64 " min", ms / MINUTE);
    else if (ms >= SECOND)
        snprintf(ret, ES_DURATION_CHARS, "%" PRIu64 " s", ms / SECOND);
    else
        snprintf(ret, ES_DURATION_CHARS, "%" PRIu64 " ms", ms);
}

void es_size_format(uint64_t bytes, char ret[static ES_SIZE_CHARS])
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB"};
    uint64_t unit = 1024;
    size_t i = 0;

    if (bytes < unit) {
        snprintf(ret, ES_SIZE_CHARS, "%" PRIu64 " B", bytes);
        return;
    }
    while (i + 1 < sizeof(names) / sizeof(names[0]) && bytes / 1024 >= unit) {
        unit *= 1024;
        i++;
    }
    uint64_t tenths = bytes % unit * 10 / unit;

    if (tenths == 0)
        snprintf(ret, ES_SIZE_CHARS, "%" PRIu64 " %s", bytes / unit, names[i]);
    else
        snprintf(ret, ES_SIZE_CHARS, "%" PRIu64 ".%" PRIu64 " %s", bytes / unit, tenths, names[i]);
}
