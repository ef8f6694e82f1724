/* SPDX-License-Identifier: ISC */
/* record_fuzz.c - a payload after its seal opened: what is accepted has one spelling, as a whole and
 * up to the first record that is none. */
#include <assert.h>
#include <string.h>

#include "node/wire/record.h"
#include "tests/support/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1024 * 1024];
    static struct es_record record;
    const struct es_slice input = es_slice(data, size);
    struct es_reader reader = es_reader(input);
    struct es_writer writer = es_writer(again, sizeof(again));

    while (es_record_next(&reader, &record)) {
        size_t before = es_writer_len(&writer);

        if (record.kind == ES_RECORD_TEXT)
            assert(is_inside(record.text.text, input));
        if (record.kind == ES_RECORD_PROFILE)
            assert(is_inside(record.profile, input));
        es_record_write(&writer, &record);
        assert(!writer.failed);
        assert(es_writer_len(&writer) - before == es_record_bytes(&record));
    }
    assert(es_writer_len(&writer) <= size);
    assert(size == 0 || memcmp(again, data, es_writer_len(&writer)) == 0);
    assert(es_reader_done(&reader) == (es_writer_len(&writer) == size));
    assert(es_records_valid(input) == es_reader_done(&reader));
    return 0;
}
