/* SPDX-License-Identifier: ISC */
/* visible.h - being seen by strangers from the set-up on: asked for before a node runs. */
#ifndef ES_CLI_VISIBLE_H
#define ES_CLI_VISIBLE_H

#include "cli/cli.h"
#include "node/env/control.h"

/* The least that is worth switching on; the most is ES_VISIBLE_MS_MAX. */
#define ES_VISIBLE_MS_MIN 1000

/* Leaves a note beside the database: visible until now + for_ms, from when a node runs. */
enum es_exit es_visible_later(struct es_cli *cli, uint64_t for_ms);

/* Tells the node that was connected to, once; the time that has passed meanwhile is lost. */
void es_visible_now(struct es_cli *cli);

#endif
