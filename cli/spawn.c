/* SPDX-License-Identifier: ISC */
/* spawn.c - finds earshotd and starts it with exactly the descriptors it should have. */
#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/instant.h"

extern char **environ;

/* Numbers that the descriptors have in the child; nothing above them is left open. */
enum { READY_FD = 3, PASSPHRASE_FD = 4, FIRST_CLOSED_FD = 5 };

/* In the parent they are moved above these, so that no one is overwritten by another's copy. */
#define PARENT_FD_MIN 16

#define OUTPUT_BYTES_MAX (256 * 1024)

static char *own_folder(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (len <= 0)
        return NULL;
    path[len] = '\0';
    char *slash = strrchr(path, '/');

    *slash = '\0';
    return strdup(path);
}

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *es_program_find(const char *name, const char *variable)
{
    static const char *const below_own[] = {".", "../node", "../libexec/earshot"};
    const char *named = getenv(variable);
    char *path = NULL;

    /* Who names a program means this one: another instead would be a surprise. */
    if (named != NULL && named[0] != '\0')
        return is_program(named) ? realpath(named, NULL) : NULL;
    char *folder = own_folder();

    for (size_t i = 0; folder != NULL && i < sizeof(below_own) / sizeof(below_own[0]); i++) {
        if (asprintf(&path, "%s/%s/%s", folder, below_own[i], name) < 0)
            path = NULL;
        if (path != NULL && is_program(path))
            break;
        free(path);
        path = NULL;
    }
    free(folder);
    if (path == NULL && asprintf(&path, "%s/%s", ES_LIBEXEC_DIR, name) < 0)
        path = NULL;
    char *found = path != NULL && is_program(path) ? realpath(path, NULL) : NULL;

    free(path);
    return found;
}

/* Arguments of a call: the program, its folders, the passphrase, then further ones. */
#define ARGV_MAX (ES_PROGRAM_ARGS_MAX + 10)

static size_t fill_home(const struct es_home *home, const char **ret)
{
    const char *const whole[] = {"--home", home->given};
    const char *const parts[] = {"--config", home->config, "--data",
                                 home->data, "--socket",   home->socket};
    bool is_whole = home->given != NULL;
    size_t n = is_whole ? sizeof(whole) / sizeof(whole[0]) : sizeof(parts) / sizeof(parts[0]);

    memcpy(ret, is_whole ? whole : parts, n * sizeof(ret[0]));
    return n;
}

static void fill_argv(const struct es_program *program, const char *const *args, int passphrase_fd,
                      char fd_text[static 12], const char *ret[static ARGV_MAX])
{
    size_t n = 0;

    ret[n++] = program->path;
    if (program->home != NULL)
        n += fill_home(program->home, ret + n);
    if (program->passphrase_fd >= 0) {
        snprintf(fd_text, 12, "%d", passphrase_fd);
        ret[n++] = "--passphrase-fd";
        ret[n++] = fd_text;
    }
    for (; *args != NULL && n + 1 < ARGV_MAX; args++)
        ret[n++] = *args;
    ret[n] = NULL;
}

/* A child's descriptors; -1: /dev/null for the first three, none for the others. */
struct child_fds {
    int out, err, ready, passphrase;
};

static int add_fd(posix_spawn_file_actions_t *actions, int fd, int as)
{
    if (fd >= 0)
        return posix_spawn_file_actions_adddup2(actions, fd, as);
    if (as > STDERR_FILENO)
        return posix_spawn_file_actions_addclose(actions, as);
    return posix_spawn_file_actions_addopen(actions, as, "/dev/null", O_RDWR, 0);
}

static int set_up_actions(posix_spawn_file_actions_t *actions, const struct child_fds *fds)
{
    int rc = add_fd(actions, -1, STDIN_FILENO);

    if (rc == 0)
        rc = add_fd(actions, fds->out, STDOUT_FILENO);
    if (rc == 0)
        rc = add_fd(actions, fds->err, STDERR_FILENO);
    if (rc == 0)
        rc = add_fd(actions, fds->ready, READY_FD);
    if (rc == 0)
        rc = add_fd(actions, fds->passphrase, PASSPHRASE_FD);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_CLOSED_FD);
    return rc;
}

