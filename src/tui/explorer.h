/* SPDX-License-Identifier: MIT */
/* The explorer's state: what is known, where one is, what lies over it, what it says. */
#ifndef MISREAD_TUI_EXPLORER_H
#define MISREAD_TUI_EXPLORER_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/store/review.h>
#include <misread/tui/tui.h>

#include "actions.h"
#include "desk.h"
#include "doubts.h"
#include "facts.h"
#include "gallery.h"
#include "ink.h"
#include "looking.h"
#include "reading.h"
#include "runs.h"
#include "variants.h"

struct mr_overlay;
struct mr_pane;
struct mr_term;

#define MR_MAX_PANES 5
#define MR_MAX_TRAIL 8
/* As many classes as a collapsed matrix has at most. */
#define MR_COLLAPSED_CLASSES 12

/* A screen: its panes, in the order of Tab. */
struct mr_view {
    struct mr_pane *panes[MR_MAX_PANES]; /* owned */
    int n, focus;
    bool is_zoomed;
};

/* The line above the footer; fades. */
struct mr_message {
    char text[600];
    enum mr_style style;
    int64_t since_ms, for_ms; /* for_ms 0: nothing is said */
    bool stays;               /* while it is shown, decisions are saved without a word */
};

/* Labelling mode: a digit relabels and goes on. */
struct mr_labelling {
    bool is_on;
    int64_t key_ms; /* the last key; 60 s later it ends by itself */
    char typed[64]; /* letters so far, beyond nine classes */
};

enum mr_percent { MR_PERCENT_NONE, MR_PERCENT_ROW, MR_PERCENT_COLUMN };

struct mr_explorer {
    const struct mr_tui_options *options; /* borrowed */
    struct mr_term *term;                 /* borrowed */
    struct mr_store *store;               /* owned */
    struct mr_reviewer *reviewer;         /* owned */
    struct mr_facts facts;
    struct mr_desk desk;
    struct mr_reading reading;
    struct mr_gallery gallery;
    struct mr_runs runs; /* all of the project */
    struct mr_doubts doubts;
    struct mr_looking looking; /* at one image */
    struct mr_variants variants;
    struct mr_page page;

    struct mr_tui_search search; /* as it was last seen */
    struct mr_tui_look look;     /* likewise */

    enum mr_screen_id screen;
    enum mr_screen_id trail[MR_MAX_TRAIL]; /* where Back leads */
    int n_trail;
    struct mr_view views[MR_N_SCREENS];
    int actual, predicted; /* the matrix's cursor */
    bool has_cell;         /* it was put or seen there; else it follows the worst pair */
    enum mr_percent percent;
    bool is_collapsed;    /* the matrix shows the classes that confuse most, if there are many */
    int picture_size;     /* index into the grid's sizes */
    char class_text[128]; /* what was searched for in the matrix */

    struct mr_overlay *overlay;       /* owned, NULL: none */
    struct mr_rect_cells covered;     /* by the overlay; pictures below are left out */
    struct mr_rect_cells chosen_rect; /* where the chosen picture was drawn */
    struct mr_message message;
    int review_kind;        /* of the decisions that screen 4 lists; -1: all */
    char review_reader[64]; /* whose; "": everybody's */
    bool is_blind;          /* a blind second reading: nothing names an image */
    struct mr_box drawn;    /* the box that is being drawn; w 0: none is */
    struct mr_labelling labelling;
    int64_t decisions_ms; /* when the decisions were read */
    int64_t note_image;   /* what the note being typed is about */
    bool has_g;           /* one g was pressed */
    bool is_dirty;
    bool has_left;
    enum mr_tui_exit exit;
    int64_t now_ms; /* monotonic, at the last turn of the loop */
};

enum mr_status mr_explorer_init(struct mr_explorer *explorer, const struct mr_tui_options *options,
                                struct mr_error *err) MR_NODISCARD;
/* Commits what is pending. */
void mr_explorer_finish(struct mr_explorer *explorer);

/* Reads what is new in the store and lets the panes know. */
void mr_explorer_refresh(struct mr_explorer *explorer);
/* Reads one epoch that somebody will ask for; false if there is none. */
bool mr_explorer_learn(struct mr_explorer *explorer);
/* After something that is shown was chosen differently (epoch, labels, filter). */
void mr_explorer_recount(struct mr_explorer *explorer);

/* Pictures that failed may come when they are asked for anew. */
void mr_explorer_retry_pictures(struct mr_explorer *explorer);

/* A sentence in the message line. */
void mr_explorer_say(struct mr_explorer *explorer, const char *fmt, ...) MR_PRINTF(2, 3);
void mr_explorer_complain(struct mr_explorer *explorer, const char *fmt, ...) MR_PRINTF(2, 3);

