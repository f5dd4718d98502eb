/* SPDX-License-Identifier: MIT */
/* A report of `bench` for people: one table, whose columns are those that any result fills, and one
 * for the shapes or views of a result that has them. */
#include "bench_show.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

/* The table's columns from left to right. */
static const struct column {
    const char *key, *title;
    int width, n_decimals;
} columns[] = {
    {"mode", "mode", -6, 0},
    {"view", "view", -10, 0},
    {"arch", "network", -8, 0},
    {"size", "px", 4, 0},
    {"batch", "batch", 5, 0},
    {"images", "images", 7, 0},
    {"steps", "steps", 5, 0},
    {"images_per_s", "images/s", 9, 1},
    {"gflops", "Gflop/s", 8, 1},
    {"loader_wait_ms", "wait for data", 13, 1},
    {"peak_rss_mb", "memory MB", 9, 0},
    {"keys", "keys", 5, 0},
    {"median_ms", "median ms", 9, 1},
    {"p99_ms", "99 % ms", 8, 1},
    {"pass", "pass", -16, 0},
    {"h", "h", 4, 0},
    {"w", "w", 4, 0},
    {"c_in", "in", 4, 0},
    {"c_out", "out", 4, 0},
    {"direct_ms", "direct ms", 9, 2},
    {"winograd_ms", "Winograd ms", 11, 2},
    {"rule", "rule", -8, 0},
    {"kept", "kept", -8, 0},
};

#define N_COLUMNS ((int)(sizeof columns / sizeof *columns))

static bool is_filled(const cJSON *results, const char *key)
{
    const cJSON *result;

    cJSON_ArrayForEach(result, results)
    {
        const cJSON *value = cJSON_GetObjectItem(result, key);

        if (value && !cJSON_IsNull(value))
            return true;
    }
    return false;
}

static void print_cell(const struct column *column, const cJSON *result)
{
    const cJSON *value = cJSON_GetObjectItem(result, column->key);

    if (cJSON_IsNumber(value))
        printf("  %*.*f", column->width, column->n_decimals, cJSON_GetNumberValue(value));
    else
        printf("  %*s", column->width, cJSON_IsString(value) ? cJSON_GetStringValue(value) : "-");
}

static void print_table(const cJSON *results)
{
    const cJSON *result;

    for (int c = 0; c < N_COLUMNS; c++)
        if (is_filled(results, columns[c].key))
            printf("  %*s", columns[c].width, columns[c].title);
    putchar('\n');
    cJSON_ArrayForEach(result, results)
    {
        for (int c = 0; c < N_COLUMNS; c++)
            if (is_filled(results, columns[c].key))
                print_cell(&columns[c], result);
        putchar('\n');
    }
}

void mr_bench_show(const struct cJSON *report)
{
    const cJSON *result;

    printf("%s, %s kernels, %.0f threads: at most %.1f Gflop/s\n\n",
           cJSON_GetStringValue(cJSON_GetObjectItem(report, "cpu")),
           cJSON_GetStringValue(cJSON_GetObjectItem(report, "isa")),
           cJSON_GetNumberValue(cJSON_GetObjectItem(report, "threads")),
           cJSON_GetNumberValue(cJSON_GetObjectItem(report, "peak_gflops")));
    print_table(cJSON_GetObjectItem(report, "results"));
    cJSON_ArrayForEach(result, cJSON_GetObjectItem(report, "results"))
    {
        const cJSON *shapes = cJSON_GetObjectItem(result, "shapes");
        const cJSON *rows = shapes ? shapes : cJSON_GetObjectItem(result, "views");

        if (!rows)
            continue;
        putchar('\n');
        print_table(rows);
    }
}
