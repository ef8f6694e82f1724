/* SPDX-License-Identifier: ISC */
/* pipeline.h - many messages from the standard input over one connection. */
#ifndef ES_CLI_PIPELINE_H
#define ES_CLI_PIPELINE_H

#include "cli/send.h"

/* Sends each line that is not empty, without waiting for the answers of earlier ones; results come
 * in the order of the lines. A line that is refused is reported with its number, the rest is sent. */
enum es_exit es_pipeline_run(struct es_cli *cli, const struct es_send_options *options);

#endif