/* A session of its own, no signal ignored or blocked: what the caller did to his is his affair. */
static int set_up_attributes(posix_spawnattr_t *attributes, short flags)
{
    sigset_t none;
    sigset_t all;

    sigemptyset(&none);
    sigfillset(&all);
    int rc = posix_spawnattr_setsigmask(attributes, &none);

    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    if (rc == 0)
        rc = posix_spawnattr_setflags(
            attributes, (short)(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    return rc;
}

static int spawn(const struct es_program *program, const char *const *args,
                 const struct child_fds *fds, short flags, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    const char *argv[ARGV_MAX];
    char fd_text[12];

    fill_argv(program, args, PASSPHRASE_FD, fd_text, argv);
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return -rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -rc;
    }
    rc = set_up_actions(&actions, fds);
    /* No folder is kept busy by a node that runs for weeks. */
    if (rc == 0 && (flags & POSIX_SPAWN_SETSID) != 0)
        rc = posix_spawn_file_actions_addchdir_np(&actions, "/");
    if (rc == 0)
        rc = set_up_attributes(&attributes, flags);
    if (rc == 0)
        rc = posix_spawn(ret_pid, program->path, &actions, &attributes, (char *const *)argv,
                         environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -rc;
}

static int wait_status(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return 127;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A copy of fd, or of nothing, out of the way of the numbers that the child uses. */
static int copy_high(int fd)
{
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PARENT_FD_MIN);
}

static int memory_file(void)
{
    int low = memfd_create("earshot", MFD_CLOEXEC);
    int high = copy_high(low);

    if (low >= 0)
        close(low);
    return high;
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* What stands in the file from an offset on, NUL-terminated, malloc'd. */
static char *read_from(int fd, off_t offset)
{
    char *text = malloc(OUTPUT_BYTES_MAX + 1);
    size_t len = 0;

    if (text == NULL)
        abort();
    while (len < OUTPUT_BYTES_MAX) {
        ssize_t n = pread(fd, text + len, OUTPUT_BYTES_MAX - len, offset + (off_t)len);

        if (n <= 0)
            break;
        len += (size_t)n;
    }
    text[len] = '\0';
    return text;
}

int es_program_run(const struct es_program *program, const char *const *args,
                   struct es_program_output *ret)
{
    struct child_fds fds = {.out = memory_file(),
                            .err = memory_file(),
                            .ready = -1,
                            .passphrase = copy_high(program->passphrase_fd)};
    pid_t pid;
    int rc = -EMFILE;

    if (fds.out >= 0 && fds.err >= 0)
        rc = spawn(program, args, &fds, 0, &pid);
    if (rc == 0) {
        ret->status = wait_status(pid);
        ret->out = read_from(fds.out, 0);
        ret->err = read_from(fds.err, 0);
    }
    close_if(fds.out);
    close_if(fds.err);
    close_if(fds.passphrase);
    return rc;
}

void es_program_output_done(struct es_program_output *output)
{
    free(output->out);
    free(output->err);
    output->out = NULL;
    output->err = NULL;
}

/* Waits for the byte that says that the socket answers. */
static int wait_ready(int fd, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - es_monotonic_ms();
        char byte;

        if (left_ms <= 0)
            return -ETIMEDOUT;
        if (poll(&pfd, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms) <= 0)
            continue;
        ssize_t n = read(fd, &byte, 1);

        if (n == 1)
            return 0;
        if (n == 0)
            return -ECHILD;
        if (errno != EINTR)
            return -errno;
    }
}

static int open_log(const char *path)
{
    int low = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    int high = copy_high(low);

    close_if(low);
    return high >= 0 ? high : memory_file();
}

int es_program_start(const struct es_program *program, const char *log, int64_t deadline_ms,
                     char **ret_err)
{
    static const char *const args[] = {"--ready-fd", "3", NULL};
    struct child_fds fds = {.out = -1,
                            .err = open_log(log),
                            .ready = -1,
                            .passphrase = copy_high(program->passphrase_fd)};
    int ready[2];
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) != 0) {
        close_if(fds.err);
        close_if(fds.passphrase);
        return -errno;
    }
    fds.ready = copy_high(ready[1]);
    close(ready[1]);
    off_t log_end = lseek(fds.err, 0, SEEK_END);
    int rc = spawn(program, args, &fds, POSIX_SPAWN_SETSID, &pid);

    close_if(fds.ready);
    close_if(fds.passphrase);
    if (rc == 0)
        rc = wait_ready(ready[0], deadline_ms);
    close(ready[0]);
    if (rc == -ECHILD) {
        wait_status(pid);
        *ret_err = read_from(fds.err, log_end);
    }
    close_if(fds.err);
    return rc;
}

int es_program_become(const struct es_program *program)
{
    static const char *const none[] = {NULL};
    const char *argv[ARGV_MAX];
    char fd_text[12];
    int fd = program->passphrase_fd >= 0 ? dup(program->passphrase_fd) : -1;

    fill_argv(program, none, fd, fd_text, argv);
    execv(program->path, (char *const *)argv);
    close_if(fd);
    return -errno;
}
