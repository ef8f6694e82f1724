/* SPDX-License-Identifier: ISC */
/* chosen.c - beside a core that was built with its mutants. */
#include "sim/mutants/mutants.h"

enum es_mutant es_mutant;

bool es_sim_mutate_core(enum es_mutant mutant)
{
    es_mutant = mutant;
    return true;
}
