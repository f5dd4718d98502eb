/* SPDX-License-Identifier: MIT */
/*
 * The explorer: screens over the store. It reads results and writes decisions and commands; it
 * never sees a tensor. What needs the model, a decoder or a trainer is asked for through struct
 * mr_tui_ops, which app fills.
 */
#ifndef MISREAD_TUI_TUI_H
#define MISREAD_TUI_TUI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>

struct mr_flaws;
struct mr_image;
struct mr_term;
struct mr_wake;

/* One thing that can be set before a run; all texts live as long as the ops. */
struct mr_tui_field {
    const char *label;
    const char *flag;  /* its name on the command line, without dashes */
    const char *words; /* "a|b|c": one of these; NULL: a value is typed */
    const char *takes; /* what a typed value is called: "N", "LOW:HIGH"; "" nothing to say */
    const char *help;  /* one line */
    const char *blank; /* shown for an empty value */
    bool is_rare;      /* stands below those that one mostly sets */
    bool is_rate;      /* what a search for a learning rate finds */
};

#define MR_TUI_VALUE_BYTES     512
#define MR_TUI_MAX_POINTS      1000
#define MR_TUI_MAX_SUGGESTIONS 8

enum mr_tui_search_state {
    MR_TUI_SEARCH_NONE,
    MR_TUI_SEARCH_RUNS,
    MR_TUI_SEARCH_DONE,
    MR_TUI_SEARCH_CANCELLED,
    MR_TUI_SEARCH_FAILED
};

struct mr_tui_curve_point {
    double lr, loss, smoothed;
};

struct mr_tui_suggestion {
    const char *name, *meaning; /* static; one word, one line */
    double lr;                  /* NaN: none */
};

/* A search for a learning rate: how far it is and what it found. */
struct mr_tui_search {
    int version; /* differs whenever anything else does; 0: nothing was read yet */
    enum mr_tui_search_state state;
    char about[96]; /* what was searched with: "resnet34, 224 px, batch 64" */
    char phase[16]; /* while it runs */
    int64_t n_done, n_total;
    char message[600];   /* why it failed */
    double lr_lo, lr_hi; /* rates it begins and would end with */
    int n;
    struct mr_tui_curve_point points[MR_TUI_MAX_POINTS]; /* by growing rate */
    int n_suggestions;                                   /* 0 until it has ended */
    struct mr_tui_suggestion suggestions[MR_TUI_MAX_SUGGESTIONS];
};

/* A look at the pixels of all images: how far it is, and what it found. */
enum mr_tui_look_state {
    MR_TUI_LOOK_NONE,
    MR_TUI_LOOK_RUNS,
    MR_TUI_LOOK_DONE,
    MR_TUI_LOOK_CANCELLED,
    MR_TUI_LOOK_FAILED
};

struct mr_tui_look {
    int version; /* differs whenever anything else does; 0: nothing was read yet */
    enum mr_tui_look_state state;
    int64_t n_done, n_total;      /* while it runs */
    char message[600];            /* why it failed */
    const struct mr_flaws *flaws; /* of the last that has ended, NULL if none has; borrowed until
                                     read_look is called again */
};

/* How the user wants to leave while this process trains. */
enum mr_tui_exit {
    MR_TUI_LEAVE,
    MR_TUI_BACKGROUND,
    MR_TUI_STOP_AFTER_EPOCH,
    MR_TUI_STOP_NOW,
    MR_TUI_HANGUP
};

/* Where in an image the kept weights of a run find what speaks for a class. */
struct mr_tui_heat {
    const struct mr_image *picture; /* borrowed until the next call; NULL: not there yet */
    int epoch;                      /* that the weights are from */
    int h, w; /* cells of the map, of which the picture is a smooth enlargement */
    /* Shares of the heat and of the area that lie in the position box, or in the rectangle that the
     * run covers; box_area 0: there is none, box_heat NaN: nothing is hot. */
    double box_heat, box_area;
    const char
        *failed; /* why it will not come, until the next call; NULL: it is there or will be */
};

#define MR_TUI_N_NEAR 3

/* The training images of a class that look most like an image to them. */
struct mr_tui_near {
    bool is_ready;
    int n;
    struct {
        int64_t image;
        float cosine;
    } found[MR_TUI_N_NEAR];  /* the nearest first */
    int64_t n_done, n_total; /* training images looked at, once for a run; n_total 0: none yet */
    const char *failed;      /* as above */
};

