/* SPDX-License-Identifier: ISC */
/* help.h - what the table of commands says, as text. */
#ifndef ES_CLI_HELP_H
#define ES_CLI_HELP_H

#include "cli/cli.h"

/* "usage: earshot ..." with all commands. */
void es_help_overview(FILE *file);

void es_help_command(FILE *file, const struct es_cli_command *command);

#endif
