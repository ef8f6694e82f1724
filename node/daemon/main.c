/* SPDX-License-Identifier: ISC */
/* main.c - earshotd: options, the database, then the loop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "earshot_version.h"
#include "node/daemon/daemon.h"
#include "node/daemon/identity.h"
#include "node/store/sqlite.h"

#define PASSPHRASE_BYTES_MAX 1024

struct options {
    const char *home, *config, *data, *socket;
    const char *name;
    int passphrase_fd, ready_fd;
    bool init, state;
};

struct paths {
    char config[PATH_MAX], data[PATH_MAX], socket[PATH_MAX];
    char database[PATH_MAX], key[PATH_MAX], net[PATH_MAX];
};

static const char usage[] =
    "usage: earshotd --home DIR [--passphrase-fd N] [--ready-fd N]\n"
    "       earshotd --home DIR --init [--name NAME] [--passphrase-fd N]\n"
    "       earshotd --home DIR --state\n"
    "\n"
    "The node. `earshot` starts it; see earshotd(8).\n"
    "\n"
    "  --home DIR           configuration, database and control socket lie in DIR; or each apart:\n"
    "  --config FILE --data DIR --socket PATH\n"
    "  --init               make the identity, print it, and end\n"
    "  --name NAME          the name that it claims\n"
    "  --state              print how the database is locked, and end\n"
    "  --passphrase-fd N    read the passphrase from descriptor N, up to its end or a newline\n"
    "  --ready-fd N         write a byte to descriptor N when the control socket answers\n";

/* --- Options -------------------------------------------------------------------------------------- */

static bool parse_fd(const char *text, int *ret)
{
    char *end;
    long number = strtol(text, &end, 10);

    *ret = (int)number;
    return end != text && *end == '\0' && number > 2 && number < 1024;
}

static bool parse_options(int argc, char **argv, struct options *ret)
{
    static const struct option known[] = {
        {"home", required_argument, NULL, 'h'},     {"config", required_argument, NULL, 'c'},
        {"data", required_argument, NULL, 'd'},     {"socket", required_argument, NULL, 's'},
        {"name", required_argument, NULL, 'n'},     {"init", no_argument, NULL, 'i'},
        {"state", no_argument, NULL, 't'},          {"passphrase-fd", required_argument, NULL, 'p'},
        {"ready-fd", required_argument, NULL, 'r'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, '?'},           {0},
    };
    bool ok = true;
    int option;

    *ret = (struct options){.name = "", .passphrase_fd = -1, .ready_fd = -1};
    while (ok && (option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'h':
            ret->home = optarg;
            break;
        case 'c':
            ret->config = optarg;
            break;
        case 'd':
            ret->data = optarg;
            break;
        case 's':
            ret->socket = optarg;
            break;
        case 'n':
            ret->name = optarg;
            break;
        case 'i':
            ret->init = true;
            break;
        case 't':
            ret->state = true;
            break;
        case 'p':
            ok = parse_fd(optarg, &ret->passphrase_fd);
            break;
        case 'r':
            ok = parse_fd(optarg, &ret->ready_fd);
            break;
        case 'v':
            puts("earshotd " ES_VERSION);
            exit(0);
        default:
            ok = false;
            break;
        }
    }
    return ok && optind == argc &&
           (ret->home != NULL || (ret->config != NULL && ret->data != NULL && ret->socket != NULL));
}

