/* SPDX-License-Identifier: ISC */
/* record.c - the lines of a trace: docs/trace.md describes each. Numbers and our own words need no
 * escapes; what is longer goes through jansson. */
#include "sim/record.h"

#include <inttypes.h>
#include <jansson.h>

#include "sim/audit/audit.h"
#include "sim/property.h"
#include "sim/scenario/scenario.h"
#include "sim/trace.h"
#include "sim/version.h"

/* A run has some thousand samples at most. */
#define SAMPLES 1000
#define SAMPLE_MS_MIN 1000

static void put_json(FILE *file, json_t *json)
{
    json_dumpf(json, file, JSON_COMPACT | ES_SIM_SCENARIO_DIGITS);
    putc('\n', file);
    json_decref(json);
}

void es_sim_record_begin(struct es_sim_world *world)
{
    struct es_sim_record *record = world->record;
    const struct es_sim_options *options = &world->options;

    if (record == NULL)
        return;
    record->every_ms = options->chaos_ms / SAMPLES;
    if (record->every_ms < SAMPLE_MS_MIN)
        record->every_ms = SAMPLE_MS_MIN;
    put_json(record->file,
             json_pack("{s:s, s:i, s:s, s:s, s:o, s:I, s:I}", "type", "meta", "schema",
                       ES_SIM_RECORD_SCHEMA, "version", ES_VERSION, "commit", es_sim_commit, "seed",
                       json_sprintf("%" PRIu64, options->seed), "nodes", (json_int_t)options->nodes,
                       "sample_ms", (json_int_t)record->every_ms));
    put_json(record->file,
             json_pack("{s:s, s:o}", "type", "options", "options", es_sim_scenario_json(options)));
}

/* --- Samples ------------------------------------------------------------------------------------ */

static void sample(struct es_sim_world *world, uint64_t at_ms)
{
    uint32_t up = 0, queued = 0, links = 0;
    struct es_self_view self;
    uint64_t written = 0;

    for (uint32_t i = 0; i < world->options.nodes; i++) {
        const struct es_sim_node *node = &world->nodes[i];

        for (size_t k = 0; k < node->n_friends; k++)
            written += node->friends[k].next_text;
        if (!node->up)
            continue;
        up++;
        es_core_self(node->core, &self);
        queued += self.queued;
        for (size_t k = 0; k < node->n_ends; k++) {
            const struct es_sim_link *link = &world->links[node->ends[k]];

            links += link->node[0] == i && link->open[0] && link->open[1];
        }
    }
    fprintf(world->record->file,
            "{\"type\":\"sample\",\"t\":%" PRIu64 ",\"up\":%" PRIu32 ",\"links\":%" PRIu32
            ",\"queued\":%" PRIu32 ",\"written\":%" PRIu64 ",\"delivered\":%" PRIu64
            ",\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"events\":%" PRIu64 "}\n",
            at_ms, up, links, queued, written, world->delivered, world->frames_sent,
            world->frame_bytes, world->events);
}

void es_sim_record_time(struct es_sim_world *world, uint64_t now_ms)
{
    struct es_sim_record *record = world->record;

    if (record == NULL || now_ms < record->next_ms)
        return;
    sample(world, now_ms);
    record->next_ms = now_ms - now_ms % record->every_ms + record->every_ms;
}

/* --- What happens ------------------------------------------------------------------------------- */

static FILE *begin(const struct es_sim_world *world, const char *type)
{
    fprintf(world->record->file, "{\"type\":\"%s\",\"t\":%" PRIu64, type, world->now_ms);
    return world->record->file;
}

void es_sim_record_mark(struct es_sim_world *world, const struct es_sim_node *node,
                        const char *what)
{
    FILE *file;

    if (world->record == NULL)
        return;
    file = begin(world, "mark");
    if (node != NULL)
        fprintf(file, ",\"node\":%" PRIu32, node->number);
    fprintf(file, ",\"what\":\"%s\"}\n", what);
}

void es_sim_record_fault(struct es_sim_world *world, const struct es_sim_node *node,
                         enum es_sim_id_kind kind, uint32_t n)
{
    const struct es_sim_id id = {.kind = kind, .node = node->number, .first = n, .last = n};
    char text[ES_SIM_ID_BYTES];

    if (world->record == NULL)
        return;
    es_sim_id_format(&id, text);
    fprintf(begin(world, "fault"), ",\"id\":\"%s\",\"kind\":\"%s\",\"node\":%" PRIu32 "}\n", text,
            es_sim_id_kind_name(kind), node->number);
}

