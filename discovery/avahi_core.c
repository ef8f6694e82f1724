/* SPDX-License-Identifier: ISC */
/* avahi_core.c - Avahi's mDNS stack inside this process.
 *
 * Everything that the stack would publish of its own accord is off: the machine's name and addresses
 * are not ours to tell. What it does publish is records of our making. */
#include "discovery/avahi_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>

#include "discovery/library.h"

/* What is used of the library; see library.h for why it is not simply linked. */
#define LIBRARY "libavahi-core.so.7"
#define FUNCTIONS(F)                                                                               \
    F(server_config_init)                                                                          \
    F(server_config_free)                                                                          \
    F(server_new)                                                                                  \
    F(server_free)                                                                                 \
    F(server_errno)                                                                                \
    F(server_add)                                                                                  \
    F(set_log_function)                                                                            \
    F(record_new_full)                                                                             \
    F(record_unref)                                                                                \
    F(rdata_parse)                                                                                 \
    F(s_entry_group_new)                                                                           \
    F(s_entry_group_commit)                                                                        \
    F(s_entry_group_free)                                                                          \
    F(s_service_browser_new)                                                                       \
    F(s_service_browser_free)                                                                      \
    F(s_service_resolver_new)                                                                      \
    F(s_service_resolver_free)

#define POINTER(name) __typeof__(avahi_##name) *name;
#define NAME(name) "avahi_" #name,

static struct {
    FUNCTIONS(POINTER)
} avahi;
static const char *const function_names[] = {FUNCTIONS(NAME)};
#define N_FUNCTIONS (sizeof(function_names) / sizeof(function_names[0]))
_Static_assert(sizeof(avahi) == sizeof(function_names), "one pointer for each name");

/* Per interface and address family: four records for each of 1,000 adverts. The stack searches them
 * one by one. */
#define CACHE_ENTRIES_MAX 4096

struct es_stack {
    const struct es_stack_host *host;
    AvahiServer *server;
    AvahiSServiceBrowser *browser;
    AvahiSEntryGroup *group; /* what is published */
};

/* The stack's messages name records and addresses of neighbours: not for any log. */
static void discard_log(AvahiLogLevel level, const char *text)
{
    (void)level;
    (void)text;
}

static void fail(const struct es_stack_host *host, int error)
{
    char problem[ES_PROBLEM_BYTES_MAX];

    (void)snprintf(problem, sizeof(problem), "multicast DNS does not work here: %s",
                   avahi_strerror(error));
    host->failed(host->ctx, problem);
}

static void on_server(AvahiServer *server, AvahiServerState state, void *userdata)
{
    struct es_stack *stack = userdata;

    switch (state) {
    case AVAHI_SERVER_FAILURE:
        fail(stack->host, avahi.server_errno(server));
        break;
    case AVAHI_SERVER_COLLISION: /* over a host name that is not published: nothing is lost */
    case AVAHI_SERVER_INVALID:
    case AVAHI_SERVER_REGISTERING:
    case AVAHI_SERVER_RUNNING:
        break;
    }
}

static void on_group(AvahiServer *server, AvahiSEntryGroup *group, AvahiEntryGroupState state,
                     void *userdata)
{
    struct es_stack *stack = userdata;

    (void)server;
    if (!stack->group || group == stack->group) /* not one that is being replaced */
        es_stack_group_changed(stack->host, state);
}

static void on_browser(AvahiSServiceBrowser *browser, AvahiIfIndex interface,
                       AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
                       const char *type, const char *domain, AvahiLookupResultFlags flags,
                       void *userdata)
{
    struct es_stack *stack = userdata;
    const struct es_stack_host *host = stack->host;

    (void)browser;
    (void)type;
    (void)domain;
    switch (event) {
    case AVAHI_BROWSER_NEW:
        if (flags & AVAHI_LOOKUP_RESULT_LOCAL)
            host->browse->own_heard = true; /* what is sent comes back by the network alone */
        else
            es_browse_added(host->browse, interface, protocol, name);
        break;
    case AVAHI_BROWSER_REMOVE:
        es_browse_removed(host->browse, &host->resolving, interface, protocol, name);
        break;
    case AVAHI_BROWSER_FAILURE:
        fail(host, avahi.server_errno(stack->server));
        break;
    case AVAHI_BROWSER_CACHE_EXHAUSTED:
    case AVAHI_BROWSER_ALL_FOR_NOW:
        break;
    }
}

static void on_resolver(AvahiSServiceResolver *resolver, AvahiIfIndex interface,
                        AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
                        const char *type, const char *domain, const char *host_name,
                        const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
                        AvahiLookupResultFlags flags, void *userdata)
{
    struct es_stack *stack = userdata;

    (void)type;
    (void)domain;
    (void)host_name;
    (void)flags;
    es_stack_resolved(stack->host, event, interface, protocol, name, address, port, txt);
    avahi.s_service_resolver_free(resolver);
}

