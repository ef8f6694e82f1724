/* SPDX-License-Identifier: ISC */
/* swarm.c - many worlds, in worker processes: one that is ended by a signal is a failed seed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/commands/commands.h"
#include "sim/result.h"
#include "sim/memory.h"

struct worker {
    pid_t pid;
    int fd; /* its results, in order */
};

/* World i is worker i % jobs's, so that results come in order without being kept. */
struct campaign {
    const struct es_sim_args *args;
    struct es_sim_options *list; /* NULL: seeds draw */
    uint64_t n;                  /* of this shard    */
    uint64_t failed;
    struct es_sim_report audit; /* of all worlds that were audited */
    struct worker *workers;
    enum es_sim_verdict verdict; /* of the first failure */
};

static struct es_sim_options options_of(const struct campaign *campaign, uint64_t i)
{
    uint64_t place = campaign->args->shard - 1 + i * campaign->args->shards;
    struct es_sim_options options = campaign->list != NULL
                                        ? campaign->list[place]
                                        : es_sim_options_draw(campaign->args->first + place);

    es_sim_args_apply(campaign->args, &options);
    return options;
}

/* --- Workers ---------------------------------------------------------------------------------- */

static void work(const struct campaign *campaign, uint64_t from, int fd)
{
    for (uint64_t i = from; i < campaign->n; i += campaign->args->jobs) {
        struct es_sim_options options = options_of(campaign, i);
        struct es_sim_result result;

        if (campaign->args->twice)
            es_sim_result_run_twice(&options, &result);
        else
            es_sim_result_run(&options, NULL, &result);
        if (write(fd, &result, sizeof(result)) != sizeof(result))
            _exit(ES_SIM_COULD_NOT_RUN); /* whoever asked is gone */
    }
    _exit(0);
}

static bool start(struct campaign *campaign, uint64_t from)
{
    struct worker *worker = &campaign->workers[from % campaign->args->jobs];
    int ends[2];

    fflush(stdout);
    if (pipe(ends) != 0)
        return false;
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        work(campaign, from, ends[1]);
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

    while (len < sizeof(*ret)) {
        ssize_t n = read(worker->fd, (char *)ret + len, sizeof(*ret) - len);

        if (n > 0)
            len += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return false;
    }
    return true;
}

/* The result of a world; of one that took its worker with it, that. False: nothing can run. */
static bool result_of(struct campaign *campaign, uint64_t i, struct es_sim_result *ret)
{
    struct worker *worker = &campaign->workers[i % campaign->args->jobs];
    uint64_t next = i + campaign->args->jobs;
    struct es_sim_options options;
    int status;

    if (receive(worker, ret))
        return true;
    status = stop(worker);
    if (!WIFSIGNALED(status))
        return false;
    options = options_of(campaign, i);
    *ret = (struct es_sim_result){.seed = options.seed, .nodes = options.nodes};
    snprintf(ret->violation, sizeof(ret->violation), "N1: the program was ended by signal %d",
             WTERMSIG(status));
    return next >= campaign->n || start(campaign, next);
}

/* --- What people see -------------------------------------------------------------------------- */

static void show(struct campaign *campaign, uint64_t i, const struct es_sim_result *result)
{
    struct es_sim_options options = options_of(campaign, i);
    char repro[1024], sets[512];

    if (campaign->args->json)
        es_sim_result_print_json(result, &options);
    else
        es_sim_result_print(result);
    if (result->violation[0] == '\0')
        return;
    if (campaign->failed++ == 0)
        campaign->verdict = es_sim_result_verdict(result);
    es_sim_args_sets(campaign->args, sets, sizeof(sets));
    if (campaign->args->twice && campaign->list == NULL)
        snprintf(repro, sizeof(repro), "%s swarm --twice --first %llu%s", campaign->args->program,
                 (unsigned long long)result->seed, sets);
    else if (campaign->list == NULL)
        snprintf(repro, sizeof(repro), "%s replay %llu%s", campaign->args->program,
                 (unsigned long long)result->seed, sets);
    else
        snprintf(repro, sizeof(repro), "sed -n %llup %s | %s replay -%s",
                 (unsigned long long)(campaign->args->shard + i * campaign->args->shards),
                 campaign->args->list, campaign->args->program, sets);
    es_sim_result_explain(result, repro, stderr);
}

static void show_progress(const struct campaign *campaign, uint64_t done)
{
    if (!isatty(STDERR_FILENO) || isatty(STDOUT_FILENO))
        return; /* results on the terminal are progress enough */
    fprintf(stderr, "\r\033[K%llu of %llu, %llu failed%s", (unsigned long long)done,
            (unsigned long long)campaign->n, (unsigned long long)campaign->failed,
            done == campaign->n ? "\n" : "");
}

/* --- The whole -------------------------------------------------------------------------------- */

static bool prepare(struct campaign *campaign)
{
    const struct es_sim_args *args = campaign->args;
    struct es_sim_options options = es_sim_options_default();
    size_t n = args->seeds;

    if (!es_sim_args_apply(args, &options) ||
        (args->list != NULL && !es_sim_read_lines(args->list, false, &campaign->list, &n)))
        return false;
    campaign->n = n < args->shard ? 0 : (n - args->shard) / args->shards + 1;
    campaign->workers = es_sim_zeroed(args->jobs * sizeof(campaign->workers[0]));
    return true;
}

static bool run_all(struct campaign *campaign)
{
    struct es_sim_result result;

    for (uint64_t i = 0; i < campaign->args->jobs && i < campaign->n; i++)
        if (!start(campaign, i))
            return false;
    for (uint64_t i = 0; i < campaign->n; i++) {
        if (!result_of(campaign, i, &result))
            return false;
        show(campaign, i, &result);
        es_sim_report_add(&campaign->audit, &result.audit);
        show_progress(campaign, i + 1);
    }
    return true;
}

static int run(const struct es_sim_args *args)
{
    struct campaign campaign = {.args = args};

    if (!prepare(&campaign) || !run_all(&campaign)) {
        fputs("earshot-sim: could not run\n", stderr);
        campaign.verdict = ES_SIM_COULD_NOT_RUN;
    }
    for (uint64_t i = 0; campaign.workers != NULL && i < args->jobs; i++)
        if (campaign.workers[i].pid > 0)
            stop(&campaign.workers[i]);
    free(campaign.workers);
    free(campaign.list);
    if (campaign.audit.worlds > 0 && !args->json)
        es_sim_report_print(&campaign.audit, stderr);
    return (int)campaign.verdict;
}

const struct es_sim_command es_sim_swarm = {
    .name = "swarm",
    .operands = "",
    .takes = "nfjilsdJt",
    .help = "Runs many worlds. Each seed draws nodes, faults and what people do. The exit code is "
            "that\n"
            "of the first that failed.",
    .run = run,
};
