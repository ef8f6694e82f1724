/* SPDX-License-Identifier: ISC */
/* version.h - what runs say they were made by: version and commit. */
#ifndef ES_SIM_VERSION_H
#define ES_SIM_VERSION_H

#include "earshot_version.h"

/* As git describes the working copy, "+" when it was changed; in a tarball the version. */
extern const char es_sim_commit[];

#endif
