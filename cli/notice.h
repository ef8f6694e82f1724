/* SPDX-License-Identifier: ISC */
/* notice.h - one line about requests that wait, for people who look on. */
#ifndef ES_CLI_NOTICE_H
#define ES_CLI_NOTICE_H

#include "cli/cli.h"

/* On a terminal, when the command has talked with a node and requests wait: says so on stderr. */
void es_notice_waiting(struct es_cli *cli);

/* How somebody is written on a command line, so that it can be copied: the name if a shell and
 * earshot take it for one plain word, else the beginning of the address. */
#define ES_WHO_CHARS 80
void es_who_on_command_line(const json_t *person, char ret[static ES_WHO_CHARS]);

#endif
