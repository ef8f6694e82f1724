/* SPDX-License-Identifier: ISC */
/* node.h - sets up a node, starts it, and says in a person's words what went wrong. */
#ifndef ES_CLI_NODE_H
#define ES_CLI_NODE_H

#include "cli/cli.h"

struct es_node_state {
    bool exists;
    bool locked; /* it starts with a passphrase only */
};

/* What the home holds. */
enum es_exit es_node_state(struct es_cli *cli, struct es_node_state *ret);

/* Makes the identity; *ret_id: {"address","name"}, a new reference. passphrase_fd: -1 for none. */
enum es_exit es_node_init(struct es_cli *cli, const char *name, int passphrase_fd, json_t **ret_id);

/* Starts a node in the background and connects to it; if another one was faster, to that one.
 * passphrase_fd: -1 for none; then a node that needs one is refused with the code `locked`. */
enum es_exit es_node_start(struct es_cli *cli, int passphrase_fd);

/* Becomes the node, in the foreground. Returns only when that fails. */
enum es_exit es_node_become(struct es_cli *cli, int passphrase_fd);

/* A passphrase from the file of --passphrase-file, or asked for (twice if it is a new one) when a
 * person is there. *ret_fd: to be closed; -1 when there is none. */
enum es_exit es_node_passphrase(struct es_cli *cli, bool ask, bool is_new, int *ret_fd);

#endif
