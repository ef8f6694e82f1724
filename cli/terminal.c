/* SPDX-License-Identifier: ISC */
/* terminal.c - modes of the terminal, undone on every way out. */
#include "cli/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80

static struct termios found;
static volatile sig_atomic_t changed;
static sigset_t waiting_mask; /* what was blocked before SIGWINCH was */
static bool resizing_caught;

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* The handler is taken off before it runs (SA_RESETHAND): raising the signal again ends us. */
static void restore_and_end(int signal_number)
{
    es_terminal_restore();
    raise(signal_number);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = restore_and_end,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

    for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
        sigaction(ending_signals[i], &action, NULL);
}

static bool change(tcflag_t off)
{
    if (tcgetattr(STDIN_FILENO, &found) != 0)
        return false;
    struct termios wanted = found;

    wanted.c_lflag &= ~off;
    /* Stopping and going on would leave the shell with our mode and us with its own. */
    wanted.c_cc[VSUSP] = _POSIX_VDISABLE;
    catch_signals();
    changed = 1;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &wanted) == 0;
}

static void ignore_signal(int signal_number)
{
    (void)signal_number;
}

/* It is let through while we wait, and only then: none is missed. */
static void catch_resizing(void)
{
    struct sigaction action = {.sa_handler = ignore_signal};
    sigset_t resizing;

    sigaction(SIGWINCH, &action, NULL);
    sigemptyset(&resizing);
    sigaddset(&resizing, SIGWINCH);
    sigprocmask(SIG_BLOCK, &resizing, &waiting_mask);
    resizing_caught = true;
}

bool es_terminal_keys(void)
{
    if (!change(ICANON | ECHO | IEXTEN))
        return false;
    catch_resizing();
    return true;
}

int es_terminal_poll(struct pollfd *pfds, nfds_t n, int timeout_ms)
{
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                                     .tv_nsec = timeout_ms % 1000 * 1000000L};

    return ppoll(pfds, n, timeout_ms < 0 ? NULL : &timeout, resizing_caught ? &waiting_mask : NULL);
}

void es_terminal_restore(void)
{
    if (changed)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
    changed = 0;
}

int es_terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col;
}

static void put_question(struct es_out *out, const char *question)
{
    es_out_words(out, "%s ", question);
    fflush(out->file);
}

char *es_ask_line(struct es_out *out, const char *question)
{
    char *line = NULL;
    size_t cap = 0;

    put_question(out, question);
    ssize_t len = getline(&line, &cap, stdin);

    if (len < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

bool es_ask_yes(struct es_out *out, bool empty_means, const char *question)
{
    for (;;) {
        es_out_words(out, "%s", question);
        char *line = es_ask_line(out, empty_means ? " [Y/n]" : " [y/N]");
        char first = line != NULL ? line[0] : 'n';

        free(line);
        switch (first) {
        case '\0':
            return empty_means;
        case 'y':
        case 'Y':
            return true;
        case 'n':
        case 'N':
            return false;
        default:
            break;
        }
    }
}

bool es_ask_secret(struct es_out *out, const char *question, char *ret, size_t cap)
{
    size_t len = 0;
    bool ended = false;
    char c = '\0';

    /* Before the question: who answers fast is not seen either. */
    bool hidden = change(ECHO);

    put_question(out, question);
    /* Not through stdio, whose buffer would keep it. */
    while (len + 1 < cap && !ended && read(STDIN_FILENO, &c, 1) == 1) {
        ended = c == '\n';
        if (!ended)
            ret[len++] = c;
    }
    ret[len] = '\0';
    if (hidden)
        es_terminal_restore();
    es_out_end(out);
    return ended;
}
