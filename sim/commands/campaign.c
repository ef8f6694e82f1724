/* SPDX-License-Identifier: ISC */
/* campaign.c - workers: one that is ended by a signal is a failed world, and another goes on. */
#include "sim/commands/campaign.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/memory.h"

struct worker {
    pid_t pid;
    int fd; /* its results, in order */
};

/* World i is worker i % jobs's, so that results come in order without being kept. */
struct crew {
    struct es_sim_campaign *campaign;
    struct worker *workers;
};

/* --- Interrupts --------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void note(int signal_number)
{
    interrupted = signal_number != 0;
}

void es_sim_interrupt_catch(void)
{
    /* No SA_RESTART: reads return. Workers have it too and go on: whoever started them decides. */
    struct sigaction action = {.sa_handler = note};

    sigaction(SIGINT, &action, NULL);
}

bool es_sim_interrupted(void)
{
    return interrupted != 0;
}

/* --- Workers ------------------------------------------------------------------------------------ */

static void work(const struct es_sim_campaign *campaign, uint64_t from, int fd)
{
    for (uint64_t i = from; i < campaign->n; i += campaign->jobs) {
        struct es_sim_options options;
        struct es_sim_result result;

        campaign->options(campaign->ctx, i, &options);
        alarm(campaign->limit_s);
        if (campaign->twice)
            es_sim_result_run_twice(&options, &result);
        else
            es_sim_result_run(&options, NULL, &result);
        if (write(fd, &result, sizeof(result)) != sizeof(result))
            _exit(ES_SIM_COULD_NOT_RUN); /* whoever asked is gone */
    }
    _exit(0);
}

static bool start(struct crew *crew, uint64_t from)
{
    struct worker *worker = &crew->workers[from % crew->campaign->jobs];
    int ends[2];

    fflush(stdout);
    if (pipe(ends) != 0)
        return false;
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        work(crew->campaign, from, ends[1]);
    }
    close(ends[1]);
    worker->fd = ends[0];
    return worker->pid > 0;
}

static int stop(struct worker *worker)
{
    int status = 0;

    close(worker->fd);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    worker->pid = 0;
    return status;
}

static bool receive(const struct worker *worker, struct es_sim_result *ret)
{
    size_t len = 0;

    while (len < sizeof(*ret) && !es_sim_interrupted()) {
        ssize_t n = read(worker->fd, (char *)ret + len, sizeof(*ret) - len);

        if (n > 0)
            len += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return false;
    }
    return len == sizeof(*ret);
}

/* The result of a world; of one that took its worker with it, that. False: nothing can run. */
static bool result_of(struct crew *crew, uint64_t i, const struct es_sim_options *options,
                      struct es_sim_result *ret)
{
    struct worker *worker = &crew->workers[i % crew->campaign->jobs];
    uint64_t next = i + crew->campaign->jobs;
    int status;

    if (receive(worker, ret))
        return true;
    if (es_sim_interrupted())
        return false;
    status = stop(worker);
    if (!WIFSIGNALED(status))
        return false;
    *ret = (struct es_sim_result){.seed = options->seed, .nodes = options->nodes};
    snprintf(ret->violation, sizeof(ret->violation), "N1: the program was ended by signal %d",
             WTERMSIG(status));
    return next >= crew->campaign->n || start(crew, next);
}

/* --- The whole ---------------------------------------------------------------------------------- */

static void show_progress(const struct es_sim_campaign *campaign)
{
    if (campaign->quiet || !isatty(STDERR_FILENO) || isatty(STDOUT_FILENO))
        return; /* results on the terminal are progress enough */
    fprintf(stderr, "\r\033[K%llu of %llu, %llu failed%s", (unsigned long long)campaign->done,
            (unsigned long long)campaign->n, (unsigned long long)campaign->failed,
            campaign->done == campaign->n ? "\n" : "");
}

static bool run_all(struct crew *crew)
{
    struct es_sim_campaign *campaign = crew->campaign;
    struct es_sim_options options;
    struct es_sim_result result;

    for (uint64_t i = 0; i < campaign->jobs && i < campaign->n; i++)
        if (!start(crew, i))
            return false;
    for (uint64_t i = 0; i < campaign->n && !campaign->enough; i++) {
        campaign->options(campaign->ctx, i, &options);
        if (!result_of(crew, i, &options, &result))
            return false;
        campaign->done++;
        if (result.violation[0] != '\0' && campaign->failed++ == 0)
            campaign->verdict = es_sim_result_verdict(&result);
        es_sim_report_add(&campaign->audit, &result.audit);
        campaign->show(campaign->ctx, i, &options, &result);
        show_progress(campaign);
    }
    return true;
}

bool es_sim_campaign_run(struct es_sim_campaign *campaign)
{
    struct crew crew = {
        .campaign = campaign,
        .workers = es_sim_zeroed(campaign->jobs * sizeof(crew.workers[0])),
    };
    bool ok;

    es_sim_interrupt_catch();
    ok = run_all(&crew);
    for (uint64_t i = 0; i < campaign->jobs; i++)
        if (crew.workers[i].pid > 0) {
            if (!ok || campaign->enough)
                kill(crew.workers[i].pid, SIGKILL);
            stop(&crew.workers[i]);
        }
    free(crew.workers);
    if (ok)
        return true;
    fprintf(stderr, "earshot-sim: %s after %llu of %llu worlds, %llu failed\n",
            es_sim_interrupted() ? "interrupted" : "could not run",
            (unsigned long long)campaign->done, (unsigned long long)campaign->n,
            (unsigned long long)campaign->failed);
    if (campaign->failed == 0)
        campaign->verdict = ES_SIM_COULD_NOT_RUN;
    return false;
}
