/* SPDX-License-Identifier: ISC */
/* core.c - inputs to the layers, effects out of the batches. */
#include "node/core/core.h"

#include "node/core/batch.h"
#include "node/core/chat/chat.h"
#include "node/core/view.h"
#include "node/core/mutant.h"

struct es_core {
    struct es_env env; /* with chunk() below for its arena */
    struct es_arena arena;
    bool out_of_memory;
    struct es_settings settings;
    struct es_batches *batches;
    struct es_mesh *mesh;
    struct es_chat *chat;
    struct es_counters counters;
    uint64_t now_ms, wall_ms;
    bool started, network;
};

struct es_settings es_settings_default(void)
{
    return (struct es_settings){
        .rotation_ms = 900000,
        .port_min = 42000,
        .port_max = 42099,
        .method = ES_DISCOVERY_AUTO,
        .receipts = true,
        .work_bits = 20,
        .contacts_max = ES_CONTACTS_MAX,
        .links_max = ES_LINKS_MAX,
        .strangers_max = ES_STRANGER_LINKS_MAX,
    };
}

size_t es_core_scratch_bytes(void)
{
    return es_chat_scratch_bytes() + ES_MESH_SCRATCH_BYTES;
}

/* Whoever gets none makes do without and does less than was promised: nothing of that may get out. */
static void *chunk(void *ctx, size_t size)
{
    struct es_core *core = ctx;
    void *bytes = core->arena.chunk(core->arena.ctx, size);

    if (bytes == NULL)
        core->out_of_memory = true;
    return bytes;
}

struct es_core *es_core_new(const struct es_env *env, const struct es_settings *settings)
{
    struct es_core *core = env->arena.chunk(env->arena.ctx, sizeof(*core));
    struct es_mesh_calls calls;
    uint8_t *frames = NULL;

    if (core == NULL)
        return NULL;
    core->env = *env;
    core->arena = env->arena;
    core->env.arena = (struct es_arena){.ctx = core, .chunk = chunk};
    core->settings = *settings;
    core->batches = es_batches_new(&core->env.arena);
    if (core->batches == NULL)
        return NULL;
    core->chat = es_chat_new(&core->env, &core->settings, core->batches);
    if (core->chat == NULL)
        return NULL;
    calls = es_chat_mesh_calls(core->chat);
    if (env->scratch != NULL)
        frames = (uint8_t *)env->scratch + es_chat_scratch_bytes();
    core->mesh = es_mesh_new(&core->env.arena, &core->settings, &calls, frames);
    if (core->mesh == NULL)
        return NULL;
    es_chat_attach(core->chat, core->mesh);
    return core;
}

void es_core_free(struct es_core *core)
{
    if (core == NULL)
        return;
    es_chat_done(core->chat);
    es_mesh_done(core->mesh);
    es_batches_done(core->batches);
}

static struct es_context context_of(struct es_core *core)
{
    return (struct es_context){
        .now_ms = core->now_ms,
        .wall_ms = core->wall_ms,
        .entropy = &core->env.entropy,
        .arena = &core->env.arena,
        .batches = core->batches,
        .counters = &core->counters,
    };
}

static void start_network(struct es_core *core, struct es_context *context)
{
    if (core->started && core->network && es_chat_has_identity(core->chat))
        es_mesh_start(core->mesh, context, es_chat_lasting_secret(core->chat));
}

static void take_counts(struct es_core *core, const struct es_net_counts *counts)
{
    core->counters.of[ES_COUNT_NET_DENIED] += counts->denied;
    core->counters.of[ES_COUNT_NET_FAILED] += counts->failed;
    core->counters.of[ES_COUNT_NET_OVERSIZED] += counts->oversized;
    core->counters.of[ES_COUNT_NET_ADVERTS] += counts->adverts;
}

static enum es_err dispatch(struct es_core *core, struct es_context *context,
                            const struct es_input *input)
{
    switch (input->kind) {
    case ES_IN_ROW:
        return es_chat_restore(core->chat, input->row) ? ES_OK : ES_E_ROW;
    case ES_IN_START:
        core->started = true;
        es_chat_start(core->chat, context);
        start_network(core, context);
        break;
    case ES_IN_NETWORK:
        core->network = true;
        start_network(core, context);
        break;
    case ES_IN_REPORT:
        if (input->report->kind == ES_REPORT_COUNTS)
            take_counts(core, &input->report->counts);
        else if (core->started && es_chat_has_identity(core->chat))
            es_mesh_report(core->mesh, context, input->report);
        break;
    case ES_IN_COMMAND:
        es_chat_command(core->chat, context, input->command);
        if (input->command->kind == ES_CMD_INIT)
            start_network(core, context);
        break;
    case ES_IN_TIMER:
        if (core->network && es_chat_has_identity(core->chat))
            es_mesh_timer(core->mesh, context);
        es_chat_timer(core->chat, context);
        break;
    }
    return ES_OK;
}

