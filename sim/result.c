/* SPDX-License-Identifier: ISC */
/* result.c - runs a world and says what came of it. */
#include "sim/result.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sim/audit/audit.h"
#include "sim/heal.h"
#include "sim/scenario/scenario.h"
#include "sim/version.h"

#define HASH_BYTES_SHOWN 8

void es_sim_result_of(const struct es_sim_world *world, struct es_sim_result *ret)
{
    const struct es_sim_options *options = &world->options;
    uint32_t n_up = 0;

    *ret = (struct es_sim_result){.seed = options->seed,
                                  .events = world->events,
                                  .crashes = world->crashes,
                                  .now_ms = world->now_ms,
                                  .nodes = options->nodes};
    for (uint32_t i = 0; i < options->nodes; i++) {
        ret->node_bytes += world->nodes[i].arena.bytes;
        n_up += world->nodes[i].up;
    }
    ret->node_bytes /= n_up > 0 ? n_up : 1;
    es_sim_world_hash(world, ret->hash);
    memcpy(ret->violation, world->violation, sizeof(ret->violation));
    for (size_t i = 0; i < ES_SIM_MARKS; i++)
        memcpy(ret->marks[i], world->marks[(world->n_marks + i) % ES_SIM_MARKS],
               sizeof(ret->marks[i]));
    memcpy(ret->excused, world->excused, sizeof(ret->excused));
    es_sim_texts_figures(world, &ret->figures);
    es_sim_audit_report(world, &ret->audit);
}

void es_sim_result_run(const struct es_sim_options *options,
                       const struct es_sim_observers *observers, struct es_sim_result *ret)
{
    struct es_sim_world *world = es_sim_world_new(options);

    if (observers != NULL) {
        world->steps = observers->steps;
        world->record = observers->record;
    }
    es_sim_world_run(world);
    es_sim_result_of(world, ret);
    es_sim_world_free(world);
}

void es_sim_result_run_twice(const struct es_sim_options *options, struct es_sim_result *ret)
{
    struct es_sim_steps first = {.n = 0}, second = {.n = 0};
    struct es_sim_result again;
    char one[80], other[80];
    size_t at;

    es_sim_result_run(options, &(struct es_sim_observers){.steps = &first}, ret);
    es_sim_result_run(options, &(struct es_sim_observers){.steps = &second}, &again);
    at = es_sim_steps_part(&first, &second);
    if (at < first.n || at < second.n) {
        es_sim_steps_name(&first, at, one, sizeof(one));
        es_sim_steps_name(&second, at, other, sizeof(other));
        snprintf(ret->violation, sizeof(ret->violation),
                 "Z1: the runs part at event %zu: %s; the second time %s", at + 1, one, other);
    }
    free(first.all);
    free(second.all);
}

enum es_sim_verdict es_sim_result_verdict(const struct es_sim_result *result)
{
    return result->violation[0] == '\0' ? ES_SIM_HELD
                                        : es_sim_property_of(result->violation)->broken;
}

static void hash_text(const struct es_sim_result *result, char ret[static 2 * HASH_BYTES_SHOWN + 1])
{
    for (size_t i = 0; i < HASH_BYTES_SHOWN; i++)
        snprintf(ret + 2 * i, 3, "%02x", result->hash[i]);
}

/* ", 3 never reachable" and the like; empty when everything had to arrive. */
static void excuses_text(const struct es_sim_result *result, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (int i = 0; i < ES_SIM_EXCUSES && len < cap; i++)
        if (result->excused[i] > 0)
            len += (size_t)snprintf(buf + len, cap - len, ", %llu %s",
                                    (unsigned long long)result->excused[i],
                                    es_sim_excuse_name((enum es_sim_excuse)i));
}

static json_t *excuses_json(const struct es_sim_result *result)
{
    json_t *json = json_object();

    for (int i = 0; i < ES_SIM_EXCUSES; i++)
        json_object_set_new(json, es_sim_excuse_name((enum es_sim_excuse)i),
                            json_integer((json_int_t)result->excused[i]));
    return json;
}

