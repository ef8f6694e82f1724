/* SPDX-License-Identifier: ISC */
/* pipeline.c - requests in flight in a ring, answers in the order of the lines. */
#include "cli/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/instant.h"
#include "cli/lines.h"

/* Enough that the node always has a batch to commit while the next one is on its way. */
#define IN_FLIGHT_MAX 256

struct in_flight {
    uint64_t id;
    uint64_t line;
    json_t *answer; /* NULL: not there yet */
};

struct pipeline {
    struct es_cli *cli;
    const struct es_send_options *options;
    struct in_flight ring[IN_FLIGHT_MAX];
    size_t first, count;
    struct es_lines lines;
    uint64_t line; /* the last one that was read */
    uint64_t sent_count;
    bool refused, timed_out;
};

static void note_exit(struct pipeline *pipeline, enum es_exit exit)
{
    pipeline->refused = pipeline->refused || exit == ES_EXIT_FAILED || exit == ES_EXIT_USAGE;
    pipeline->timed_out = pipeline->timed_out || exit == ES_EXIT_TIMEOUT;
}

/* --- lines to the node ------------------------------------------------------------------------ */

static enum es_exit refuse_line(struct pipeline *pipeline, const char *code, const char *why)
{
    pipeline->cli->line = pipeline->line;
    note_exit(pipeline, es_fail(pipeline->cli, ES_EXIT_FAILED, code, NULL, "%s", why));
    return ES_EXIT_DONE;
}

static enum es_exit send_line(struct pipeline *pipeline, const struct es_line *line)
{
    struct es_cli *cli = pipeline->cli;
    struct in_flight *slot = &pipeline->ring[(pipeline->first + pipeline->count) % IN_FLIGHT_MAX];

    pipeline->line++;
    if (line->len == 0)
        return ES_EXIT_DONE;
    if (line->too_long)
        return refuse_line(pipeline, "too-long", "the text is too long; it was not sent");
    json_t *params = es_send_params(pipeline->options, line->text, line->len);

    if (params == NULL)
        return refuse_line(pipeline, "not-utf8", "the text is not UTF-8; it was not sent");
    int rc = es_client_request(&cli->client, "send", params, cli->deadline_ms, &slot->id);

    if (rc == -EMSGSIZE)
        return refuse_line(pipeline, "too-long", "the text is too long; it was not sent");
    if (rc != 0) {
        cli->line = pipeline->line;
        return es_fail_client(cli, rc);
    }
    slot->line = pipeline->line;
    slot->answer = NULL;
    pipeline->count++;
    return ES_EXIT_DONE;
}

static enum es_exit send_lines(struct pipeline *pipeline)
{
    enum es_exit exit = ES_EXIT_DONE;
    struct es_line line;

    while (exit == ES_EXIT_DONE && pipeline->count < IN_FLIGHT_MAX &&
           es_lines_next(&pipeline->lines, &line))
        exit = send_line(pipeline, &line);
    return exit;
}

/* --- answers of the node ---------------------------------------------------------------------- */

static void show_answer(struct pipeline *pipeline, const struct in_flight *slot)
{
    struct es_cli *cli = pipeline->cli;
    const json_t *sent = json_object_get(slot->answer, "result");

    cli->line = slot->line;
    if (sent == NULL) {
        note_exit(pipeline, es_fail_rpc(cli, json_object_get(slot->answer, "error")));
        return;
    }
    if (cli->json)
        es_out_json(&cli->out, sent);
    enum es_exit exit = es_send_verdict(cli, pipeline->options, sent);

    note_exit(pipeline, exit);
    pipeline->sent_count += exit == ES_EXIT_DONE;
}

static void keep_answer(struct pipeline *pipeline, json_t *answer)
{
    uint64_t id = (uint64_t)es_field_int(answer, "id");

    for (size_t i = 0; i < pipeline->count; i++) {
        struct in_flight *slot = &pipeline->ring[(pipeline->first + i) % IN_FLIGHT_MAX];

        if (slot->id == id && slot->answer == NULL) {
            slot->answer = answer;
            return;
        }
    }
    json_decref(answer);
}

static void show_answers(struct pipeline *pipeline)
{
    while (pipeline->count > 0 && pipeline->ring[pipeline->first].answer != NULL) {
        struct in_flight *slot = &pipeline->ring[pipeline->first];

        show_answer(pipeline, slot);
        json_decref(slot->answer);
        slot->answer = NULL;
        pipeline->first = (pipeline->first + 1) % IN_FLIGHT_MAX;
        pipeline->count--;
    }
    pipeline->cli->line = 0;
}

