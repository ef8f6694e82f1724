/* SPDX-License-Identifier: ISC */
/* send.h - what belongs to every message that is sent, one by one or many at a time. */
#ifndef ES_CLI_SEND_H
#define ES_CLI_SEND_H

#include "cli/cli.h"

struct es_send_options {
    const char *conversation;
    const char *reply_to;  /* NULL: nothing                                  */
    const char *wait;      /* NULL: queued                                   */
    int64_t wait_until_ms; /* of es_monotonic_ms(), or ES_DEADLINE_NONE     */
    bool patient;          /* not to reach the state in time is exit code 3  */
};

/* From the command line; complains about what makes no sense. */
enum es_exit es_send_options(struct es_cli *cli, struct es_send_options *ret);

/* A new reference; NULL when the text is not UTF-8. */
json_t *es_send_params(const struct es_send_options *options, const char *text, size_t len);

/* How it ended, by the node's answer; says so if it did not end well. */
enum es_exit es_send_verdict(struct es_cli *cli, const struct es_send_options *options,
                             const json_t *sent);

#endif
