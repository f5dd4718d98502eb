/* SPDX-License-Identifier: MIT */
/*
 * How long a key takes while every core trains: starts the explorer on a data set in a terminal of its own,
 * waits until it trains, types 200 keys and times each from its write until the frame that shows the change
 * has arrived and been understood. A measurement, not a test: prints the median and the 99th percentile.
 *
 *   bench-keys MISREAD DATA
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vt/vt.h"

#define N_KEYS 200

/* What is typed, and the text by which the finished frame is known. */
static const struct {
    const char *keys, *shows;
} script[] = {{"2", "precision"}, {"?", "keys of"}, {"<Esc>", "recall"}, {"1", "most confused"}};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static const struct vt_options options = {.sixel = true};
    double took[N_KEYS];
    struct vt *vt;

    if (argc != 3) {
        fprintf(stderr, "usage: bench-keys MISREAD DATA\n");
        return 2;
    }
    vt = vt_start((const char *const[]){argv[1], "train", argv[2], "--epochs", "50",
                                        "--size", "64", NULL}, NULL, 36,
                  120, &options);
    if (vt_pump_until(vt, "epoch 2/", 600000) < 0)
        return EXIT_FAILURE;
    for (int i = 0; i < N_KEYS; i++) {
        const int s = i % (int)(sizeof script / sizeof *script);
        double start;

        vt_pump(vt, 150); /* a hand does not type faster */
        start = now_ms();
        vt_keys(vt, script[s].keys);
        if (s == 2 ? !vt_pump_until_gone(vt, "keys of", 10000)
                   : vt_pump_until(vt, script[s].shows, 10000) < 0)
            return EXIT_FAILURE;
        took[i] = now_ms() - start;
    }
    qsort(took, N_KEYS, sizeof *took, ascending);
    printf("%d keys while training: median %.1f ms, 99th percentile %.1f ms\n", N_KEYS,
           took[N_KEYS / 2], took[N_KEYS * 99 / 100]);
    vt_kill(vt, SIGTERM);
    vt_wait_exit(vt, 60000);
    vt_stop(vt);
    return EXIT_SUCCESS;
}
