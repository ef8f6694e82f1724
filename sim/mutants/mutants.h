/* SPDX-License-Identifier: ISC */
/* mutants.h - deliberate faults in the core (node/core/mutant.h) and in the order in which a daemon
 * carries out effects. One runs at a time: the option `mutant`. */
#ifndef ES_SIM_MUTANTS_H
#define ES_SIM_MUTANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "node/core/mutant.h"

/* Those of the core have the same numbers there. */
enum es_sim_mutant_number {
    ES_SIM_MUTANT_NONE = ES_MUTANT_NONE,
    ES_SIM_MUTANT_SEND_BEFORE_COMMIT = ES_MUTANTS,
    ES_SIM_MUTANT_ASK_THE_CLOCK,
    ES_SIM_MUTANTS,
};

struct es_sim_mutant {
    const char *name;
    const char *says;   /* what is wrong                                            */
    const char *breaks; /* ids of the properties of which one must notice, with blanks */
    const char *with;   /* "NAME=VALUE ...": options over those that a seed draws      */
    uint32_t seeds;     /* within so many it is noticed                            */
};
extern const struct es_sim_mutant es_sim_mutant_table[ES_SIM_MUTANTS];

/* The core has this fault from now on. False: it is a core without faults. */
bool es_sim_mutate_core(enum es_mutant mutant);

#endif
