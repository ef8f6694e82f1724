/* SPDX-License-Identifier: ISC */
/* spacetime.c - the space-time diagram as SVG. Moments at which something is drawn follow each other at a
 * distance that grows little with the time between them: what happens at once can be told apart, and
 * minutes of silence take no paper. */
#include "sim/report/spacetime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

#define TOP 60
#define LEFT 90
#define COLUMN_WIDTH 110
#define STEP_MIN 7.0
#define STEP_MAX 40.0
/* Between two times that are written at the side. */
#define LABEL_DISTANCE 14.0

struct picture {
    const struct es_sim_lines *lines;
    FILE *out;
    size_t from;    /* the first line that is drawn */
    bool *in;       /* of each line: it had a part in the violation */
    double *y;      /* of each line */
    size_t n_nodes; /* of the world */
    uint32_t *column;
    uint32_t n_columns;
    size_t *end; /* of each frame: the line in which it arrives or is lost */
    size_t n_frames;
    double height;
};

/* --- What is drawn, and where -------------------------------------------------------------------- */

static bool is_drawn(const struct es_sim_line *line)
{
    static const char *const quiet[] = {"** ANSWER", "** LISTENING", "** PRESENT", "** GONE"};

    if (line->kind == ES_SIM_LINE_OTHER || line->node == ES_SIM_NOBODY)
        return false;
    if (line->kind == ES_SIM_LINE_SENT)
        return strcmp(line->what, "ADVERT") != 0;
    for (size_t i = 0; line->kind == ES_SIM_LINE_MARK && i < sizeof(quiet) / sizeof(quiet[0]); i++)
        if (strncmp(line->what, quiet[i], strlen(quiet[i])) == 0)
            return false;
    return true;
}

static void choose_lines(struct picture *picture, size_t frames_max)
{
    size_t n = 0, i = picture->lines->n;

    while (i > 0 && n < frames_max) {
        const struct es_sim_line *line = &picture->lines->all[--i];

        n += line->kind == ES_SIM_LINE_SENT && is_drawn(line);
    }
    picture->from = i;
}

static void find_ends(struct picture *picture)
{
    const struct es_sim_lines *lines = picture->lines;

    for (size_t i = 0; i < lines->n; i++)
        if (lines->all[i].frame >= picture->n_frames)
            picture->n_frames = lines->all[i].frame + 1;
    picture->end = es_sim_zeroed((picture->n_frames + 1) * sizeof(picture->end[0]));
    for (size_t i = 0; i < lines->n; i++)
        if (lines->all[i].kind == ES_SIM_LINE_ARRIVED || lines->all[i].kind == ES_SIM_LINE_LOST)
            picture->end[lines->all[i].frame] = i;
}

static void find_causes(struct picture *picture)
{
    bool *nodes = es_sim_zeroed((picture->n_nodes + 1) * sizeof(nodes[0]));

    if (es_sim_lines_blamed(picture->lines, nodes, picture->n_nodes))
        es_sim_lines_cone(picture->lines, nodes, picture->n_nodes, picture->in);
    free(nodes);
}

static void place_columns(struct picture *picture)
{
    bool *seen = es_sim_zeroed((picture->n_nodes + 1) * sizeof(seen[0]));

    for (size_t i = picture->from; i < picture->lines->n; i++) {
        const struct es_sim_line *line = &picture->lines->all[i];

        if (!is_drawn(line) || line->node >= picture->n_nodes)
            continue;
        seen[line->node] = true;
        if (line->kind == ES_SIM_LINE_SENT && line->to < picture->n_nodes)
            seen[line->to] = true;
    }
    for (uint32_t node = 0; node < picture->n_nodes; node++)
        picture->column[node] = seen[node] ? picture->n_columns++ : 0;
    free(seen);
}

static void place_lines(struct picture *picture)
{
    double y = TOP;
    uint64_t last = 0;

    for (size_t i = picture->from; i < picture->lines->n; i++) {
        const struct es_sim_line *line = &picture->lines->all[i];

        if (is_drawn(line) && i > picture->from) {
            double apart = (double)(line->t > last ? line->t - last : 0);

            y += fmin(STEP_MAX, STEP_MIN + 4 * log1p(apart));
            last = line->t;
        }
        picture->y[i] = y;
    }
    picture->height = y + TOP;
}

static double x_of(const struct picture *picture, uint32_t node)
{
    return LEFT + COLUMN_WIDTH * (0.5 + picture->column[node]);
}

/* --- Drawing ------------------------------------------------------------------------------------ */

static void escape(const char *text, FILE *out)
{
    for (; *text != '\0'; text++)
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            putc(*text, out);
}

static void draw_columns(const struct picture *picture)
{
    for (uint32_t node = 0, next = 0; node < picture->n_nodes && next < picture->n_columns;
         node++) {
        if (picture->column[node] != next)
            continue;
        next++;
        fprintf(picture->out,
                "<line class=\"n\" x1=\"%.0f\" y1=\"%d\" x2=\"%.0f\" y2=\"%.0f\"/>"
                "<text class=\"h\" x=\"%.0f\" y=\"%d\">node %u</text>\n",
                x_of(picture, node), TOP - 20, x_of(picture, node), picture->height - TOP / 2.0,
                x_of(picture, node), TOP - 30, node);
    }
}