/* An image as a network is shown it in training. */
struct mr_tui_sight {
    int64_t image;
    int look;   /* as epoch `look` augments it; below 0: not at all */
    int repeat; /* which of its appearances in that epoch; mostly 0 */
};

/* One batch of the first epoch of a run. */
struct mr_tui_batch {
    bool is_ready;
    const char *failed; /* as above */
    /* Which transforms: "augment scope (both flips, ...) · 224 px, crop"; "": not known yet, or
     * failed says why it never will be. */
    char about[400];
    int n, n_batches;
    /* (n) borrowed until the next call */
    const struct mr_tui_batch_item {
        struct mr_tui_sight sight;
        int label;
    } * items;
};

/* What a frame asks for at most; whoever keeps fewer at a time decodes without end. */
#define MR_TUI_MAX_PICTURES 120

struct mr_tui_ops {
    /* The picture of an image, at least as large as box where the file is; NULL while it is being
     * decoded (the wake is raised when it comes). *failed gets a static or long-lived reason if it
     * never will. Borrowed until the next call. Must not block. */
    const struct mr_image *(*picture)(void *ctx, int64_t image, struct mr_size_px box,
                                      const char **failed);
    /* A screen was entered or drawn anew: pictures that failed are worth another try. May be
     * NULL. */
    void (*retry_pictures)(void *ctx);
    /* Both must not block: what is not there yet is worked out, the newest wish first, as long as
     * it is asked for in every frame; the wake is raised when there is news. */
    void (*heat)(void *ctx, int run, int64_t image, int class_id, struct mr_tui_heat *heat);
    void (*near)(void *ctx, int run, int64_t image, int class_id, struct mr_tui_near *near);
    /* Likewise; run 0: of one that the start sheet would begin. The picture is fitted into box; an
     * older, smaller one meanwhile. *version differs for what is not the same picture. */
    const struct mr_image *(*sight)(void *ctx, int run, const struct mr_tui_sight *sight,
                                    struct mr_size_px box, uint64_t *version, const char **failed);
    /* index: modulo the number of batches. */
    void (*batch)(void *ctx, int run, int index, struct mr_tui_batch *batch);
    /* Does this process train right now? */
    bool (*is_training)(void *ctx);

    /* The start sheet. Its values are kept here, as texts that a user would write; they begin with
     * those of the last run. */

    /* All fields, in the order in which they are shown, the rare ones last. */
    const struct mr_tui_field *(*fields)(void *ctx, int *n);
    /* The value of a field, of at most MR_TUI_VALUE_BYTES with its end. */
    void (*value)(void *ctx, int field, char *text);
    /* Sets a field; refused in a sentence that says what it takes. */
    enum mr_status (*set_value)(void *ctx, int field, const char *text, struct mr_error *err);
    /* The next (by 1) or previous (-1) of the usual values; at the end, or where none is usual,
     * nothing happens. */
    void (*step_value)(void *ctx, int field, int by);
    /* The values in a few words: "resnet34, 224 px, batch 64". */
    void (*about)(void *ctx, char *text, size_t cap);
    /* How long a run with these values takes, in seconds; -1 unknown. */
    double (*estimate_s)(void *ctx);
    /* Starts a run with these values in this process or, where resume_run > 0, continues that one.
     */
    enum mr_status (*start)(void *ctx, int resume_run, struct mr_error *err);

    /* The search for a learning rate, with the sheet's values, in a thread of its own. */

    enum mr_status (*start_search)(void *ctx, struct mr_error *err);
    /* Asks it to end; it does after the step it is at. */
    void (*cancel_search)(void *ctx);
    /* Copies the search if its version is not *search's; false: nothing is new. The wake is raised
     * whenever something is. */
    bool (*read_search)(void *ctx, struct mr_tui_search *search);

    /* A look at the images, in a thread of its own. Only finds in what was measured before, or also
     * measures what was not; then finds. */

    enum mr_status (*start_look)(void *ctx, bool measures, struct mr_error *err);
    void (*cancel_look)(void *ctx);
    /* Copies the look if its version is not *look's; false: nothing is new. The wake is raised
     * whenever something is. */
    bool (*read_look)(void *ctx, struct mr_tui_look *look);

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
