/* SPDX-License-Identifier: ISC */
/* call.h - asks the node, and starts it first when none runs. */
#ifndef ES_CLI_CALL_H
#define ES_CLI_CALL_H

#include "cli/cli.h"

/* Connects, starting a node if none runs and that is allowed; says why when it cannot. */
enum es_exit es_connect(struct es_cli *cli);

/* Connects to a node that runs; says nothing. 0, or a negative errno as es_client_open(). */
int es_connect_running(struct es_cli *cli);

/* Takes params over, NULL: none. A new reference to the result; NULL when there is none: then the
 * reason has been told, and cli->exit is it. */
json_t *es_call(struct es_cli *cli, const char *method, json_t *params);

/* The same with a deadline of its own, and silent: for what is asked in passing. */
json_t *es_call_aside(struct es_cli *cli, const char *method, json_t *params, int64_t deadline_ms);

/* Calls a method without showing more of its answer than an error. */
enum es_exit es_call_done(struct es_cli *cli, const char *method, json_t *params);

/* All pages of a list whose length has a limit: the last page, with the rows of all of them. A new
 * reference, or NULL as es_call(). */
json_t *es_call_all(struct es_cli *cli, const char *method);

/* A list from beginning to end: each row by put_row, or as JSON. Nothing is said when it is empty
 * but, to a person, empty. */
typedef void (*es_put_row_fn)(struct es_out *out, const json_t *row);
enum es_exit es_call_list(struct es_cli *cli, const char *method, es_put_row_fn put_row,
                          const char *empty);

#endif
