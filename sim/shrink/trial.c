/* SPDX-License-Identifier: ISC */
/* trial.c - candidates run in processes of their own: one may hang or be ended by a signal. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/memory.h"
#include "sim/result.h"
#include "sim/shrink/shrink.h"

/* A candidate may take this much longer than the world that it came from. */
#define TRIAL_TIMES_MAX 4
#define TRIAL_S_MIN 5

static uint64_t machine_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool es_sim_shrink_is_over(const struct es_sim_shrink *shrink)
{
    return (shrink->stop != NULL && shrink->stop()) || machine_ms() >= shrink->until_ms;
}

/* Its id, or NULL: everything held. */
static const char *broken(const struct es_sim_result *result)
{
    return result->violation[0] == '\0' ? NULL : es_sim_property_of(result->violation)->id;
}

/* Records to a file unless it is NULL. */
static pid_t start(const struct es_sim_shrink *shrink, const struct es_sim_options *options,
                   FILE *file)
{
    pid_t pid = fork();
    struct es_sim_record record = {.file = file};
    struct es_sim_observers observers = {.record = file == NULL ? NULL : &record};
    struct es_sim_result result;
    const char *id;

    if (pid != 0)
        return pid;
    alarm(shrink->trial_s_max);
    es_sim_result_run(options, &observers, &result);
    if (file != NULL)
        fflush(file);
    id = broken(&result);
    _exit(id != NULL && strcmp(id, shrink->property) == 0 ? 0 : 1);
}

/* A signal breaks N1, unless it came from the alarm. */
static bool fails(const struct es_sim_shrink *shrink, pid_t pid)
{
    int status = 0;

    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        continue;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) != SIGALRM && strcmp(shrink->property, "N1") == 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

size_t es_sim_shrink_first(struct es_sim_shrink *shrink, const struct es_sim_options *candidates,
                           size_t n)
{
    pid_t *pids = es_sim_zeroed(shrink->jobs * sizeof(pids[0]));
    size_t first = n;

    for (size_t at = 0; at < n && first == n && !es_sim_shrink_is_over(shrink);
         at += shrink->jobs) {
        size_t batch = n - at < shrink->jobs ? n - at : shrink->jobs;

        for (size_t i = 0; i < batch; i++)
            pids[i] = start(shrink, &candidates[at + i], NULL);
        for (size_t i = 0; i < batch; i++)
            if (fails(shrink, pids[i]) && first == n)
                first = at + i;
        shrink->tried += batch;
        if (shrink->progress != NULL)
            shrink->progress(shrink);
    }
    free(pids);
    if (first == n)
        return n;
    shrink->passed++;
    shrink->best = candidates[first];
    return first;
}

bool es_sim_shrink_begin(struct es_sim_shrink *shrink, const struct es_sim_options *options,
                         uint64_t budget_s)
{
    uint64_t began_ms = machine_ms();
    struct es_sim_result result;
    int ends[2];
    pid_t pid;

    shrink->best = *options;
    shrink->best.trace = false;
    shrink->until_ms = began_ms + 1000 * budget_s;
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        return false;
    if (pid == 0) {
        es_sim_result_run(&shrink->best, NULL, &result);
        _exit(write(ends[1], &result, sizeof(result)) == sizeof(result));
    }
    close(ends[1]);
    memset(&result, 0, sizeof(result));
    if (read(ends[0], &result, sizeof(result)) == sizeof(result))
        shrink->property = broken(&result);
    close(ends[0]);
    shrink->trial_s_max =
        TRIAL_S_MIN + (unsigned)(TRIAL_TIMES_MAX * (machine_ms() - began_ms) / 1000);
    if (!fails(&(struct es_sim_shrink){.property = "N1"}, pid) && shrink->property == NULL)
        return false;
    if (shrink->property == NULL)
        shrink->property = "N1";
    return true;
}

static void collect(const struct es_sim_lines *lines, bool texts, struct es_sim_id **ret,
                    size_t *ret_n)
{
    struct es_sim_id *all = es_sim_resize(NULL, (lines->n + 1) * sizeof(all[0]));
    size_t n = 0;

    for (size_t i = 0; i < lines->n; i++) {
        const struct es_sim_line *line = &lines->all[i];
        const char *id = line->kind == ES_SIM_LINE_FAULT ? line->what : line->id;
        bool is_text = line->kind == ES_SIM_LINE_TEXT;

        if (id[0] != '\0' && (is_text || line->kind == ES_SIM_LINE_FAULT) && is_text == texts &&
            es_sim_id_parse(id, &all[n]))
            n++;
    }
    *ret = all;
    *ret_n = n;
}

static int compare(const void *a, const void *b)
{
    const struct es_sim_id *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

bool es_sim_shrink_trace(const struct es_sim_shrink *shrink, struct es_sim_lines *ret)
{
    FILE *file = tmpfile();
    bool ok;

    if (file == NULL)
        return false;
    setvbuf(file, NULL, _IOLBF, 0); /* of a world that is ended by a signal, what came before */
    ok = fails(shrink, start(shrink, &shrink->best, file));
    rewind(file);
    ok = ok && es_sim_lines_read(file, "trace", ret);
    fclose(file);
    return ok;
}

bool es_sim_shrink_ids(struct es_sim_shrink *shrink, bool texts, struct es_sim_id **ret,
                       size_t *ret_n)
{
    struct es_sim_lines lines;

    *ret = NULL;
    *ret_n = 0;
    if (!es_sim_shrink_trace(shrink, &lines))
        return false;
    collect(&lines, texts, ret, ret_n);
    qsort(*ret, *ret_n, sizeof((*ret)[0]), compare);
    es_sim_lines_done(&lines);
    return true;
}
