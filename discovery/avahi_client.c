/* SPDX-License-Identifier: ISC */
/* avahi_client.c - the mDNS stack of a running avahi-daemon, by D-Bus.
 *
 * The daemon publishes the machine's name whatever we do; our records do not lead to it: they have a
 * random host name of their own. */
#include "discovery/avahi_client.h"

#include <stdio.h>
#include <stdlib.h>

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/error.h>

#include "discovery/library.h"

/* What is used of the library; see library.h for why it is not simply linked. */
#define LIBRARY "libavahi-client.so.3"
#define FUNCTIONS(F)                                                                               \
    F(client_new)                                                                                  \
    F(client_free)                                                                                 \
    F(client_errno)                                                                                \
    F(entry_group_new)                                                                             \
    F(entry_group_add_record)                                                                      \
    F(entry_group_commit)                                                                          \
    F(entry_group_free)                                                                            \
    F(service_browser_new)                                                                         \
    F(service_browser_free)                                                                        \
    F(service_resolver_new)                                                                        \
    F(service_resolver_free)

#define POINTER(name) __typeof__(avahi_##name) *name;
#define NAME(name) "avahi_" #name,

static struct {
    FUNCTIONS(POINTER)
} avahi;
static const char *const function_names[] = {FUNCTIONS(NAME)};
#define N_FUNCTIONS (sizeof(function_names) / sizeof(function_names[0]))
_Static_assert(sizeof(avahi) == sizeof(function_names), "one pointer for each name");

struct es_stack {
    const struct es_stack_host *host;
    AvahiClient *client;
    AvahiServiceBrowser *browser;
    AvahiEntryGroup *group; /* what is published */
};

static void fail(const struct es_stack_host *host, int error)
{
    char problem[ES_PROBLEM_BYTES_MAX];

    if (error == AVAHI_ERR_DISCONNECTED || error == AVAHI_ERR_NO_DAEMON)
        (void)snprintf(problem, sizeof(problem), "avahi-daemon is not running");
    else if (error == AVAHI_ERR_DBUS_ERROR)
        (void)snprintf(problem, sizeof(problem), "avahi-daemon cannot be reached by D-Bus");
    else
        (void)snprintf(problem, sizeof(problem), "avahi-daemon refuses: %s", avahi_strerror(error));
    host->failed(host->ctx, problem);
}

static void on_group(AvahiEntryGroup *group, AvahiEntryGroupState state, void *userdata)
{
    struct es_stack *stack = userdata;

    if (!stack->group || group == stack->group) /* not one that is being replaced */
        es_stack_group_changed(stack->host, state);
}

static void on_browser(AvahiServiceBrowser *browser, AvahiIfIndex interface, AvahiProtocol protocol,
                       AvahiBrowserEvent event, const char *name, const char *type,
                       const char *domain, AvahiLookupResultFlags flags, void *userdata)
{
    struct es_stack *stack = userdata;
    const struct es_stack_host *host = stack->host;
    char interface_name[IF_NAMESIZE];

    (void)browser;
    (void)type;
    (void)domain;
    switch (event) {
    case AVAHI_BROWSER_NEW:
        if (flags & AVAHI_LOOKUP_RESULT_OUR_OWN)
            host->browse->own_heard = true;
        /* The daemon listens on more interfaces than we were told to use. */
        else if (interface > 0 && if_indextoname((unsigned)interface, interface_name) &&
                 es_interfaces_named(host->interfaces, interface_name))
            es_browse_added(host->browse, interface, protocol, name);
        break;
    case AVAHI_BROWSER_REMOVE:
        es_browse_removed(host->browse, &host->resolving, interface, protocol, name);
        break;
    case AVAHI_BROWSER_FAILURE:
        fail(host, avahi.client_errno(stack->client));
        break;
    case AVAHI_BROWSER_CACHE_EXHAUSTED:
    case AVAHI_BROWSER_ALL_FOR_NOW:
        break;
    }
}

static void on_resolver(AvahiServiceResolver *resolver, AvahiIfIndex interface,
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
    avahi.service_resolver_free(resolver);
}

