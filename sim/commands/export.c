/* SPDX-License-Identifier: ISC */
/* export.c - a trace for other programs: a table, or a capture of packets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/commands/commands.h"
#include "sim/report/pcapng.h"

static const char *kind_of(const struct es_sim_line *line)
{
    static const char *const kinds[] = {
        [ES_SIM_LINE_MARK] = "mark",       [ES_SIM_LINE_TEXT] = "text",
        [ES_SIM_LINE_SENT] = "frame sent", [ES_SIM_LINE_ARRIVED] = "frame arrived",
        [ES_SIM_LINE_LOST] = "frame lost", [ES_SIM_LINE_FAULT] = "fault",
        [ES_SIM_LINE_OTHER] = "",
    };

    return kinds[line->kind];
}

static void put_node(uint32_t node, FILE *out)
{
    if (node != ES_SIM_NOBODY)
        fprintf(out, "%u", node);
    putc(',', out);
}

/* RFC 4180: what contains commas is quoted; quotes do not occur in our words. */
static void write_csv(const struct es_sim_lines *lines, FILE *out)
{
    fputs("ms,kind,node,from,to,number,bytes,what,id\n", out);
    for (size_t i = 0; i < lines->n; i++) {
        const struct es_sim_line *line = &lines->all[i];
        bool is_frame = line->kind == ES_SIM_LINE_SENT || line->kind == ES_SIM_LINE_ARRIVED ||
                        line->kind == ES_SIM_LINE_LOST;

        if (line->kind == ES_SIM_LINE_OTHER)
            continue;
        fprintf(out, "%llu,%s,", (unsigned long long)line->t, kind_of(line));
        put_node(line->node, out);
        put_node(line->from, out);
        put_node(line->to, out);
        if (is_frame)
            fprintf(out, "%llu", (unsigned long long)line->frame);
        else if (line->kind == ES_SIM_LINE_TEXT)
            fprintf(out, "%u", line->number);
        putc(',', out);
        if (line->kind == ES_SIM_LINE_SENT)
            fprintf(out, "%u", line->bytes);
        fprintf(out, ",\"%s\",%s\n", line->what, line->id);
    }
}

static int run(const struct es_sim_args *args)
{
    const char *path = args->operands[0];
    FILE *file, *out;
    struct es_sim_lines lines;
    bool ok;

    if (args->csv == args->pcapng) {
        fputs("earshot-sim: either --csv or --pcapng\n", stderr);
        return ES_SIM_COULD_NOT_RUN;
    }
    file = fopen(path, "re");
    if (file == NULL)
        fprintf(stderr, "earshot-sim: %s: %s\n", path, strerror(errno));
    if (file == NULL || !es_sim_lines_read(file, path, &lines))
        return ES_SIM_COULD_NOT_RUN;
    fclose(file);
    out = args->output == NULL ? stdout : fopen(args->output, "we");
    ok = out != NULL;
    if (ok) {
        (args->csv ? write_csv : es_sim_pcapng_write)(&lines, out);
        ok = fflush(out) == 0 && ferror(out) == 0;
        ok = (out == stdout || fclose(out) == 0) && ok;
    }
    if (!ok)
        fprintf(stderr, "earshot-sim: %s: %s\n", args->output == NULL ? "output" : args->output,
                strerror(errno));
    es_sim_lines_done(&lines);
    return ok ? 0 : ES_SIM_COULD_NOT_RUN;
}

const struct es_sim_command es_sim_export = {
    .name = "export",
    .operands = "TRACE",
    .n_operands = 1,
    .takes = "CPO",
    .help = "Writes a trace as a table, or its frames as packets for Wireshark and its kin. The "
            "bytes of\n"
            "frames are in it when the trace was recorded with --bytes.",
    .run = run,
};
