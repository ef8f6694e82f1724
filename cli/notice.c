/* SPDX-License-Identifier: ISC */
/* notice.c - "1 request from Ada: earshot accept Ada" */
#include "cli/notice.h"

#include <ctype.h>
#include <string.h>

#include "cli/call.h"
#include "cli/instant.h"

/* A notice is not worth waiting for. */
#define NOTICE_WAIT_MS 500

/* "earshot:" and as many characters as no two people share by chance. */
#define ADDRESS_BEGIN_CHARS (8 + 10)

/* The name is a stranger's choice and is going to be pasted into a shell. */
static bool is_plain_word(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len >= ES_WHO_CHARS || !isalnum((unsigned char)name[0]))
        return false;
    for (; *name != '\0'; name++) {
        if (!isalnum((unsigned char)*name) && strchr("._-", *name) == NULL)
            return false;
    }
    return true;
}

void es_who_on_command_line(const json_t *person, char ret[static ES_WHO_CHARS])
{
    const char *name = es_field_text(person, "name");

    if (is_plain_word(name))
        snprintf(ret, ES_WHO_CHARS, "%s", name);
    else
        snprintf(ret, ES_WHO_CHARS, "%.*s", ADDRESS_BEGIN_CHARS, es_field_text(person, "address"));
}

static void put_who(struct es_out *out, const json_t *person)
{
    const char *name = es_field_text(person, "name");
    char who[ES_WHO_CHARS];

    es_who_on_command_line(person, who);
    es_out_name(out, name[0] != '\0' ? name : who, 0);
}

static void put_notice(struct es_cli *cli, const json_t *rows, bool more)
{
    size_t n = json_array_size(rows);
    char who[ES_WHO_CHARS];

    es_who_on_command_line(json_array_get(rows, 0), who);
    es_out_style(&cli->err, ES_STYLE_BOLD);
    es_out_words(&cli->err, "%zu%s request%s from ", n, more ? " or more" : "", n == 1 ? "" : "s");
    put_who(&cli->err, json_array_get(rows, 0));
    if (n == 2) {
        es_out_words(&cli->err, " and ");
        put_who(&cli->err, json_array_get(rows, 1));
    } else if (n > 2) {
        es_out_words(&cli->err, " and %zu others", n - 1);
    }
    if (n == 1)
        es_out_words(&cli->err, ": earshot accept %s", who);
    else
        es_out_words(&cli->err, ": earshot requests");
    es_out_style(&cli->err, ES_STYLE_PLAIN);
    es_out_end(&cli->err);
}

void es_notice_waiting(struct es_cli *cli)
{
    if (!es_notices(cli) || cli->client.fd < 0 || strcmp(cli->command->name, "requests") == 0)
        return;
    json_t *page = es_call_aside(cli, "requests", NULL, es_monotonic_ms() + NOTICE_WAIT_MS);
    const json_t *rows = json_object_get(page, "rows");

    if (json_array_size(rows) > 0)
        put_notice(cli, rows,
                   json_object_get(page, "next") != NULL &&
                       !json_is_null(json_object_get(page, "next")));
    json_decref(page);
}