/* Also called from within avahi.client_new(), which has not returned its client then. */
static void on_client(AvahiClient *client, AvahiClientState state, void *userdata)
{
    struct es_stack *stack = userdata;

    stack->client = client;
    switch (state) {
    case AVAHI_CLIENT_FAILURE:
        fail(stack->host, avahi.client_errno(client));
        break;
    case AVAHI_CLIENT_S_RUNNING:
        if (stack->browser)
            break;
        stack->browser =
            avahi.service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, ES_SERVICE_TYPE,
                                      ES_DOMAIN, AVAHI_LOOKUP_USE_MULTICAST, on_browser, stack);
        if (stack->browser)
            stack->host->ready(stack->host->ctx);
        else
            fail(stack->host, avahi.client_errno(client));
        break;
    case AVAHI_CLIENT_S_REGISTERING: /* the daemon's own host name, none of ours */
    case AVAHI_CLIENT_S_COLLISION:
    case AVAHI_CLIENT_CONNECTING: /* waits for the daemon */
        break;
    }
}

static void client_close(struct es_stack *stack)
{
    if (!stack)
        return;
    if (stack->group)
        avahi.entry_group_free(stack->group);
    if (stack->browser)
        avahi.service_browser_free(stack->browser);
    if (stack->client)
        avahi.client_free(stack->client);
    free(stack);
}

static struct es_stack *client_open(const struct es_stack_host *host)
{
    struct es_stack *stack = NULL;
    int error = AVAHI_ERR_NO_MEMORY;

    if (!es_library_load(LIBRARY, function_names, N_FUNCTIONS, &avahi)) {
        host->failed(host->ctx, LIBRARY " is not installed");
        return NULL;
    }
    if ((stack = calloc(1, sizeof(*stack)))) {
        stack->host = host;
        stack->client =
            avahi.client_new(host->poll, AVAHI_CLIENT_NO_FAIL, on_client, stack, &error);
    }
    if (!stack || !stack->client) {
        fail(host, error);
        client_close(stack);
        return NULL;
    }
    return stack;
}

static bool add_record(AvahiEntryGroup *group, const struct es_record *record)
{
    /* As in the embedded stack: names of 80 random bits need no probing. */
    const AvahiPublishFlags unique = AVAHI_PUBLISH_UNIQUE | AVAHI_PUBLISH_NO_PROBE;

    return avahi.entry_group_add_record(group, record->interface, record->protocol,
                                        record->unique ? unique : 0, record->name,
                                        AVAHI_DNS_CLASS_IN, record->type, ES_RECORD_TTL_S,
                                        record->data, record->data_len) >= 0;
}

static const char *client_publish(struct es_stack *stack, const struct es_record *records, size_t n)
{
    AvahiEntryGroup *old = stack->group;
    AvahiEntryGroup *group = avahi.entry_group_new(stack->client, on_group, stack);
    bool good = group != NULL;

    for (size_t i = 0; good && i < n; i++)
        good = add_record(group, &records[i]);
    if (good) {
        stack->group = group;
        good = avahi.entry_group_commit(group) >= 0;
    }
    if (!good) {
        const int error = avahi.client_errno(stack->client);
        stack->group = old;
        if (group)
            avahi.entry_group_free(group);
        return avahi_strerror(error);
    }
    if (old)
        avahi.entry_group_free(old);
    return NULL;
}

static void client_withdraw(struct es_stack *stack)
{
    if (stack->group)
        avahi.entry_group_free(stack->group);
    stack->group = NULL;
}

static void *client_resolve(void *ctx, const struct es_instance *instance)
{
    struct es_stack *stack = ctx;

    return avahi.service_resolver_new(
        stack->client, instance->interface, instance->protocol, instance->name, ES_SERVICE_TYPE,
        ES_DOMAIN, instance->protocol, AVAHI_LOOKUP_USE_MULTICAST, on_resolver, stack);
}

static void client_cancel(void *resolver)
{
    avahi.service_resolver_free(resolver);
}

const struct es_stack_ops es_avahi_client_ops = {
    .method = ES_DISCOVERY_AVAHI_DAEMON,
    .all_interfaces = true,
    .waiting = "avahi-daemon is not running",
    .open = client_open,
    .close = client_close,
    .publish = client_publish,
    .withdraw = client_withdraw,
    .resolve = client_resolve,
    .cancel = client_cancel,
};
