/* SPDX-License-Identifier: ISC */
/* identity.h - the making of an identity: once per database, without a network. */
#ifndef ES_DAEMON_IDENTITY_H
#define ES_DAEMON_IDENTITY_H

#include <stdio.h>

#include "node/core/core.h"

/* Runs a core over a fresh store, writes {"address","name"} to out. 0, or 1 after saying why not on
 * stderr. */
int es_identity_make(struct es_store *store, const struct es_settings *settings, const char *name,
                     FILE *out);

#endif