/* The list that Avahi wants, out of names separated by commas. */
static AvahiStringList *list_of(const char *names)
{
    AvahiStringList *list = NULL;

    for (const char *at = names; *at != '\0';) {
        const size_t len = strcspn(at, ", ");
        if (len > 0)
            list = avahi_string_list_add_arbitrary(list, (const uint8_t *)at, len);
        at += len;
        at += strspn(at, ", ");
    }
    return list;
}

static AvahiServer *new_server(struct es_stack *stack, int *ret_error)
{
    AvahiServerConfig config;

    avahi.set_log_function(discard_log);
    avahi.server_config_init(&config);
    config.host_name = avahi_strdup(stack->host->random_host_name);
    config.allow_interfaces = list_of(stack->host->interfaces);
    config.publish_addresses = 0;
    config.publish_hinfo = 0;
    config.publish_workstation = 0;
    config.publish_domain = 0;
    config.publish_aaaa_on_ipv4 = 0;
    config.enable_wide_area = 0;
    config.enable_reflector = 0;
    config.n_cache_entries_max = CACHE_ENTRIES_MAX;
    AvahiServer *server = avahi.server_new(stack->host->poll, &config, on_server, stack, ret_error);
    avahi.server_config_free(&config);
    return server;
}

static void core_close(struct es_stack *stack)
{
    if (!stack)
        return;
    if (stack->group)
        avahi.s_entry_group_free(stack->group);
    if (stack->browser)
        avahi.s_service_browser_free(stack->browser);
    if (stack->server)
        avahi.server_free(stack->server);
    free(stack);
}

static struct es_stack *core_open(const struct es_stack_host *host)
{
    struct es_stack *stack = NULL;
    int error = AVAHI_ERR_NO_MEMORY;

    if (!es_library_load(LIBRARY, function_names, N_FUNCTIONS, &avahi)) {
        host->failed(host->ctx, LIBRARY " is not installed");
        return NULL;
    }
    if ((stack = calloc(1, sizeof(*stack)))) {
        stack->host = host;
        stack->server = new_server(stack, &error);
    }
    if (stack && stack->server) {
        stack->browser = avahi.s_service_browser_new(stack->server, AVAHI_IF_UNSPEC,
                                                     AVAHI_PROTO_UNSPEC, ES_SERVICE_TYPE, ES_DOMAIN,
                                                     AVAHI_LOOKUP_USE_MULTICAST, on_browser, stack);
        error = avahi.server_errno(stack->server);
    }
    if (!stack || !stack->browser) {
        fail(host, error);
        core_close(stack);
        return NULL;
    }
    host->ready(host->ctx);
    return stack;
}

static bool add_record(struct es_stack *stack, AvahiSEntryGroup *group,
                       const struct es_record *record)
{
    /* No probing: nobody else has names of 80 random bits (RFC 6762, section 8.1), and whoever
     * answers a probe all the same only wants to keep us off the air. */
    const AvahiPublishFlags unique = AVAHI_PUBLISH_UNIQUE | AVAHI_PUBLISH_NO_PROBE;
    AvahiRecord *rr =
        avahi.record_new_full(record->name, AVAHI_DNS_CLASS_IN, record->type, ES_RECORD_TTL_S);
    bool added = false;

    if (!rr)
        return false;
    if (avahi.rdata_parse(rr, record->data, record->data_len) == 0)
        added = avahi.server_add(stack->server, group, record->interface, record->protocol,
                                 record->unique ? unique : 0, rr) >= 0;
    avahi.record_unref(rr);
    return added;
}

static const char *core_publish(struct es_stack *stack, const struct es_record *records, size_t n)
{
    AvahiSEntryGroup *old = stack->group;
    AvahiSEntryGroup *group = avahi.s_entry_group_new(stack->server, on_group, stack);
    bool good = group != NULL;

    for (size_t i = 0; good && i < n; i++)
        good = add_record(stack, group, &records[i]);
    if (good) {
        stack->group = group;
        good = avahi.s_entry_group_commit(group) >= 0;
    }
    if (!good) {
        stack->group = old;
        if (group)
            avahi.s_entry_group_free(group);
        return avahi_strerror(avahi.server_errno(stack->server));
    }
    if (old)
        avahi.s_entry_group_free(old);
    return NULL;
}

static void core_withdraw(struct es_stack *stack)
{
    if (stack->group)
        avahi.s_entry_group_free(stack->group);
    stack->group = NULL;
}

static void *core_resolve(void *ctx, const struct es_instance *instance)
{
    struct es_stack *stack = ctx;

    /* The address of the family over which the advert came: it is the one that works here. */
    return avahi.s_service_resolver_new(
        stack->server, instance->interface, instance->protocol, instance->name, ES_SERVICE_TYPE,
        ES_DOMAIN, instance->protocol, AVAHI_LOOKUP_USE_MULTICAST, on_resolver, stack);
}

static void core_cancel(void *resolver)
{
    avahi.s_service_resolver_free(resolver);
}

const struct es_stack_ops es_avahi_core_ops = {
    .method = ES_DISCOVERY_EMBEDDED,
    .all_interfaces = false,
    .waiting = "",
    .open = core_open,
    .close = core_close,
    .publish = core_publish,
    .withdraw = core_withdraw,
    .resolve = core_resolve,
    .cancel = core_cancel,
};
