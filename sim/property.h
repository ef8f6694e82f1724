/* SPDX-License-Identifier: ISC */
/* property.h - what must hold, by its id; the program's exit code follows from what did not. */
#ifndef ES_SIM_PROPERTY_H
#define ES_SIM_PROPERTY_H

/* Also exit codes. */
enum es_sim_verdict {
    ES_SIM_HELD = 0,
    ES_SIM_UNSAFE = 1,          /* what must never happen did                  */
    ES_SIM_NOT_LIVE = 2,        /* what must happen in time did not             */
    ES_SIM_NOT_PRIVATE = 3,     /* somebody holds what is not meant for them   */
    ES_SIM_OUT_OF_BOUNDS = 4,   /* more memory, traffic or work than promised  */
    ES_SIM_NOT_DETERMINED = 5,  /* a seed ran differently                      */
    ES_SIM_COULD_NOT_RUN = 125, /* git bisect skips it                         */
};

struct es_sim_property {
    const char *id;
    enum es_sim_verdict broken; /* the verdict of a run that breaks it */
    const char *sentence;
};

/* The property whose id a violation begins with: "D1: node 3 ...". */
const struct es_sim_property *es_sim_property_of(const char *violation);
const char *es_sim_verdict_name(enum es_sim_verdict verdict);

#endif