void es_sim_record_text(struct es_sim_world *world, enum es_sim_text_stage stage, uint32_t from,
                        uint32_t to, uint32_t number, uint32_t n)
{
    static const char *const stages[] = {
        [ES_SIM_TEXT_CREATED] = "created",
        [ES_SIM_TEXT_FIRST_COPY] = "first_copy",
        [ES_SIM_TEXT_SHOWN] = "shown",
        [ES_SIM_TEXT_DELIVERED] = "delivered",
    };
    FILE *file;

    if (world->record == NULL)
        return;
    file = begin(world, "msg");
    fprintf(file, ",\"stage\":\"%s\",\"from\":%" PRIu32 ",\"to\":%" PRIu32 ",\"number\":%" PRIu32,
            stages[stage], from, to, number);
    if (stage == ES_SIM_TEXT_CREATED)
        fprintf(file, ",\"id\":\"text/%" PRIu32 "/%" PRIu32 "\"", from, n);
    fputs("}\n", file);
}

void es_sim_record_sent(struct es_sim_world *world, uint64_t frame, uint32_t from, uint32_t to,
                        uint64_t due_ms, struct es_slice bytes)
{
    FILE *file;

    if (world->record == NULL)
        return;
    file = begin(world, "frame");
    fprintf(file,
            ",\"stage\":\"sent\",\"frame\":%" PRIu64 ",\"from\":%" PRIu32 ",\"to\":%" PRIu32
            ",\"due\":%" PRIu64 ",\"kind\":\"%s\",\"bytes\":%zu",
            frame, from, to, due_ms, bytes.len == 0 ? "ADVERT" : es_sim_trace_frame_name(bytes),
            bytes.len);
    if (world->record->bytes && bytes.len > 0) {
        fputs(",\"data\":\"", file);
        for (size_t i = 0; i < bytes.len; i++)
            fprintf(file, "%02x", bytes.ptr[i]);
        putc('"', file);
    }
    fputs("}\n", file);
}

static void fate(struct es_sim_world *world, const char *stage, uint64_t frame, uint32_t to)
{
    if (world->record != NULL)
        fprintf(begin(world, "frame"),
                ",\"stage\":\"%s\",\"frame\":%" PRIu64 ",\"to\":%" PRIu32 "}\n", stage, frame, to);
}

void es_sim_record_arrived(struct es_sim_world *world, uint64_t frame, uint32_t to)
{
    fate(world, "arrived", frame, to);
}

void es_sim_record_lost(struct es_sim_world *world, uint64_t frame, uint32_t to)
{
    fate(world, "lost", frame, to);
}

/* --- The end ------------------------------------------------------------------------------------ */

void es_sim_record_end(struct es_sim_world *world)
{
    const struct es_sim_property *property = es_sim_property_of(world->violation);
    bool broken = world->violation[0] != '\0';
    struct es_sim_report audit;
    uint8_t hash_bytes[ES_SIM_HASH_BYTES];
    char hash[17];

    if (world->record == NULL)
        return;
    sample(world, world->now_ms);
    if (broken) {
        json_t *line =
            json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "type", "violation", "t",
                      (json_int_t)world->now_ms, "event", (json_int_t)world->events, "property",
                      property->id, "sentence", property->sentence, "text", world->violation);

        if (world->violator != ES_SIM_NOBODY)
            json_object_set_new(line, "node", json_integer(world->violator));
        put_json(world->record->file, line);
    }
    es_sim_audit_report(world, &audit);
    if (audit.worlds > 0)
        put_json(world->record->file,
                 json_pack("{s:s, s:I, s:o}", "type", "scan", "t", (json_int_t)world->now_ms,
                           "audit", es_sim_report_json(&audit)));
    es_sim_world_hash(world, hash_bytes);
    for (size_t i = 0; i < 8; i++)
        snprintf(hash + 2 * i, 3, "%02x", hash_bytes[i]);
    put_json(
        world->record->file,
        json_pack("{s:s, s:I, s:s, s:I, s:I, s:s}", "type", "end", "t", (json_int_t)world->now_ms,
                  "verdict", es_sim_verdict_name(broken ? property->broken : ES_SIM_HELD), "events",
                  (json_int_t)world->events, "crashes", (json_int_t)world->crashes, "hash", hash));
}
