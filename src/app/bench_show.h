/* SPDX-License-Identifier: MIT */
/* A report of `bench` for people. */
#ifndef MISREAD_APP_BENCH_SHOW_H
#define MISREAD_APP_BENCH_SHOW_H

struct cJSON;

/* Prints what --json would, as an aligned table with units. */
void mr_bench_show(const struct cJSON *report);

#endif