enum es_err es_core_input(struct es_core *core, const struct es_input *input)
{
    struct es_context context;
    enum es_err err;

    if (!es_batches_have_room(core->batches))
        return ES_E_FULL;
    if (ES_MUTANT(TIMERS_BY_WALL_CLOCK))
        core->now_ms = input->wall_ms;
    else if (input->now_ms < core->now_ms)
        es_count(&core->counters, ES_COUNT_CLOCK_BACKWARDS);
    else
        core->now_ms = input->now_ms;
    core->wall_ms = input->wall_ms;
    context = context_of(core);
    err = dispatch(core, &context, input);
    if (core->out_of_memory)
        return ES_E_MEMORY;
    if (err != ES_OK)
        return err;
    /* No es_core_take() follows at once: until one does other cores use the scratch. */
    if (core->network && es_batches_full(core->batches))
        es_mesh_flush(core->mesh, &context);
    if (es_chat_read_failed(core->chat))
        return ES_E_STORE;
    return core->out_of_memory ? ES_E_MEMORY : ES_OK;
}

static bool has_failed(const struct es_core *core)
{
    return core->out_of_memory || es_chat_read_failed(core->chat);
}

bool es_core_take(struct es_core *core, struct es_effects *ret)
{
    struct es_context context = context_of(core);

    if (es_batches_full(core->batches))
        return false;
    es_chat_settle(core->chat, &context);
    if (core->network)
        es_mesh_flush(core->mesh, &context);
    /* Memory is ahead of what could be read, or there was too little: the next input says so. */
    return !has_failed(core) && es_batches_take(core->batches, ret);
}

void es_core_durable(struct es_core *core)
{
    es_batches_durable(core->batches);
}

uint64_t es_core_wake_at(const struct es_core *core)
{
    uint64_t chat_ms = has_failed(core) ? core->now_ms : es_chat_wake_at(core->chat, core->now_ms);
    uint64_t mesh_ms = core->network && core->started && es_chat_has_identity(core->chat)
                           ? es_mesh_wake_at(core->mesh)
                           : UINT64_MAX;

    return chat_ms < mesh_ms ? chat_ms : mesh_ms;
}

/* --- Views ------------------------------------------------------------------------------------ */

void es_core_self(const struct es_core *core, struct es_self_view *ret)
{
    es_chat_self(core->chat, ret);
}

bool es_core_contact_next(const struct es_core *core, size_t *io_at, struct es_contact_view *ret)
{
    return es_chat_contact_next(core->chat, io_at, ret);
}

bool es_core_contact(const struct es_core *core, uint32_t contact, struct es_contact_view *ret)
{
    return es_chat_contact(core->chat, contact, ret);
}

bool es_core_request_next(const struct es_core *core, size_t *io_at, struct es_request_view *ret)
{
    return es_chat_request_next(core->chat, io_at, ret);
}

bool es_core_label(const struct es_core *core, uint32_t contact, struct es_label *ret)
{
    return es_chat_label(core->chat, contact, ret);
}

bool es_core_safety_number(const struct es_core *core, uint32_t contact,
                           char ret[static ES_SAFETY_CHARS + 1])
{
    return es_chat_safety_number(core->chat, contact, ret);
}

enum es_err es_core_resolve(const struct es_core *core, struct es_slice who, uint32_t *ret_contact,
                            char *ret_candidates, size_t candidates_cap)
{
    return es_chat_resolve(core->chat, who, ret_contact, ret_candidates, candidates_cap);
}

const struct es_counters *es_core_counters(const struct es_core *core)
{
    return &core->counters;
}

const struct es_mesh *es_core_mesh(const struct es_core *core)
{
    return core->mesh;
}

enum es_message_state es_core_message_state(const struct es_core *core,
                                            const struct es_message *message)
{
    return es_chat_message_state(core->chat, message);
}
