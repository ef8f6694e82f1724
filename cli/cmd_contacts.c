/* SPDX-License-Identifier: ISC */
/* cmd_contacts.c - contacts, rename, block, unblock, forget: people one knows. */
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/terminal.h"

#define NAME_COLUMNS 24

/* --- contacts -------------------------------------------------------------------------------- */

static const char *state_words(const char *state, bool present)
{
    if (strcmp(state, "requested") == 0)
        return "asked, no answer yet";
    if (strcmp(state, "accepted") == 0)
        return present ? "here" : "not here";
    return state;
}

static void put_contact(struct es_out *out, const json_t *contact)
{
    const char *name = es_field_text(contact, "name");
    const char *claimed = es_field_text(contact, "claimed_name");
    const char *state = es_field_text(contact, "state");
    const char *verified_by = es_field_text(contact, "verified_by");
    bool present = es_field_true(contact, "present");

    es_out_style(out, present ? ES_STYLE_GOOD : ES_STYLE_PLAIN);
    es_out_words(out, present ? "* " : "  ");
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_name(out, name, NAME_COLUMNS);
    es_out_words(out, "  %s", state_words(state, present));
    if (es_field_true(contact, "verified"))
        es_out_words(out, ", verified%s%s", verified_by[0] != '\0' ? " by " : "", verified_by);
    if (claimed[0] != '\0' && strcmp(claimed, name) != 0) {
        es_out_words(out, ", calls itself ");
        es_out_name(out, claimed, 0);
    }
    es_out_end(out);
}

static enum es_exit run_contacts(struct es_cli *cli)
{
    return es_call_list(
        cli, "contacts", put_contact,
        "No contacts yet. Who is here: earshot nearby. To be found: earshot invite");
}

const struct es_cli_command es_cmd_contacts = {
    .name = "contacts",
    .synopsis = "",
    .summary = "lists my contacts",
    .details = "A star marks who is here.",
    .run = run_contacts,
};

/* --- rename ---------------------------------------------------------------------------------- */

static enum es_exit run_rename(struct es_cli *cli)
{
    json_t *contact =
        es_call(cli, "rename",
                json_pack("{s:s, s:s}", "who", es_operand(cli, 0), "petname", es_operand(cli, 1)));

    if (contact == NULL)
        return cli->exit;
    if (cli->json)
        es_out_json(&cli->out, contact);
    json_decref(contact);
    return ES_EXIT_DONE;
}

const struct es_cli_command es_cmd_rename = {
    .name = "rename",
    .synopsis = "WHO PETNAME",
    .summary = "gives a contact another name, on this node",
    .details = "The contact does not learn of it.",
    .operands_min = 2,
    .operands_max = 2,
    .run = run_rename,
};

/* --- block, unblock, forget ------------------------------------------------------------------- */

static enum es_exit call_who(struct es_cli *cli, const char *method)
{
    return es_call_done(cli, method, json_pack("{s:s}", "who", es_operand(cli, 0)));
}

static enum es_exit run_block(struct es_cli *cli)
{
    return call_who(cli, "block");
}

const struct es_cli_command es_cmd_block = {
    .name = "block",
    .synopsis = "WHO",
    .summary = "takes nothing more from somebody, and is not recognised by them",
    .details = "Works for contacts and for those who ask to become one. They are not told.",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_block,
};

static enum es_exit run_unblock(struct es_cli *cli)
{
    return call_who(cli, "unblock");
}

const struct es_cli_command es_cmd_unblock = {
    .name = "unblock",
    .synopsis = "WHO",
    .summary = "takes back a block",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_unblock,
};

static bool confirm_forget(struct es_cli *cli)
{
    char *question = NULL;

    if (asprintf(&question, "Forget %s and erase the whole history with them?",
                 es_operand(cli, 0)) < 0)
        abort();
    bool yes = es_ask_yes(&cli->err, false, question);

    free(question);
    return yes;
}

static enum es_exit run_forget(struct es_cli *cli)
{
    if (es_args_given(&cli->args, "yes"))
        return call_who(cli, "forget");
    if (!es_asks(cli))
        return es_usage(cli, "this erases the history: confirm it with --yes");
    if (!confirm_forget(cli))
        return es_fail(cli, ES_EXIT_FAILED, "cancelled", NULL, "nothing was erased");
    return call_who(cli, "forget");
}

static const struct es_option forget_options[] = {
    {"yes", 0, NULL, "do not ask"},
    {NULL, 0, NULL, NULL},
};

const struct es_cli_command es_cmd_forget = {
    .name = "forget",
    .synopsis = "WHO --yes",
    .summary = "erases a contact and the whole history",
    .details = "Cannot be undone. Without --yes it asks on a terminal and is refused in a script.",
    .options = forget_options,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_forget,
};
