/* SPDX-License-Identifier: ISC */
/* args_fuzz.c - any command line is read, or refused with one of its words; none is lost. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/instant.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct es_option no_options[] = {{NULL, 0, NULL, NULL}};

static const struct es_option *options_of(const char *name)
{
    const struct es_cli_command *command = es_command_find(name);

    if (command == NULL)
        return NULL;
    return command->options != NULL ? command->options : no_options;
}

static bool is_among(char *const *words, int n, const char *word)
{
    for (int i = 0; i < n; i++) {
        if (words[i] == word)
            return true;
    }
    return false;
}

static void check_values(const char *word)
{
    uint64_t amount;
    int64_t ms;

    (void)es_duration_parse(word, &amount);
    (void)es_size_parse(word, &amount);
    if (es_count_parse(word, 3, 9, &amount))
        assert(amount >= 3 && amount <= 9);
    if (es_instant_parse(word, &ms)) {
        char text[ES_INSTANT_CHARS];
        int64_t again;

        es_instant_format(ms, text);
        assert(es_instant_parse(text, &again) && again == ms);
    }
}

/* Words are what newlines separate. */
static int split(char *text, char **ret)
{
    char *rest = NULL;
    int n = 0;

    for (char *word = strtok_r(text, "\n", &rest); word != NULL && n < WORDS_MAX;
         word = strtok_r(NULL, "\n", &rest))
        ret[n++] = word;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char program[] = "earshot";
    char *argv[WORDS_MAX + 2] = {program};
    char *words[WORDS_MAX];
    struct es_args args;
    const char *token = NULL;
    char *text = malloc(size + 1);

    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    int n = split(text, words);

    memcpy(argv + 1, words, (size_t)n * sizeof(words[0]));
    enum es_args_error error =
        es_args_parse(n + 1, argv, es_global_options, options_of, &args, &token);

    assert(error == ES_ARGS_OK || is_among(words, n, token));
    assert(args.n_operands <= (size_t)n && args.n_given <= ES_ARGS_OPTIONS_MAX);
    assert(args.command == NULL || es_command_find(args.command) != NULL);
    for (size_t i = 0; i < args.n_operands; i++)
        assert(is_among(words, n, args.operands[i]));
    for (int i = 0; i < n; i++)
        check_values(words[i]);
    free(text);
    return 0;
}