static enum es_exit take_answers(struct pipeline *pipeline)
{
    for (;;) {
        json_t *object = NULL;
        int rc = es_client_next(&pipeline->cli->client, 0, &object);

        if (rc == 0 && json_is_integer(json_object_get(object, "id"))) {
            keep_answer(pipeline, object);
            continue;
        }
        if (rc == 0) {
            /* An error that belongs to no request: the node takes no more of them. */
            enum es_exit exit = es_fail_rpc(pipeline->cli, json_object_get(object, "error"));

            json_decref(object);
            return exit;
        }
        show_answers(pipeline);
        if (rc == -ETIMEDOUT)
            return ES_EXIT_DONE;
        /* With nothing in flight the node may go; the next line will miss it. */
        if (pipeline->count == 0 && pipeline->lines.ended)
            return ES_EXIT_DONE;
        pipeline->cli->line =
            pipeline->count > 0 ? pipeline->ring[pipeline->first].line : pipeline->line + 1;
        return es_fail_client(pipeline->cli, rc);
    }
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Waits for more lines, if there is room for them (then none that is whole waits), and for answers. */
static enum es_exit wait_for_either(struct pipeline *pipeline)
{
    struct es_cli *cli = pipeline->cli;
    bool wants_lines = !pipeline->lines.ended && pipeline->count < IN_FLIGHT_MAX;
    struct pollfd pfds[] = {
        {.fd = cli->client.fd, .events = POLLIN},
        {.fd = wants_lines ? pipeline->lines.fd : -1, .events = POLLIN},
    };
    int64_t left_ms = cli->deadline_ms - es_monotonic_ms();
    int rc = 0;

    /* Answers may have been read while requests were written. */
    if (es_client_ready(&cli->client))
        return ES_EXIT_DONE;
    if (left_ms <= 0) {
        cli->line = pipeline->count > 0 ? pipeline->ring[pipeline->first].line : 0;
        return es_fail_client(cli, -ETIMEDOUT);
    }
    fflush(cli->out.file);
    if (poll(pfds, 2, left_ms > INT_MAX ? -1 : (int)left_ms) > 0 && pfds[1].revents != 0)
        rc = es_lines_read(&pipeline->lines);
    return rc == 0 ? ES_EXIT_DONE
                   : es_fail(cli, ES_EXIT_FAILED, "input", NULL, "reading the standard input: %s",
                             strerror(-rc));
}

static enum es_exit run_loop(struct pipeline *pipeline)
{
    for (;;) {
        enum es_exit exit = take_answers(pipeline);

        if (exit == ES_EXIT_DONE)
            exit = send_lines(pipeline);
        if (exit != ES_EXIT_DONE)
            return exit;
        if (pipeline->lines.ended && pipeline->count == 0 &&
            pipeline->lines.at == pipeline->lines.len)
            return ES_EXIT_DONE;
        exit = wait_for_either(pipeline);
        if (exit != ES_EXIT_DONE)
            return exit;
    }
}

static enum es_exit verdict(const struct pipeline *pipeline)
{
    if (pipeline->refused)
        return ES_EXIT_FAILED;
    return pipeline->timed_out ? ES_EXIT_TIMEOUT : ES_EXIT_DONE;
}

enum es_exit es_pipeline_run(struct es_cli *cli, const struct es_send_options *options)
{
    enum es_exit exit = es_connect(cli);

    if (exit != ES_EXIT_DONE)
        return exit;
    struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

    if (pipeline == NULL)
        abort();
    pipeline->cli = cli;
    pipeline->options = options;
    es_lines_init(&pipeline->lines, STDIN_FILENO);
    exit = run_loop(pipeline);
    cli->line = 0;
    if (exit == ES_EXIT_DONE) {
        exit = verdict(pipeline);
        if (es_chatty(cli)) {
            es_out_words(&cli->out, "%" PRIu64 " message%s sent", pipeline->sent_count,
                         pipeline->sent_count == 1 ? "" : "s");
            es_out_end(&cli->out);
        }
    }
    for (size_t i = 0; i < pipeline->count; i++)
        json_decref(pipeline->ring[(pipeline->first + i) % IN_FLIGHT_MAX].answer);
    free(pipeline);
    return exit;
}
