/* SPDX-License-Identifier: ISC */
/* report_fuzz.c - a datagram of the network process, which strangers may have taken over. */
#include <assert.h>
#include <string.h>

#include "node/wire/network.h"
#include "tests/support/inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1024 * 1024];
    static struct es_report report;
    const struct es_slice input = es_slice(data, size);
    struct es_reader reader = es_reader(input);
    struct es_writer writer = es_writer(again, sizeof(again));

    while (es_report_next(&reader, &report)) {
        if (report.kind == ES_REPORT_FRAME)
            assert(is_inside(report.frame.bytes, input));
        es_report_write(&writer, &report);
        assert(!writer.failed);
    }
    assert(es_writer_len(&writer) <= size);
    assert(size == 0 || memcmp(again, data, es_writer_len(&writer)) == 0);
    assert(es_reader_done(&reader) == (es_writer_len(&writer) == size));
    return 0;
}
