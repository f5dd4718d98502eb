/* SPDX-License-Identifier: MIT */
/*
 * The program itself in a terminal that only reads. A key has been answered when the frame that
 * shows its effect has arrived whole, up to the mark that ends a synchronised update; what a real
 * terminal takes to paint it comes on top.
 */
#ifndef MISREAD_APP_BENCH_TERMINAL_H
#define MISREAD_APP_BENCH_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

#include <misread/base/status.h>
#include <misread/base/str.h>

struct mr_bench;

#define MR_BENCH_FRAME_END   "\033[?2026l"
#define MR_BENCH_PATIENCE_MS 10000

struct mr_bench_terminal {
    const struct mr_bench *bench; /* borrowed */
    int fd;
    pid_t program;
    struct mr_str seen; /* since the last key */
};

/* Starts the program with argv in 120 x 36 cells and answers what it asks a terminal. folder: where
 * it keeps what it would keep for the user. Close it with mr_bench_terminal_close only if this
 * succeeded. */
enum mr_status mr_bench_terminal_open(struct mr_bench_terminal *t, const struct mr_bench *bench,
                                      char **argv, const char *folder,
                                      struct mr_error *err) MR_NODISCARD;
/* Ends the program, and waits until it has. */
void mr_bench_terminal_close(struct mr_bench_terminal *t);
/* Until words and then end have come since the last key. */
enum mr_status mr_bench_terminal_wait(struct mr_bench_terminal *t, const char *words,
                                      const char *end, int ms, struct mr_error *err) MR_NODISCARD;
/* Forgets what was seen, then presses keys. */
enum mr_status mr_bench_terminal_type(struct mr_bench_terminal *t, const char *bytes,
                                      struct mr_error *err) MR_NODISCARD;
/* What the program writes in the next moment; false when it has closed its side. */
bool mr_bench_terminal_listen(struct mr_bench_terminal *t, int ms);

#endif
