/* SPDX-License-Identifier: ISC */
/* commands.h - the table of commands, in the order in which the help shows them. */
#ifndef ES_CLI_COMMANDS_H
#define ES_CLI_COMMANDS_H

#include "cli/cli.h"

/* Options that every command has. */
extern const struct es_option es_global_options[];

extern const struct es_cli_command *const es_commands[]; /* ended by NULL */

/* By name or alias; NULL when there is none. */
const struct es_cli_command *es_command_find(const char *name);

extern const struct es_cli_command es_cmd_init;
extern const struct es_cli_command es_cmd_up;
extern const struct es_cli_command es_cmd_down;
extern const struct es_cli_command es_cmd_status;
extern const struct es_cli_command es_cmd_id;
extern const struct es_cli_command es_cmd_invite;
extern const struct es_cli_command es_cmd_nearby;
extern const struct es_cli_command es_cmd_visible;
extern const struct es_cli_command es_cmd_add;
extern const struct es_cli_command es_cmd_requests;
extern const struct es_cli_command es_cmd_accept;
extern const struct es_cli_command es_cmd_decline;
extern const struct es_cli_command es_cmd_contacts;
extern const struct es_cli_command es_cmd_rename;
extern const struct es_cli_command es_cmd_block;
extern const struct es_cli_command es_cmd_unblock;
extern const struct es_cli_command es_cmd_forget;
extern const struct es_cli_command es_cmd_verify;
extern const struct es_cli_command es_cmd_send;
extern const struct es_cli_command es_cmd_chat;
extern const struct es_cli_command es_cmd_log;
extern const struct es_cli_command es_cmd_conversations;
extern const struct es_cli_command es_cmd_read;
extern const struct es_cli_command es_cmd_label;
extern const struct es_cli_command es_cmd_listen;
extern const struct es_cli_command es_cmd_ping;
extern const struct es_cli_command es_cmd_mesh;
extern const struct es_cli_command es_cmd_stats;
extern const struct es_cli_command es_cmd_connect;
extern const struct es_cli_command es_cmd_doctor;
extern const struct es_cli_command es_cmd_help;
extern const struct es_cli_command es_cmd_version;

#endif
