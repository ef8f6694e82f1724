/* SPDX-License-Identifier: ISC */
/* commands.c - the table of commands. */
#include "cli/commands.h"

#include <string.h>

const struct es_option es_global_options[] = {
    {"home", 0, "DIR", "the node's folder (EARSHOT_HOME; else the XDG folders)"},
    {"profile", 0, "NAME", "an identity of its own inside the home"},
    {"json", 0, NULL, "one JSON object per line"},
    {"timeout", 0, "DURATION", "give up after that time: exit code 3"},
    {"no-start", 0, NULL, "do not start a node: exit code 4 when none runs"},
    {"quiet", 'q', NULL, "results and errors only"},
    {"help", 'h', NULL, "explain the command"},
    {"version", 'V', NULL, "say which version this is"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command *const es_commands[] = {
    &es_cmd_init,          &es_cmd_up,      &es_cmd_down,
    &es_cmd_status,        &es_cmd_id,      &es_cmd_invite,
    &es_cmd_nearby,        &es_cmd_visible, &es_cmd_add,
    &es_cmd_requests,      &es_cmd_accept,  &es_cmd_decline,
    &es_cmd_contacts,      &es_cmd_rename,  &es_cmd_block,
    &es_cmd_unblock,       &es_cmd_forget,  &es_cmd_verify,
    &es_cmd_send,          &es_cmd_chat,    &es_cmd_log,
    &es_cmd_conversations, &es_cmd_read,    &es_cmd_label,
    &es_cmd_listen,        &es_cmd_ping,    &es_cmd_mesh,
    &es_cmd_stats,         &es_cmd_connect, &es_cmd_doctor,
    &es_cmd_help,          &es_cmd_version, NULL,
};

const struct es_cli_command *es_command_find(const char *name)
{
    for (const struct es_cli_command *const *each = es_commands; *each != NULL; each++) {
        if (strcmp((*each)->name, name) == 0 ||
            ((*each)->alias != NULL && strcmp((*each)->alias, name) == 0))
            return *each;
    }
    return NULL;
}
