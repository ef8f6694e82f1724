/* SPDX-License-Identifier: ISC */
/* explain.c - what led to a violation: in words, and as a picture. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands/campaign.h"
#include "sim/commands/commands.h"
#include "sim/memory.h"
#include "sim/report/spacetime.h"
#include "sim/shrink/shrink.h"

/* A person reads no longer story. */
#define TOLD_MAX 40

struct story {
    const struct es_sim_lines *lines;
    size_t n_nodes;
    bool *in;     /* of each line: it had a part */
    size_t *sent; /* of each frame: the line in which it sets out, + 1 */
    uint64_t n_frames;
};

/* --- Which lines are told ----------------------------------------------------------------------- */

static void index_frames(struct story *story)
{
    for (size_t i = 0; i < story->lines->n; i++)
        if (story->lines->all[i].frame >= story->n_frames)
            story->n_frames = story->lines->all[i].frame + 1;
    story->sent = es_sim_zeroed((story->n_frames + 1) * sizeof(story->sent[0]));
    for (size_t i = 0; i < story->lines->n; i++)
        if (story->lines->all[i].kind == ES_SIM_LINE_SENT)
            story->sent[story->lines->all[i].frame] = i + 1;
}

/* Everything between two people but greetings of their machines. */
static bool is_told(const struct story *story, size_t i)
{
    static const char *const carrying[] = {"ENVELOPES", "ACK", "MOVED"};
    const struct es_sim_line *line = &story->lines->all[i];
    size_t sent;

    if (!story->in[i])
        return false;
    if (line->kind == ES_SIM_LINE_FAULT || line->kind == ES_SIM_LINE_TEXT)
        return true;
    if (line->kind == ES_SIM_LINE_MARK)
        return strncmp(line->what, "** ", 3) != 0 || strncmp(line->what, "** RENEWED", 10) == 0;
    if (line->kind != ES_SIM_LINE_ARRIVED && line->kind != ES_SIM_LINE_LOST)
        return false;
    sent = story->sent[line->frame];
    for (size_t k = 0; sent > 0 && k < sizeof(carrying) / sizeof(carrying[0]); k++)
        if (strcmp(story->lines->all[sent - 1].what, carrying[k]) == 0)
            return true;
    return false;
}

/* A violation that is found at the end names a text: its story begins when it is written. */
static size_t begin_of(const struct story *story, const bool *blamed)
{
    const char *text = json_string_value(json_object_get(story->lines->violation, "text"));
    const char *at = text == NULL ? NULL : strstr(text, "text ");
    unsigned number;

    if (json_object_get(story->lines->violation, "node") != NULL || at == NULL ||
        sscanf(at, "text %u", &number) != 1)
        return 0;
    for (size_t i = 0; i < story->lines->n; i++) {
        const struct es_sim_line *line = &story->lines->all[i];

        if (line->kind == ES_SIM_LINE_TEXT && line->number == number &&
            line->from < story->n_nodes && line->to < story->n_nodes && blamed[line->from] &&
            blamed[line->to] && line->id[0] != '\0')
            return i;
    }
    return 0;
}

/* --- In words ----------------------------------------------------------------------------------- */

static void tell(const struct story *story, const struct es_sim_line *line)
{
    const struct es_sim_line *sent = line->frame < story->n_frames && story->sent[line->frame] > 0
                                         ? &story->lines->all[story->sent[line->frame] - 1]
                                         : line;

    printf("%10.3f s  node %-3u ", (double)line->t / 1000, line->node);
    if (line->kind == ES_SIM_LINE_FAULT)
        printf("fault %s\n", line->what);
    else if (line->kind == ES_SIM_LINE_TEXT)
        printf("text %u of %u to %u: %s\n", line->number, line->from, line->to, line->what);
    else if (line->kind == ES_SIM_LINE_MARK)
        printf("%s\n", line->what);
    else
        printf("%s %s of node %u, sent at %.3f s, %u bytes\n",
               line->kind == ES_SIM_LINE_LOST ? "does not get" : "gets", sent->what, sent->from,
               (double)sent->t / 1000, sent->bytes);
}

