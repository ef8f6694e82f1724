/* SPDX-License-Identifier: ISC */
/* daemons.c - processes, their settings, and one pipe into `earshot send`. */
#include "tests/bench/daemons.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_FD 3
#define TEXT_BYTES_MAX 1024
/* What `earshot` may take, the meeting of the two nodes included. */
#define PATIENCE "120s"

void bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

double bench_now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- Processes ------------------------------------------------------------------------------------ */

/* The child ends with this program, however that ends. It gets fd, closed here, under the number
 * as. */
static pid_t start(const char *const *args, int fd, int as)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        bench_fail("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent || (fd == as ? fcntl(fd, F_SETFD, 0) : dup2(fd, as)) < 0)
            _exit(127);
        execv(args[0], (char *const *)args);
        _exit(127);
    }
    close(fd);
    return pid;
}

static void finish(pid_t pid, const char *program)
{
    int status;

    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    fprintf(stderr, "bench: %s failed\n", program);
    exit(1);
}

static void open_pipe(int fds[static 2])
{
    if (pipe2(fds, O_CLOEXEC) != 0)
        bench_fail("pipe");
}

/* Runs a program whose output nobody needs. */
static void run(const char *const *args)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere < 0)
        bench_fail("/dev/null");
    finish(start(args, nowhere, STDOUT_FILENO), args[0]);
}

/* The first line that a program prints, without its end. */
static void first_line(const char *const *args, char *ret, size_t cap)
{
    int fds[2];
    pid_t pid;
    FILE *out;

    open_pipe(fds);
    pid = start(args, fds[1], STDOUT_FILENO);
    out = fdopen(fds[0], "r");
    if (out == NULL || fgets(ret, (int)cap, out) == NULL)
        bench_fail(args[0]);
    ret[strcspn(ret, "\n")] = '\0';
    while (fgetc(out) != EOF)
        continue;
    fclose(out);
    finish(pid, args[0]);
}

/* --- Two nodes ------------------------------------------------------------------------------------ */

static void make_home(const char *home, const char *name, const char *earshotd)
{
    const char *const init[] = {earshotd, "--home", home, "--init", "--name", name, NULL};
    char path[300];
    FILE *config;

    snprintf(path, sizeof(path), "%s/earshot.conf", home);
    if (mkdir(home, 0700) != 0 || (config = fopen(path, "w")) == NULL)
        bench_fail(home);
    fprintf(config, "[node]\nlisten = tcp://127.0.0.1:%u\n[discovery]\nmethod = off\n",
            20000 + randombytes_uniform(20000));
    if (fclose(config) != 0)
        bench_fail(path);
    run(init);
}

/* Returns when the control socket answers. */
static pid_t start_daemon(const char *home, const char *earshotd)
{
    const char *const args[] = {earshotd, "--home", home, "--ready-fd", "3", NULL};
    int fds[2];
    char ready;
    pid_t pid;

    open_pipe(fds);
    pid = start(args, fds[1], READY_FD);
    if (read(fds[0], &ready, 1) != 1)
        bench_fail("earshotd does not start");
    close(fds[0]);
    return pid;
}

static void befriend(const struct bench_daemons *daemons)
{
    const char *ada = daemons->homes[0], *bob = daemons->homes[1];
    char link[4096];
    const char *const invite[] = {daemons->earshot, "--home", ada, "invite", NULL};
    const char *const add[] = {daemons->earshot, "--home", bob, "add", link, "--as", "Ada", NULL};

    first_line(invite, link, sizeof(link));
    run(add);
}

void bench_daemons_init(struct bench_daemons *daemons, const char *folder, const char *name,
                        const char *earshot, const char *earshotd)
{
    static const char *const names[] = {"Ada", "Bob"};

    daemons->earshot = earshot;
    for (int i = 0; i < 2; i++) {
        snprintf(daemons->homes[i], sizeof(daemons->homes[i]), "%s/%s%c", folder, name, "ab"[i]);
        make_home(daemons->homes[i], names[i], earshotd);
        daemons->pids[i] = start_daemon(daemons->homes[i], earshotd);
    }
    befriend(daemons);
    /* Bob may write to Ada at once; what he writes arrives when their link stands. */
    (void)bench_daemons_one_way(daemons, 1, 1);
}

void bench_daemons_done(struct bench_daemons *daemons)
{
    for (int i = 0; i < 2; i++) {
        kill(daemons->pids[i], SIGTERM);
        finish(daemons->pids[i], "earshotd");
    }
}

/* --- Messages ------------------------------------------------------------------------------------- */

static void write_lines(int fd, unsigned messages, size_t text_bytes)
{
    FILE *in = fdopen(fd, "w");
    char text[TEXT_BYTES_MAX + 1];

    if (in == NULL || text_bytes > TEXT_BYTES_MAX)
        bench_fail("pipe");
    memset(text, '.', text_bytes);
    text[text_bytes] = '\n';
    for (unsigned i = 0; i < messages; i++)
        fwrite(text, 1, text_bytes + 1, in);
    if (fclose(in) != 0)
        bench_fail("pipe");
}

double bench_daemons_one_way(const struct bench_daemons *daemons, unsigned messages,
                             size_t text_bytes)
{
    const char *const send[] = {
        daemons->earshot, "--home",    daemons->homes[1], "send",   "Ada", "-",
        "--wait",         "delivered", "--timeout",       PATIENCE, NULL};
    double start_s = bench_now_s();
    int fds[2];
    pid_t pid;

    open_pipe(fds);
    pid = start(send, fds[0], STDIN_FILENO);
    write_lines(fds[1], messages, text_bytes);
    finish(pid, daemons->earshot);
    return messages / (bench_now_s() - start_s);
}
