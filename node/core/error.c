/* SPDX-License-Identifier: ISC */
/* error.c - the words of error.h and counters.h. */
#include "node/core/error.h"

#include "node/core/counters.h"

const char *es_err_code(enum es_err err)
{
    static const char *const codes[] = {
#define X(symbol, code, text) [ES_##symbol] = code,
        ES_ERRORS(X)
#undef X
    };

    return codes[err];
}

const char *es_err_text(enum es_err err)
{
    static const char *const texts[] = {
#define X(symbol, code, text) [ES_##symbol] = text,
        ES_ERRORS(X)
#undef X
    };

    return texts[err];
}

const char *es_counter_name(enum es_counter counter)
{
    static const char *const names[] = {
#define X(symbol, name) [ES_COUNT_##symbol] = name,
        ES_COUNTERS(X)
#undef X
    };

    return names[counter];
}
