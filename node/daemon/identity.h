/* SPDX-License-Identifier: ISC */
/* identity.h - the making of an identity: once per database, without a network. */
#ifndef ES_DAEMON_IDENTITY_H
#define ES_DAEMON_IDENTITY_H

#include "node/core/core.h"

/* Runs a core over a fresh store, prints {"address","name"}. 0, or 1 after printing why not. */
int es_identity_make(struct es_store *store, const struct es_settings *settings, const char *name);

#endif
