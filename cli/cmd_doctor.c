/* SPDX-License-Identifier: ISC */
/* cmd_doctor.c - doctor: what is wrong with this machine and network, and what mends it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/commands.h"
#include "cli/doctor.h"

#define CHECK_COLUMNS 12

static void put_json(struct es_out *out, const char *check, const char *state, const char *finding,
                     const char *hint)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "state", state, "finding",
                               finding, "hint", hint);

    /* A path in a finding may be no UTF-8. */
    if (object == NULL)
        object = json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "state", state, "finding", "?",
                           "hint", hint);
    es_out_json(out, object);
    json_decref(object);
}

static void put_lines(struct es_out *out, const char *check, const char *state, const char *finding,
                      const char *hint)
{
    bool ok = strcmp(state, "ok") == 0;

    es_out_style(out, ok ? ES_STYLE_GOOD : ES_STYLE_BAD);
    es_out_words(out, "%-4s", state);
    es_out_style(out, ES_STYLE_PLAIN);
    es_out_words(out, "  ");
    es_out_name(out, check, CHECK_COLUMNS);
    es_out_words(out, "  %s", finding);
    es_out_end(out);
    if (hint != NULL) {
        es_out_words(out, "%*s%s", 4 + 2 + CHECK_COLUMNS + 2, "", hint);
        es_out_end(out);
    }
}

static void put(struct es_doctor *doctor, const char *check, const char *state, const char *finding,
                const char *hint)
{
    struct es_cli *cli = doctor->cli;

    if (strcmp(state, "fail") == 0)
        doctor->failed = true;
    if (cli->json)
        put_json(&cli->out, check, state, finding, hint);
    else
        put_lines(&cli->out, check, state, finding, hint);
    fflush(cli->out.file);
}

void es_doctor_report(struct es_doctor *doctor, const char *check, enum es_finding state,
                      const char *hint, const char *format, ...)
{
    static const char *const names[] = {"ok", "warn", "fail"};
    char *finding = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&finding, format, args);

    va_end(args);
    if (len < 0)
        abort();
    put(doctor, check, names[state], finding, hint);
    free(finding);
}

/* What the node sees from inside: whether its advert is published, why links fail. */
static void ask_node(struct es_doctor *doctor)
{
    json_t *list = es_call_all(doctor->cli, "doctor");
    const json_t *row;
    size_t i;

    if (list == NULL) {
        doctor->failed = true;
        return;
    }
    json_array_foreach(json_object_get(list, "rows"), i, row)
    {
        const char *hint = es_field_text(row, "hint");

        put(doctor, es_field_text(row, "check"), es_field_text(row, "state"),
            es_field_text(row, "finding"), hint[0] != '\0' ? hint : NULL);
    }
    json_decref(list);
}

static enum es_exit run_doctor(struct es_cli *cli)
{
    struct es_doctor doctor = {.cli = cli};

    es_doctor_home(&doctor);
    es_doctor_network(&doctor);
    es_doctor_mdns(&doctor);
    es_doctor_firewall(&doctor);
    if (es_connect_running(cli) != 0) {
        es_doctor_report(&doctor, "node", ES_FINDING_WARN, "start it and look again: earshot up",
                         "no node is running");
    } else {
        es_doctor_report(&doctor, "node", ES_FINDING_OK, NULL, "a node is running");
        ask_node(&doctor);
    }
    return doctor.failed ? ES_EXIT_FAILED : ES_EXIT_DONE;
}

const struct es_cli_command es_cmd_doctor = {
    .name = "doctor",
    .synopsis = "",
    .summary = "checks this machine and network, and says what to mend",
    .details =
        "Works without a node, and sees more with one. Asks once by multicast which devices are\n"
        "there. The exit code is 1 when something must be mended; what is doubtful is shown as\n"
        "`warn` and does not count.",
    .run = run_doctor,
};
