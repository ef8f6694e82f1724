/* SPDX-License-Identifier: ISC */
/* property.c - the table of properties. */
#include "sim/property.h"

#include <stddef.h>
#include <string.h>

static const struct es_sim_property properties[] = {
    {"D1", ES_SIM_UNSAFE, "what is shown was written, and what is reported delivered is on disk"},
    {"D2", ES_SIM_UNSAFE, "every text is shown at most once"},
    {"D3", ES_SIM_NOT_LIVE, "every text arrives once the faults are over"},
    {"L1", ES_SIM_NOT_LIVE, "people who ask each other become contacts"},
    {"O2", ES_SIM_UNSAFE, "texts are shown in their writer's order"},
    {"P", ES_SIM_NOT_PRIVATE, "nobody holds what is not meant for them"},
    {"R", ES_SIM_OUT_OF_BOUNDS, "every table, queue and budget keeps its bound"},
    {"S1", ES_SIM_UNSAFE, "a store holds what was durable, and nothing else"},
    {"W1", ES_SIM_COULD_NOT_RUN, "a world can be set up with its options"},
    {"Z1", ES_SIM_NOT_DETERMINED, "a seed runs the same every time"},
    /* Of whatever has no id of its own. */
    {"N1", ES_SIM_UNSAFE, "a node takes every input, reads what it wrote, and goes on"},
};

/* An id ends where its digits end: "P" stands for P1, P2, ... */
static int begins_with(const char *violation, const char *id)
{
    size_t len = strlen(id);

    if (strncmp(violation, id, len) != 0)
        return 0;
    len += strspn(violation + len, id[1] == '\0' ? "0123456789" : "");
    return violation[len] == ':' || violation[len] == '/';
}

const struct es_sim_property *es_sim_property_of(const char *violation)
{
    size_t last = sizeof(properties) / sizeof(properties[0]) - 1;

    for (size_t i = 0; i < last; i++)
        if (begins_with(violation, properties[i].id))
            return &properties[i];
    return &properties[last];
}

const char *es_sim_verdict_name(enum es_sim_verdict verdict)
{
    switch (verdict) {
    case ES_SIM_HELD:
        return "ok";
    case ES_SIM_UNSAFE:
        return "safety";
    case ES_SIM_NOT_LIVE:
        return "liveness";
    case ES_SIM_NOT_PRIVATE:
        return "privacy";
    case ES_SIM_OUT_OF_BOUNDS:
        return "resource";
    case ES_SIM_NOT_DETERMINED:
        return "nondeterminism";
    case ES_SIM_COULD_NOT_RUN:
        return "could not run";
    }
    return "";
}