static void tell_all(const struct story *story, const bool *blamed)
{
    size_t begin = begin_of(story, blamed), n = 0, skip, told = 0;

    for (size_t i = begin; i < story->lines->n; i++)
        n += is_told(story, i);
    skip = begin == 0 && n > TOLD_MAX ? n - TOLD_MAX : 0;
    if (skip > 0)
        printf("  ... %zu earlier lines that may have had a part in it\n", skip);
    for (size_t i = begin; i < story->lines->n && told < skip + TOLD_MAX; i++)
        if (is_told(story, i) && told++ >= skip)
            tell(story, &story->lines->all[i]);
    if (n > skip + TOLD_MAX)
        printf("  ... and %zu later lines\n", n - skip - TOLD_MAX);
}

static void explain(const struct es_sim_lines *lines)
{
    size_t n_nodes = (size_t)json_integer_value(json_object_get(lines->meta, "nodes"));
    bool *blamed = es_sim_zeroed((n_nodes + 1) * sizeof(blamed[0]));
    bool *part = es_sim_zeroed((n_nodes + 1) * sizeof(part[0]));
    struct story story = {.lines = lines,
                          .n_nodes = n_nodes,
                          .in = es_sim_zeroed((lines->n + 1) * sizeof(story.in[0]))};
    const json_t *violation = lines->violation;
    size_t bystanders = 0;

    printf("%s broken at %.3f s: %s\n  %s\n",
           json_string_value(json_object_get(violation, "property")),
           (double)json_integer_value(json_object_get(violation, "t")) / 1000,
           json_string_value(json_object_get(violation, "sentence")),
           json_string_value(json_object_get(violation, "text")));
    if (!es_sim_lines_blamed(lines, blamed, n_nodes))
        memset(blamed, 1, n_nodes);
    memcpy(part, blamed, n_nodes);
    es_sim_lines_cone(lines, part, n_nodes, story.in);
    for (size_t i = 0; i < n_nodes; i++)
        bystanders += !part[i];
    printf("%zu of %zu nodes had no part in it. What led to it:\n", bystanders, n_nodes);
    index_frames(&story);
    tell_all(&story, blamed);
    free(blamed);
    free(part);
    free(story.in);
    free(story.sent);
}

/* --- The whole ---------------------------------------------------------------------------------- */

/* A trace is read; of any other world one is made. */
static bool get_lines(const struct es_sim_args *args, struct es_sim_lines *ret)
{
    struct es_sim_shrink world = {.jobs = 1, .pass = "", .stop = es_sim_interrupted};
    struct es_sim_options options;
    FILE *file = es_sim_is_trace(args->operands[0]) ? fopen(args->operands[0], "re") : NULL;
    bool ok;

    if (file != NULL) {
        ok = es_sim_lines_read(file, args->operands[0], ret);
        fclose(file);
        return ok;
    }
    if (!es_sim_read_world(args->operands[0], &options) || !es_sim_args_apply(args, &options))
        return false;
    ok = es_sim_shrink_begin(&world, &options, args->budget_s) && es_sim_shrink_trace(&world, ret);
    if (!ok)
        fputs("earshot-sim: nothing to explain: everything held\n", stderr);
    return ok;
}

static bool draw(const struct es_sim_lines *lines, const char *path)
{
    FILE *out = fopen(path, "we");
    bool ok = out != NULL;

    if (ok) {
        es_sim_spacetime(lines, ES_SIM_SPACETIME_FRAMES_MAX, out);
        ok = fclose(out) == 0;
    }
    if (!ok)
        fprintf(stderr, "earshot-sim: %s: %s\n", path, strerror(errno));
    return ok;
}

static int run(const struct es_sim_args *args)
{
    struct es_sim_lines lines;
    bool ok;

    if (!get_lines(args, &lines))
        return ES_SIM_COULD_NOT_RUN;
    ok = lines.violation != NULL;
    if (ok)
        explain(&lines);
    else
        fputs("earshot-sim: nothing to explain: no violation is recorded\n", stderr);
    ok = ok && (args->output == NULL || draw(&lines, args->output));
    es_sim_lines_done(&lines);
    return ok ? 0 : ES_SIM_COULD_NOT_RUN;
}

const struct es_sim_command es_sim_explain = {
    .name = "explain",
    .operands = "SEED|FILE",
    .n_operands = 1,
    .takes = "sdO",
    .help =
        "Tells what led to the violation in a trace, or in a world as for replay: what happened "
        "before\n"
        "it at the nodes that it names, and at those from which something came there. --output "
        "gets\n"
        "the picture: SVG, a column for each node, time downwards.",
    .run = run,
};
