/* SPDX-License-Identifier: ISC */
/* cmd_mesh.c - mesh, connect: links to other nodes. */
#include <inttypes.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/duration.h"

#define NAME_COLUMNS 24

/* --- mesh ------------------------------------------------------------------------------------ */

static void put_link(struct es_out *out, const json_t *link)
{
    const char *contact = es_field_text(link, "contact");
    const json_t *rtt = json_object_get(link, "rtt_ms");

    es_out_words(out, "%6" PRId64 "  %-3s  ", es_field_int(link, "link"),
                 es_field_text(link, "direction"));
    if (contact[0] != '\0') {
        es_out_name(out, contact, NAME_COLUMNS);
    } else {
        es_out_style(out, ES_STYLE_DIM);
        es_out_name(out, "(somebody)", NAME_COLUMNS);
        es_out_style(out, ES_STYLE_PLAIN);
    }
    if (json_is_number(rtt))
        es_out_words(out, "  %4g ms", json_number_value(rtt));
    else
        es_out_words(out, "     - ms");
    es_out_words(out, "  %" PRId64 " in, %" PRId64 " out", es_field_int(link, "envelopes_in"),
                 es_field_int(link, "envelopes_out"));
    es_out_end(out);
}

static void put_carrying(struct es_out *out, const json_t *carrying)
{
    int64_t envelopes = es_field_int(carrying, "envelopes");
    char size[ES_SIZE_CHARS];

    es_size_format((uint64_t)es_field_int(carrying, "bytes"), size);
    es_out_words(out, "carrying %" PRId64 " envelope%s, %s", envelopes, envelopes == 1 ? "" : "s",
                 size);
    es_out_end(out);
}

static void put_carrying_json(struct es_out *out, json_t *carrying)
{
    json_t *object = json_pack("{s:O?}", "carrying", carrying);

    es_out_json(out, object);
    json_decref(object);
}

static enum es_exit run_mesh(struct es_cli *cli)
{
    json_t *list = es_call_all(cli, "mesh");
    const json_t *link;
    size_t i;

    if (list == NULL)
        return cli->exit;
    json_array_foreach(json_object_get(list, "rows"), i, link)
    {
        if (cli->json)
            es_out_json(&cli->out, link);
        else
            put_link(&cli->out, link);
    }
    if (cli->json)
        put_carrying_json(&cli->out, json_object_get(list, "carrying"));
    else
        put_carrying(&cli->out, json_object_get(list, "carrying"));
    json_decref(list);
    return ES_EXIT_DONE;
}

const struct es_cli_command es_cmd_mesh = {
    .name = "mesh",
    .synopsis = "",
    .summary = "shows links, and what is carried for others",
    .details = "Counts and sizes: that is all a node knows of what it carries.",
    .run = run_mesh,
};

/* --- connect --------------------------------------------------------------------------------- */

static enum es_exit run_connect(struct es_cli *cli)
{
    return es_call_done(cli, "connect", json_pack("{s:s}", "endpoint", es_operand(cli, 0)));
}

const struct es_cli_command es_cmd_connect = {
    .name = "connect",
    .synopsis = "tcp://HOST:PORT/KEY",
    .summary = "links to a node by its address in the network",
    .details =
        "For networks without multicast. The other side's earshot status shows its endpoint, if\n"
        "it has a lasting one (listen in earshot.conf).",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_connect,
};