/* To a screen by its tab: the way back is forgotten. */
void mr_explorer_go(struct mr_explorer *explorer, enum mr_screen_id screen);
/* One level in; Back comes back here. */
void mr_explorer_enter(struct mr_explorer *explorer, enum mr_screen_id screen);
/* One level out; false at the top. */
bool mr_explorer_back(struct mr_explorer *explorer);
/* Puts the matrix's cursor on a cell. */
void mr_explorer_set_cell(struct mr_explorer *explorer, int actual, int predicted);
/* Exactly the images of a cell, on screen 3: those in it (MR_SHOW_ALL), or those that came into it
 * or went from it (MR_SHOW_CHANGED). */
void mr_explorer_open_cell(struct mr_explorer *explorer, enum mr_show show, int actual,
                           int predicted);
/* All screens show that run from now on, compared with run `before` (0: with nothing). */
void mr_explorer_show_run(struct mr_explorer *explorer, int run, int before);
/* Exactly these n images, on screen 3; what they are, in a few words. */
void mr_explorer_open_images(struct mr_explorer *explorer, const int64_t *images, int n,
                             const char *what);
/* One image on screen 3, within the list that a cell (or, with -1, all misread) gives. */
void mr_explorer_open_image(struct mr_explorer *explorer, int actual, int predicted, int64_t image);
struct mr_pane *mr_explorer_focus(struct mr_explorer *explorer);
/* The image that a decision would be about; 0 if none is chosen. */
int64_t mr_explorer_chosen(struct mr_explorer *explorer);

/* Does a command: the focused pane first, then the explorer. */
void mr_explorer_act(struct mr_explorer *explorer, enum mr_act act);
/* Does it make sense just now? The footer shows only what does. */
bool mr_explorer_can(struct mr_explorer *explorer, enum mr_act act);
/* A key or click from the terminal. */
void mr_explorer_key(struct mr_explorer *explorer, const struct mr_key *key);
/* Asks how to leave while this process trains, else leaves. */
void mr_explorer_leave(struct mr_explorer *explorer);
/* Leaves and comes back (^Z). */
void mr_explorer_suspend(struct mr_explorer *explorer);

/* ---- decide.c: decisions about the chosen image ---- */

bool mr_decide_act(struct mr_explorer *explorer, enum mr_act act);
/* Hands a decision over, with the run and epoch that are shown; the message says so. */
void mr_decide_submit(struct mr_explorer *explorer, struct mr_decision *decision);
/* Gives the image a class; kind: MR_DECISION_RELABEL or MR_DECISION_ADJUDICATE. */
void mr_decide_class(struct mr_explorer *explorer, enum mr_decision_kind kind, int64_t image,
                     int to_class);
/* Takes the review thread's answers: "saved", or the sentence of the failure. */
void mr_decide_answers(struct mr_explorer *explorer);
/* When the screen is left: waits for what is being saved. A decision that could not be is the
 * error. */
enum mr_status mr_decide_settle(struct mr_explorer *explorer, struct mr_error *err) MR_NODISCARD;
/* A key in labelling mode; false if it is one of movement, undo or the like. */
bool mr_decide_label_key(struct mr_explorer *explorer, const struct mr_key *key);
/* Ends labelling mode after a minute without a key. */
void mr_decide_watch(struct mr_explorer *explorer);

/* ---- frame.c: everything around the panes ---- */

void mr_frame_draw(struct mr_explorer *explorer);
/* A click outside panes: tabs. */
bool mr_frame_click(struct mr_explorer *explorer, int row, int col);

/* ---- screens.c: which panes a screen has and where they lie ---- */

void mr_screens_create(struct mr_explorer *explorer);
void mr_screens_destroy(struct mr_explorer *explorer);
/* Rectangles of the panes in content of that size; no rows: does not fit. */
void mr_screens_layout(enum mr_screen_id screen, const struct mr_explorer *explorer,
                       struct mr_size_cells size, struct mr_rect_cells *rects);

/* ---- blind.c, box.c ---- */

/* A second reading of what others decided, and of as many images that nobody did, with all hidden
 * that could sway. */
void mr_blind_open(struct mr_explorer *explorer);
/* Draws a box on the chosen image with keys and mouse. */
void mr_box_open(struct mr_explorer *explorer, int64_t image);
/* The picture of an image in rect with its boxes. */
void mr_box_draw(struct mr_explorer *explorer, const struct mr_ink *ink, struct mr_rect_cells rect,
                 int64_t image);

/* ---- pictures.c ---- */

/* The picture of an image in rect, or what there is to say instead. */
void mr_pictures_draw(struct mr_explorer *explorer, const struct mr_ink *ink,
                      struct mr_rect_cells rect, int64_t image);
/* Is there room for a picture, nothing over it, and a terminal that draws any? */
bool mr_pictures_can(const struct mr_explorer *explorer, const struct mr_ink *ink,
                     struct mr_rect_cells rect);
/* What stands where a picture cannot be seen: a word in the middle. */
void mr_pictures_stand_in(const struct mr_ink *ink, struct mr_rect_cells rect, const char *text);
/* "0a7b.jpg" of an image, shortened to cols. */
void mr_pictures_name(const struct mr_explorer *explorer, int64_t image, int cols, char *out,
                      size_t cap);

#endif
