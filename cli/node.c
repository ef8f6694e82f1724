/* SPDX-License-Identifier: ISC */
/* node.c - what earshotd is told, and what it says when it fails. */
#include "cli/node.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/call.h"
#include "cli/instant.h"
#include "cli/spawn.h"
#include "cli/terminal.h"
#include "node/crypto/types.h"

#define PASSPHRASE_BYTES_MAX 1024

/* How often the folder's lock is tried while another client starts the node. */
#define LOCK_RETRY_MS 20

static enum es_exit find_daemon(struct es_cli *cli, int passphrase_fd, struct es_program *ret)
{
    ret->path = es_program_find("earshotd", "EARSHOTD");
    ret->home = &cli->home;
    ret->passphrase_fd = passphrase_fd;
    if (ret->path != NULL)
        return ES_EXIT_DONE;
    return es_fail(cli, ES_EXIT_FAILED, "no-daemon",
                   "install it beside earshot, or name it in the variable EARSHOTD",
                   "the program earshotd was not found");
}

static void daemon_done(struct es_program *daemon)
{
    free((char *)daemon->path);
}

/* Its last line that is a JSON object; NULL when there is none. */
static json_t *last_object(const char *text)
{
    json_t *last = NULL;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        json_t *object = json_loadb(text, len, 0, NULL);

        if (json_is_object(object)) {
            json_decref(last);
            last = json_incref(object);
        }
        json_decref(object);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
    return last;
}

static const char *last_line(const char *text)
{
    const char *line = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '\n' && at[1] != '\0')
            line = at + 1;
    }
    return line;
}

/* It ended with an error: the JSON line that it wrote, else the last words that it had. log: where
 * there may be more, or NULL. */
static enum es_exit fail_daemon(struct es_cli *cli, const char *err, const char *log)
{
    json_t *error = last_object(err);
    const char *hint = es_field_text(error, "hint");
    enum es_exit exit;

    if (es_field_text(error, "error")[0] != '\0')
        exit = es_fail(cli, ES_EXIT_FAILED, es_field_text(error, "error"),
                       hint[0] != '\0' ? hint : NULL, "%s", es_field_text(error, "message"));
    else if (err[0] != '\0')
        exit = es_fail(cli, ES_EXIT_FAILED, "daemon", log, "earshotd ended: %.*s",
                       (int)strcspn(last_line(err), "\n"), last_line(err));
    else
        exit = es_fail(cli, ES_EXIT_FAILED, "daemon", log, "earshotd ended without a word");
    json_decref(error);
    return exit;
}

/* Runs earshotd and takes the object that it prints. */
static enum es_exit ask_daemon(struct es_cli *cli, int passphrase_fd, const char *const *args,
                               json_t **ret)
{
    struct es_program daemon;
    struct es_program_output output = {0};
    enum es_exit exit = find_daemon(cli, passphrase_fd, &daemon);

    if (exit != ES_EXIT_DONE)
        return exit;
    int rc = es_program_run(&daemon, args, &output);

    if (rc != 0) {
        exit = es_fail(cli, ES_EXIT_FAILED, "daemon", NULL, "%s: %s", daemon.path, strerror(-rc));
    } else if (output.status != 0) {
        exit = fail_daemon(cli, output.err, NULL);
    } else {
        *ret = last_object(output.out);
        if (*ret == NULL)
            exit = es_fail(cli, ES_EXIT_FAILED, "daemon", "is it of the same version?",
                           "%s printed nothing that makes sense", daemon.path);
    }
    es_program_output_done(&output);
    daemon_done(&daemon);
    return exit;
}

enum es_exit es_node_state(struct es_cli *cli, struct es_node_state *ret)
{
    static const char *const args[] = {"--state", NULL};
    json_t *state = NULL;
    enum es_exit exit = ask_daemon(cli, -1, args, &state);

    if (exit != ES_EXIT_DONE)
        return exit;
    ret->exists = es_field_true(state, "exists");
    ret->locked = strcmp(es_field_text(state, "at_rest"), "passphrase") == 0;
    json_decref(state);
    return ES_EXIT_DONE;
}

enum es_exit es_node_init(struct es_cli *cli, const char *name, int passphrase_fd, json_t **ret_id)
{
    const char *const args[] = {"--init", "--name", name, NULL};
    int rc = es_home_make_above(cli->home.data);

    if (rc != 0)
        return es_fail(cli, ES_EXIT_FAILED, "home", NULL, "%s: %s", cli->home.data, strerror(-rc));
    return ask_daemon(cli, passphrase_fd, args, ret_id);
}

