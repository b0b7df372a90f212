/* One line on standard error, from 2 s on and ten times a second: [=====>     ] 42 %  12.3 s. */
#include <time.h>

#include "cli.h"

#define FIRST_SECONDS 2.0
#define EVERY_SECONDS 0.1
#define BAR_WIDTH 30

double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(progress *progress, bool wanted)
{
    *progress = (struct progress){.wanted = wanted, .start = now_seconds()};
}

static void draw(progress *progress, double part, double seconds)
{
    int done = part < 0 ? 0 : (int)(part * BAR_WIDTH);

    fputs("\r\x1b[K[", stderr);
    for (int i = 0; i < BAR_WIDTH; i++) fputc(i < done ? '=' : i == done ? '>' : ' ', stderr);
    if (part < 0)
        fprintf(stderr, "]  %.1f s", seconds);
    else
        fprintf(stderr, "] %3d %%  %.1f s", (int)(part * 100), seconds);
    fflush(stderr);
    progress->shown = true;
}

int progress_poll(void *data)
{
    sql_session *session = data;
    progress *progress = &session->progress;
    double now;

    if (was_interrupted()) return 1;
    if (!progress->wanted) return 0;
    now = now_seconds();
    if (now - progress->start < FIRST_SECONDS || now - progress->last < EVERY_SECONDS) return 0;
    progress->last = now;
    draw(progress, bp_context_progress(session->context), now - progress->start);
    return 0;
}

void progress_clear(progress *progress)
{
    if (!progress->shown) return;
    fputs("\r\x1b[K", stderr);
    fflush(stderr);
    progress->shown = false;
}
