/* SPDX-License-Identifier: ISC */
/* instant.c - RFC 3339 in and out, local time out. */
#include "cli/instant.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* 1900 to 9999: what can be written with four digits, and all that anybody means. */
#define FIRST_MS (-2208988800000)
#define LAST_MS 253402300799999

static int64_t clock_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t es_instant_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t es_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* Once something did not fit, nothing more is read. */
struct reader {
    const char *at;
    bool failed;
};

static int read_digits(struct reader *reader, int count)
{
    int value = 0;

    for (int i = 0; i < count && !reader->failed; i++) {
        reader->failed = !isdigit((unsigned char)*reader->at);
        if (!reader->failed)
            value = value * 10 + (*reader->at++ - '0');
    }
    return value;
}

static void read_one_of(struct reader *reader, const char *separators)
{
    reader->failed =
        reader->failed || *reader->at == '\0' || strchr(separators, *reader->at) == NULL;
    if (!reader->failed)
        reader->at++;
}

/* The fraction of a second in milliseconds: further digits are read and dropped. */
static int read_fraction(struct reader *reader)
{
    int ms = 0;
    int weight = 100;

    if (reader->failed || *reader->at != '.')
        return 0;
    reader->at++;
    reader->failed = !isdigit((unsigned char)*reader->at);
    for (; isdigit((unsigned char)*reader->at); reader->at++, weight /= 10)
        ms += (*reader->at - '0') * weight;
    return ms;
}

/* "Z" or "+hh:mm", in minutes east of Greenwich. */
static int read_offset(struct reader *reader)
{
    if (!reader->failed && (*reader->at == 'Z' || *reader->at == 'z')) {
        reader->at++;
        return 0;
    }
    int sign = *reader->at == '-' ? -1 : 1;

    read_one_of(reader, "+-");
    int hours = read_digits(reader, 2);

    read_one_of(reader, ":");
    int minutes = read_digits(reader, 2);

    reader->failed = reader->failed || hours > 23 || minutes > 59;
    return sign * (hours * 60 + minutes);
}

static bool is_calendar_date(const struct tm *tm)
{
    struct tm same = {.tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};

    timegm(&same);
    return same.tm_mon == tm->tm_mon && same.tm_mday == tm->tm_mday;
}

bool es_instant_parse(const char *text, int64_t *ret_ms)
{
    struct reader reader = {.at = text};
    struct tm tm = {.tm_isdst = -1};

    tm.tm_year = read_digits(&reader, 4) - 1900;
    read_one_of(&reader, "-");
    tm.tm_mon = read_digits(&reader, 2) - 1;
    read_one_of(&reader, "-");
    tm.tm_mday = read_digits(&reader, 2);
    if (reader.failed || tm.tm_year < 0 || !is_calendar_date(&tm))
        return false;
    if (*reader.at == '\0') {
        *ret_ms = (int64_t)mktime(&tm) * 1000;
        return true;
    }
    read_one_of(&reader, "Tt ");
    tm.tm_hour = read_digits(&reader, 2);
    read_one_of(&reader, ":");
    tm.tm_min = read_digits(&reader, 2);
    read_one_of(&reader, ":");
    tm.tm_sec = read_digits(&reader, 2);
    int ms = read_fraction(&reader);
    int offset_min = read_offset(&reader);

    if (reader.failed || *reader.at != '\0' || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    int64_t parsed_ms = ((int64_t)timegm(&tm) - offset_min * 60) * 1000 + ms;

    if (parsed_ms < FIRST_MS || parsed_ms > LAST_MS)
        return false;
    *ret_ms = parsed_ms;
    return true;
}

void es_instant_format(int64_t ms, char ret[static ES_INSTANT_CHARS])
{
    time_t seconds = (time_t)(ms / 1000);
    int rest = (int)(ms % 1000);
    struct tm tm;
    char date[ES_INSTANT_CHARS - 8] = "";

    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret, ES_INSTANT_CHARS, "%s.%03dZ", date, rest);
}

void es_instant_format_local(int64_t ms, int64_t now_ms, char ret[static ES_INSTANT_CHARS])
{
    time_t then = (time_t)(ms / 1000);
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;
    struct tm today;

    ret[0] = '\0';
    if (localtime_r(&then, &tm) == NULL || localtime_r(&now, &today) == NULL)
        return;
    if (tm.tm_year != today.tm_year)
        strftime(ret, ES_INSTANT_CHARS, "%Y-%m-%d %H:%M", &tm);
    else if (tm.tm_yday != today.tm_yday)
        strftime(ret, ES_INSTANT_CHARS, "%m-%d %H:%M", &tm);
    else
        strftime(ret, ES_INSTANT_CHARS, "%H:%M", &tm);
}