static bool join(char ret[static PATH_MAX], const char *folder, const char *name)
{
    return snprintf(ret, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* $EARSHOT_NET, beside this program, then libexec. */
static bool find_net(char ret[static PATH_MAX])
{
    const char *named = getenv("EARSHOT_NET");
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (named != NULL && named[0] != '\0')
        return snprintf(ret, PATH_MAX, "%s", named) < PATH_MAX;
    if (len > 0) {
        self[len] = '\0';
        *strrchr(self, '/') = '\0';
        if (join(ret, self, "earshot-net") && access(ret, X_OK) == 0)
            return true;
    }
    return join(ret, ES_LIBEXEC_DIR, "earshot-net");
}

static bool find_paths(const struct options *options, struct paths *ret)
{
    const char *data = options->home != NULL ? options->home : options->data;

    if (snprintf(ret->data, PATH_MAX, "%s", data) >= PATH_MAX || !find_net(ret->net) ||
        !join(ret->database, data, "earshot.db") || !join(ret->key, data, "earshot.key"))
        return false;
    if (options->home != NULL)
        return join(ret->config, data, "earshot.conf") && join(ret->socket, data, "control.sock");
    return snprintf(ret->config, PATH_MAX, "%s", options->config) < PATH_MAX &&
           snprintf(ret->socket, PATH_MAX, "%s", options->socket) < PATH_MAX;
}

/* --- Secrets -------------------------------------------------------------------------------------- */

/* No memory of this process reaches a file or another process of this user. */
static void confine(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

struct passphrase {
    char bytes[PASSPHRASE_BYTES_MAX];
    size_t len; /* 0: none */
};

/* Up to the end or the first newline. False when it is empty or too long. */
static bool read_passphrase(int fd, struct passphrase *ret)
{
    char *newline = NULL;
    size_t len = 0;
    ssize_t n = 1;

    while (newline == NULL && n != 0 && len < sizeof(ret->bytes)) {
        n = read(fd, ret->bytes + len, sizeof(ret->bytes) - len);
        if (n < 0 && errno != EINTR)
            return false;
        len += n > 0 ? (size_t)n : 0;
        newline = memchr(ret->bytes, '\n', len);
    }
    close(fd);
    ret->len = newline == NULL ? len : (size_t)(newline - ret->bytes);
    return ret->len > 0 && ret->len < sizeof(ret->bytes);
}

/* --- The database --------------------------------------------------------------------------------- */

static void draw(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

static const struct es_entropy entropy = {.random = draw};

static void store_error(enum es_store_err err)
{
    static const struct {
        enum es_store_err err;
        const char *code, *hint;
    } known[] = {
        {ES_STORE_ABSENT, "no-identity", "earshot init"},
        {ES_STORE_EXISTS, "exists", "it was not changed"},
        {ES_STORE_IN_USE, "running", "a node runs on it: earshot down"},
        {ES_STORE_FOREIGN, "foreign", "it was not changed"},
        {ES_STORE_NEWER, "newer", "update Earshot; the database was not changed"},
        {ES_STORE_DAMAGED, "damaged", "put a copy of the home in its place"},
        {ES_STORE_LOCKED, "locked", "earshot up asks for the passphrase"},
        {ES_STORE_WRONG_PASSPHRASE, "wrong-passphrase", "nothing was changed; try again"},
        {ES_STORE_NO_KEY_FILE, "no-key", "put earshot.key back beside the database"},
        {ES_STORE_KEY_FILE_MODE, "key-mode", "chmod 600 earshot.key"},
        {ES_STORE_WRONG_KEY_FILE, "wrong-key", "put the right earshot.key beside the database"},
        {ES_STORE_FULL, "disk-full", "free some space; nothing was changed"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].err == err) {
            es_daemon_error(known[i].code, es_store_err_text(err), known[i].hint);
            return;
        }
    es_daemon_error("store", es_store_err_text(err), "is the folder yours, and can it be written?");
}

static enum es_store_err open_store(const struct paths *paths, enum es_store_mode mode,
                                    const struct passphrase *passphrase, struct es_store **ret)
{
    const struct es_store_sqlite_options options = {
        .path = paths->database,
        .mode = mode,
        .at_rest = ES_STORE_IN_VAULT,
        .secret = {.passphrase = es_slice(passphrase->bytes, passphrase->len),
                   .key_file = paths->key},
        .entropy = &entropy,
    };

    return es_store_sqlite_open(&options, ret);
}

static int print_state(const struct paths *paths)
{
    enum es_vault_lock lock;
    enum es_store_err err = es_store_sqlite_probe(paths->database, &lock);

    if (err != ES_STORE_OK && err != ES_STORE_ABSENT) {
        store_error(err);
        return 1;
    }
    if (err == ES_STORE_ABSENT)
        puts("{\"exists\":false,\"at_rest\":null}");
    else
        printf("{\"exists\":true,\"at_rest\":\"%s\"}\n",
               lock == ES_VAULT_LOCK_PASSPHRASE ? "passphrase" : "keyfile");
    return 0;
}

static bool make_home(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    es_daemon_error("home", strerror(errno), path);
    return false;
}

/* Both forget the passphrase as soon as the database is open. */

/* A database without an identity is what a crash can leave of an earlier --init: it is taken. */
static int init(const struct options *options, const struct paths *paths,
                const struct es_config *config, struct passphrase *passphrase)
{
    struct es_store *store = NULL;
    enum es_store_err err;
    bool fresh;
    int result;

    if (!make_home(paths->data))
        return 1;
    err = open_store(paths, ES_STORE_CREATE, passphrase, &store);
    fresh = err == ES_STORE_OK;
    if (err == ES_STORE_EXISTS)
        (void)open_store(paths, ES_STORE_OPEN, passphrase, &store);
    sodium_memzero(passphrase, sizeof(*passphrase));
    if (store == NULL) {
        store_error(err);
        return 1;
    }
    result = es_identity_make(store, &config->settings, options->name, stdout);
    store->ops->free(store);
    if (result != 0 && fresh)
        (void)es_store_sqlite_destroy(paths->database, NULL);
    return result;
}

static int serve(const struct options *options, const struct paths *paths,
                 const struct es_config *config, struct passphrase *passphrase)
{
    struct es_daemon_options daemon = {.socket = paths->socket,
                                       .data = paths->data,
                                       .net = paths->net,
                                       .passphrase = passphrase->len > 0,
                                       .ready_fd = options->ready_fd};
    struct es_store *store = NULL;
    enum es_store_err err = open_store(paths, ES_STORE_OPEN, passphrase, &store);
    int result;

    sodium_memzero(passphrase, sizeof(*passphrase));
    if (err != ES_STORE_OK) {
        store_error(err);
        return 1;
    }
    result = es_daemon_run(store, config, &daemon);
    store->ops->free(store);
    return result;
}

static int run(const struct options *options, const struct paths *paths,
               struct passphrase *passphrase)
{
    struct es_config config;
    char error[1024];

    if (!es_config_read(paths->config, &config, error, sizeof(error))) {
        es_daemon_error("config", error, "mend the file and start again");
        return 1;
    }
    return options->init ? init(options, paths, &config, passphrase)
                         : serve(options, paths, &config, passphrase);
}

int main(int argc, char **argv)
{
    struct passphrase passphrase = {.len = 0};
    struct options options;
    struct paths paths;
    int result = 1;

    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    confine();
    umask(0077);
    if (sodium_init() < 0 || !find_paths(&options, &paths)) {
        es_daemon_error("path", "a path is too long", NULL);
        return 1;
    }
    if (options.state)
        return print_state(&paths);
    if (options.passphrase_fd >= 0 && !read_passphrase(options.passphrase_fd, &passphrase))
        es_daemon_error("passphrase", "the passphrase is empty or longer than 1023 bytes",
                        "nothing was changed");
    else
        result = run(&options, &paths, &passphrase);
    sodium_memzero(&passphrase, sizeof(passphrase));
    return result;
}