void es_sim_result_print(const struct es_sim_result *result)
{
    char hash[2 * HASH_BYTES_SHOWN + 1], excuses[128];

    hash_text(result, hash);
    excuses_text(result, excuses, sizeof(excuses));
    printf("seed %llu: %s, %u nodes, %.1f s, %llu events, %llu crashes%s, hash %s\n",
           (unsigned long long)result->seed,
           result->violation[0] == '\0' ? "ok" : result->violation, result->nodes,
           (double)result->now_ms / 1000, (unsigned long long)result->events,
           (unsigned long long)result->crashes, excuses, hash);
    fflush(stdout);
}

/* As docs/trace.md names them. */
static const struct {
    const char *name;
    size_t at;
} figure_names[] = {
    {"written", offsetof(struct es_sim_figures, written)},
    {"queued", offsetof(struct es_sim_figures, queued)},
    {"arrived", offsetof(struct es_sim_figures, arrived)},
    {"delivered", offsetof(struct es_sim_figures, delivered)},
    {"frames", offsetof(struct es_sim_figures, frames)},
    {"bytes", offsetof(struct es_sim_figures, frame_bytes)},
    {"latency_sum_ms", offsetof(struct es_sim_figures, latency_sum_ms)},
    {"latency_p50_ms", offsetof(struct es_sim_figures, latency_ms[0])},
    {"latency_p90_ms", offsetof(struct es_sim_figures, latency_ms[1])},
    {"latency_p99_ms", offsetof(struct es_sim_figures, latency_ms[2])},
    {"latency_max_ms", offsetof(struct es_sim_figures, latency_ms[3])},
};
#define FIGURES (sizeof(figure_names) / sizeof(figure_names[0]))

static json_t *figures_json(const struct es_sim_figures *figures)
{
    json_t *json = json_object();

    for (size_t i = 0; i < FIGURES; i++) {
        uint64_t value;

        memcpy(&value, (const char *)figures + figure_names[i].at, sizeof(value));
        json_object_set_new(json, figure_names[i].name, json_integer((json_int_t)value));
    }
    return json;
}

bool es_sim_figures_read(const json_t *json, struct es_sim_figures *ret)
{
    for (size_t i = 0; i < FIGURES; i++) {
        const json_t *number = json_object_get(json, figure_names[i].name);
        uint64_t value = (uint64_t)json_integer_value(number);

        if (!json_is_integer(number) || json_integer_value(number) < 0)
            return false;
        memcpy((char *)ret + figure_names[i].at, &value, sizeof(value));
    }
    return true;
}

void es_sim_result_print_json(const struct es_sim_result *result,
                              const struct es_sim_options *options)
{
    enum es_sim_verdict verdict = es_sim_result_verdict(result);
    char hash[2 * HASH_BYTES_SHOWN + 1], seed[32];
    json_t *json;

    hash_text(result, hash);
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)result->seed);
    json =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:s}", "version", ES_VERSION, "commit",
                  es_sim_commit, "seed", seed, "options", es_sim_scenario_json(options), "verdict",
                  es_sim_verdict_name(verdict), "events", (json_int_t)result->events, "crashes",
                  (json_int_t)result->crashes, "ms", (json_int_t)result->now_ms, "hash", hash);
    json_object_set_new(json, "figures", figures_json(&result->figures));
    json_object_set_new(json, "excused", excuses_json(result));
    if (result->audit.worlds > 0)
        json_object_set_new(json, "audit", es_sim_report_json(&result->audit));
    if (verdict != ES_SIM_HELD) {
        json_object_set_new(json, "property",
                            json_string(es_sim_property_of(result->violation)->id));
        json_object_set_new(json, "violation", json_string(result->violation));
    }
    json_dumpf(json, stdout, JSON_COMPACT | ES_SIM_SCENARIO_DIGITS);
    putchar('\n');
    fflush(stdout);
    json_decref(json);
}

void es_sim_result_explain(const struct es_sim_result *result, const char *repro, FILE *out)
{
    const struct es_sim_property *property = es_sim_property_of(result->violation);

    fprintf(out, "%s broken: %s\n", property->id, property->sentence);
    fprintf(out, "  %s\n", result->violation);
    fprintf(out, "  seed %llu, at %.3f s, event %llu, %u nodes; before it:\n",
            (unsigned long long)result->seed, (double)result->now_ms / 1000,
            (unsigned long long)result->events, result->nodes);
    for (size_t i = 0; i < ES_SIM_MARKS; i++)
        if (result->marks[i][0] != '\0')
            fprintf(out, "  %s\n", result->marks[i]);
    fprintf(out, "REPRO: %s\n", repro);
}