static void draw_frame(const struct picture *picture, size_t i)
{
    const struct es_sim_line *sent = &picture->lines->all[i];
    size_t end = picture->end[sent->frame];
    bool arrived = end > i && picture->lines->all[end].kind == ES_SIM_LINE_ARRIVED;
    double y = end > i ? picture->y[end] : picture->y[i] + STEP_MAX;
    double x1 = x_of(picture, sent->from), x2 = x_of(picture, sent->to), x = x1 + (x2 - x1) * 0.85;
    bool in = arrived && picture->in[end];

    fprintf(picture->out,
            "<g class=\"%s\"><title>%s, %u bytes, node %u at %.3f s to node %u %s</title>"
            "<line x1=\"%.0f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
            !arrived ? "l"
            : in     ? "f"
                     : "o",
            sent->what, sent->bytes, sent->from, (double)sent->t / 1000, sent->to,
            arrived ? "" : "(lost)", x1, picture->y[i], arrived ? x2 : x, y);
    if (arrived)
        fprintf(picture->out, "<circle cx=\"%.0f\" cy=\"%.1f\" r=\"2\"/>", x2, y);
    else
        fprintf(picture->out, "<text x=\"%.1f\" y=\"%.1f\">\xc3\x97</text>", x, y + 4);
    fprintf(picture->out, "</g>\n");
}

static void draw_event(const struct picture *picture, const struct es_sim_line *line, double y)
{
    bool is_fault = line->kind == ES_SIM_LINE_FAULT || strcmp(line->what, "crash") == 0;
    const char *what = strncmp(line->what, "** ", 3) == 0 ? line->what + 3 : line->what;
    double x = x_of(picture, line->node);

    fprintf(
        picture->out,
        "<g class=\"%s\"><title>%.3f s, node %u</title><circle cx=\"%.0f\" cy=\"%.1f\" r=\"4\"/>"
        "<text x=\"%.0f\" y=\"%.1f\">",
        is_fault ? "x" : "e", (double)line->t / 1000, line->node, x, y, x + 7, y + 3);
    if (line->kind == ES_SIM_LINE_TEXT)
        fprintf(picture->out, "text %u of %u to %u ", line->number, line->from, line->to);
    if (strncmp(what, "DELIVERED", 9) == 0 || strncmp(what, "MESSAGE", 7) == 0)
        fprintf(picture->out, "%.*s", (int)strcspn(what, " "), what);
    else
        escape(what, picture->out);
    fprintf(picture->out, "</text></g>\n");
}

static void draw_lines(const struct picture *picture)
{
    double label = -LABEL_DISTANCE;

    for (size_t i = picture->from; i < picture->lines->n; i++) {
        const struct es_sim_line *line = &picture->lines->all[i];

        if (!is_drawn(line) || line->node >= picture->n_nodes)
            continue;
        if (picture->y[i] >= label + LABEL_DISTANCE) {
            label = picture->y[i];
            fprintf(picture->out, "<text class=\"t\" x=\"%d\" y=\"%.1f\">%.3f s</text>\n", LEFT - 8,
                    label + 3, (double)line->t / 1000);
        }
        if (line->kind == ES_SIM_LINE_SENT && line->to < picture->n_nodes)
            draw_frame(picture, i);
        else if (line->kind == ES_SIM_LINE_MARK || line->kind == ES_SIM_LINE_FAULT ||
                 line->kind == ES_SIM_LINE_TEXT)
            draw_event(picture, line, picture->y[i]);
    }
}

static void draw_violation(const struct picture *picture)
{
    const json_t *violation = picture->lines->violation;
    const char *text = json_string_value(json_object_get(violation, "text"));
    double y = picture->height - TOP / 2.0;

    if (text == NULL)
        return;
    fprintf(picture->out,
            "<g class=\"v\"><line x1=\"0\" y1=\"%.1f\" x2=\"%u\" y2=\"%.1f\"/>"
            "<text x=\"8\" y=\"%.1f\">",
            y, LEFT + COLUMN_WIDTH * picture->n_columns, y, y + 16);
    escape(text, picture->out);
    fprintf(picture->out, "</text></g>\n");
}

static void begin_svg(const struct picture *picture)
{
    unsigned width = LEFT + COLUMN_WIDTH * (picture->n_columns + 1);

    if (width < 640)
        width = 640;
    fprintf(picture->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %.0f\" width=\"%u\" "
            "font-family=\"sans-serif\" font-size=\"9\">\n",
            width, picture->height, width);
    fputs("<style>svg{background:#fff}.n{stroke:#bbb}.h{font-size:12px;text-anchor:middle}"
          ".t{fill:#777;text-anchor:end}.f{stroke:#1b5e9b;fill:#1b5e9b}"
          ".o{stroke:#c9d3dc;fill:#c9d3dc}.l{stroke:#c62828;stroke-dasharray:3 2}"
          ".l text,.x{fill:#c62828}.e{fill:#333}.v{stroke:#c62828;stroke-width:2}"
          ".v text{stroke:none;fill:#c62828;font-size:12px;font-weight:bold}</style>\n",
          picture->out);
}

void es_sim_spacetime(const struct es_sim_lines *lines, size_t frames_max, FILE *out)
{
    struct picture picture = {
        .lines = lines,
        .out = out,
        .in = es_sim_zeroed((lines->n + 1) * sizeof(picture.in[0])),
        .y = es_sim_zeroed((lines->n + 1) * sizeof(picture.y[0])),
        .n_nodes = (size_t)json_integer_value(json_object_get(lines->meta, "nodes")),
    };

    picture.column = es_sim_zeroed((picture.n_nodes + 1) * sizeof(picture.column[0]));
    choose_lines(&picture, frames_max);
    find_ends(&picture);
    find_causes(&picture);
    place_columns(&picture);
    place_lines(&picture);
    begin_svg(&picture);
    draw_columns(&picture);
    draw_lines(&picture);
    draw_violation(&picture);
    fputs("</svg>\n", out);
    free(picture.in);
    free(picture.y);
    free(picture.column);
    free(picture.end);
}
