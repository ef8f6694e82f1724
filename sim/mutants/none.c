/* SPDX-License-Identifier: ISC */
/* none.c - beside the daemon's own core: it cannot be mutated. */
#include "sim/mutants/mutants.h"

bool es_sim_mutate_core(enum es_mutant mutant)
{
    return mutant == ES_MUTANT_NONE;
}
