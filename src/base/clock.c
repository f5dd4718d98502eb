/* SPDX-License-Identifier: MIT */
/* Clocks. */
#include <misread/base/clock.h>

#include <stdlib.h>
#include <time.h>

int64_t mr_clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t mr_clock_ms(void)
{
    return mr_clock_us() / 1000;
}

int64_t mr_clock_unix(void)
{
    const char *pinned = getenv("MISREAD_CLOCK");

    if (pinned)
        return strtoll(pinned, NULL, 10);
    return (int64_t)time(NULL);
}

void mr_clock_sleep_ms(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    while (nanosleep(&t, &t))
        ;
}
