/* SPDX-License-Identifier: MIT */
/*
 * The explorer: screens over the store. It reads results and writes decisions and commands; it
 * never sees a tensor. What needs the model, a decoder or a trainer is asked for through struct
 * mr_tui_ops, which app fills.
 */
#ifndef MISREAD_TUI_TUI_H
#define MISREAD_TUI_TUI_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_image;
struct mr_term;
struct mr_wake;

/* What the start sheet holds; app turns it into a run. */
struct mr_tui_start {
    char arch[16];
    int size_px, n_epochs, batch;
    double lr;
    bool use_original_labels;
    int resume_run; /* > 0: continue this run, the rest is ignored */
};

/* How the user wants to leave while this process trains. */
enum mr_tui_exit {
    MR_TUI_LEAVE,
    MR_TUI_BACKGROUND,
    MR_TUI_STOP_AFTER_EPOCH,
    MR_TUI_STOP_NOW,
    MR_TUI_HANGUP
};

struct mr_tui_ops {
    /* The picture of an image, at least as large as box where the file is; NULL while it is being
     * decoded (the wake is raised when it comes). *failed gets a static or long-lived reason if it
     * never will. Borrowed until the next call. Must not block. */
    const struct mr_image *(*picture)(void *ctx, int64_t image, struct mr_size_px box,
                                      const char **failed);
    /* A screen was entered or drawn anew: pictures that failed are worth another try. May be
     * NULL. */
    void (*retry_pictures)(void *ctx);
    /* Starts or resumes a run in this process. */
    enum mr_status (*start)(void *ctx, const struct mr_tui_start *start, struct mr_error *err);
    /* Does this process train right now? */
    bool (*is_training)(void *ctx);
    /* Fills the sheet's defaults and, for a given sheet, an estimate of the time in seconds (-1
     * unknown). */
    void (*start_defaults)(void *ctx, struct mr_tui_start *start);
    double (*estimate_s)(void *ctx, const struct mr_tui_start *start);
    /* ^Z: hands the terminal to the shell and returns when the shell has continued us. The screen
     * is put away before and opened again after by the caller; training goes on meanwhile. May be
     * NULL: ^Z is dead. */
    void (*suspend)(void *ctx);
};

struct mr_tui_options {
    const char *project_dir;
    const char *data_dir;
    const char *project_name; /* for line 1 */
    const char *reader;       /* who decides */
    int run;                  /* to show first; 0: the last one, and follow new ones */
    const struct mr_tui_ops *ops;
    void *ops_ctx;
    struct mr_term *term; /* borrowed, open */
    struct mr_wake *wake; /* borrowed: in-process changes */
    int signal_fd;        /* signalfd with SIGHUP, SIGTERM, SIGINT, SIGQUIT; -1 none */
};

/* Runs the event loop until the user leaves. Decisions submitted are committed before it returns.
 */
enum mr_status mr_tui_run(const struct mr_tui_options *options, enum mr_tui_exit *exit,
                          struct mr_error *err) MR_NODISCARD;

#endif