/* Whoever starts a node holds the lock of its folder, so that of two clients one starts it and the
 * other finds it. Where folders cannot be locked, the node itself refuses the second. */
static int lock_folder(struct es_cli *cli)
{
    int fd = open(cli->home.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK &&
           es_monotonic_ms() < cli->deadline_ms)
        poll(NULL, 0, LOCK_RETRY_MS);
    return fd;
}

static enum es_exit start_locked(struct es_cli *cli, int passphrase_fd)
{
    struct es_program daemon;
    char *err = NULL;

    if (es_connect_running(cli) == 0)
        return ES_EXIT_DONE;
    enum es_exit exit = find_daemon(cli, passphrase_fd, &daemon);

    if (exit != ES_EXIT_DONE)
        return exit;
    int rc = es_home_make_above(cli->home.socket);

    if (rc == 0)
        rc = es_program_start(&daemon, cli->home.log, cli->deadline_ms, &err);
    /* It may have ended because another one, that earshot did not start, was faster. */
    if (rc == 0 || (rc == -ECHILD && es_client_open(&cli->client, cli->home.socket) == 0))
        rc = es_connect_running(cli);
    if (rc == -ECHILD)
        exit = fail_daemon(cli, err, cli->home.log);
    else if (rc != 0)
        exit = es_fail_client(cli, rc);
    free(err);
    daemon_done(&daemon);
    return exit;
}

enum es_exit es_node_start(struct es_cli *cli, int passphrase_fd)
{
    struct es_node_state state;
    enum es_exit exit = es_node_state(cli, &state);

    if (exit != ES_EXIT_DONE)
        return exit;
    if (!state.exists)
        return es_fail(cli, ES_EXIT_FAILED, "no-identity", "make one: earshot init",
                       "there is no identity in %s", cli->home.data);
    if (state.locked && passphrase_fd < 0)
        return es_fail(cli, ES_EXIT_FAILED, "locked", "unlock it: earshot up",
                       "this node needs its passphrase");
    int lock = lock_folder(cli);

    exit = start_locked(cli, passphrase_fd);
    if (lock >= 0)
        close(lock);
    return exit;
}

enum es_exit es_node_become(struct es_cli *cli, int passphrase_fd)
{
    struct es_program daemon;
    enum es_exit exit = find_daemon(cli, passphrase_fd, &daemon);

    if (exit != ES_EXIT_DONE)
        return exit;
    int rc = es_program_become(&daemon);

    exit = es_fail(cli, ES_EXIT_FAILED, "daemon", NULL, "%s: %s", daemon.path, strerror(-rc));
    daemon_done(&daemon);
    return exit;
}

/* What was typed as something that can be read by descriptor: it fits a pipe. */
static int secret_pipe(const char *secret)
{
    int fds[2];
    size_t len = strlen(secret);

    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    ssize_t n = write(fds[1], secret, len);

    close(fds[1]);
    if (n == (ssize_t)len)
        return fds[0];
    close(fds[0]);
    return -1;
}

static enum es_exit ask_passphrase(struct es_cli *cli, bool is_new, int *ret_fd)
{
    char secret[PASSPHRASE_BYTES_MAX + 1] = "";
    char again[PASSPHRASE_BYTES_MAX + 1] = "";
    enum es_exit exit = ES_EXIT_DONE;
    bool given = es_ask_secret(&cli->err,
                               is_new ? "Passphrase (empty: none; who takes the disk can read it):"
                                      : "Passphrase:",
                               secret, sizeof(secret));

    if (given && is_new && secret[0] != '\0')
        given = es_ask_secret(&cli->err, "Once more:", again, sizeof(again));
    if (!given)
        exit = es_fail(cli, ES_EXIT_FAILED, "cancelled", NULL, "no passphrase was given");
    else if (is_new && strcmp(secret, again) != 0)
        exit = es_fail(cli, ES_EXIT_FAILED, "cancelled", NULL, "the two passphrases differ");
    else if (secret[0] != '\0')
        *ret_fd = secret_pipe(secret);
    es_wipe(secret, sizeof(secret));
    es_wipe(again, sizeof(again));
    return exit;
}

enum es_exit es_node_passphrase(struct es_cli *cli, bool ask, bool is_new, int *ret_fd)
{
    const char *path = es_args_value(&cli->args, "passphrase-file");

    *ret_fd = -1;
    if (path != NULL) {
        *ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return *ret_fd >= 0
                   ? ES_EXIT_DONE
                   : es_fail(cli, ES_EXIT_FAILED, "file", NULL, "%s: %s", path, strerror(errno));
    }
    return ask && es_asks(cli) ? ask_passphrase(cli, is_new, ret_fd) : ES_EXIT_DONE;
}
