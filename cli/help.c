/* SPDX-License-Identifier: ISC */
/* help.c - the help is made from the table of commands, so it says what there is. */
#include "cli/help.h"

#include "cli/commands.h"

static void put_options(FILE *file, const char *heading, const struct es_option *options)
{
    if (options == NULL || options->name == NULL)
        return;
    fprintf(file, "\n%s\n", heading);
    for (; options->name != NULL; options++) {
        char left[64];
        char letter[] = {'-', options->letter, ',', ' ', '\0'};

        snprintf(left, sizeof(left), "%s--%s%s%s", options->letter != 0 ? letter : "",
                 options->name, options->value != NULL ? " " : "",
                 options->value != NULL ? options->value : "");
        fprintf(file, "  %-24s %s\n", left, options->help);
    }
}

void es_help_command(FILE *file, const struct es_cli_command *command)
{
    fprintf(file, "usage: earshot %s%s%s\n\n%s.\n", command->name,
            command->synopsis[0] != '\0' ? " " : "", command->synopsis, command->summary);
    if (command->alias != NULL)
        fprintf(file, "Also called: %s\n", command->alias);
    if (command->details != NULL)
        fprintf(file, "\n%s\n", command->details);
    put_options(file, "Options:", command->options);
    put_options(file, "Options of every command:", es_global_options);
}

void es_help_overview(FILE *file)
{
    fputs("usage: earshot [OPTIONS] COMMAND ...\n"
          "\n"
          "Messages to people on the same network, without a server.\n"
          "\n"
          "Commands:\n",
          file);
    for (const struct es_cli_command *const *each = es_commands; *each != NULL; each++)
        fprintf(file, "  %-14s %s\n", (*each)->name, (*each)->summary);
    put_options(file, "Options, before or after the command (-- ends them):", es_global_options);
    fputs("\n"
          "More about a command: earshot help COMMAND. Everything: man earshot.\n"
          "Beginning: earshot init; earshot nearby; earshot add WHO; earshot send WHO TEXT\n",
          file);
}
