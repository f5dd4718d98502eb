/* SPDX-License-Identifier: MIT */
/*
 * The one table of actions: where, by which keys, what it does and whether it changes anything.
 * Bindings, footer, help, palette and prompts all come from it. Rows are in the footer's order.
 */
#ifndef MISREAD_TUI_ACTIONS_H
#define MISREAD_TUI_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum mr_screen_id {
    MR_SCREEN_TRAIN,
    MR_SCREEN_MATRIX,
    MR_SCREEN_GRID,
    MR_SCREEN_IMAGE,    /* one image; shares tab 3 with the grid */
    MR_SCREEN_REVIEW,   /* every decision, tab 4 */
    MR_SCREEN_DATA,     /* what the images are like, tab 5 */
    MR_SCREEN_RATE,     /* the search for a learning rate, tab 6 */
    MR_SCREEN_RUNS,     /* all runs, tab 7 */
    MR_SCREEN_VARIANTS, /* what augmentation makes of an image; shares tab 5 */
    MR_SCREEN_BATCH,    /* a batch as the network sees it; likewise */
    MR_N_SCREENS
};

/* Sets of screens. */
#define MR_ON_T      (1U << MR_SCREEN_TRAIN)
#define MR_ON_C      (1U << MR_SCREEN_MATRIX)
#define MR_ON_G      (1U << MR_SCREEN_GRID)
#define MR_ON_I      (1U << MR_SCREEN_IMAGE)
#define MR_ON_V      (1U << MR_SCREEN_REVIEW)
#define MR_ON_D      (1U << MR_SCREEN_DATA)
#define MR_ON_L      (1U << MR_SCREEN_RATE)
#define MR_ON_R      (1U << MR_SCREEN_RUNS)
#define MR_ON_A      (1U << MR_SCREEN_VARIANTS)
#define MR_ON_B      (1U << MR_SCREEN_BATCH)
#define MR_ON_TCG    (MR_ON_T | MR_ON_C | MR_ON_G)
#define MR_ON_CGI    (MR_ON_C | MR_ON_G | MR_ON_I)
#define MR_ON_GI     (MR_ON_G | MR_ON_I)
#define MR_ON_P      (MR_ON_G | MR_ON_B)   /* pictures beside each other */
#define MR_ON_IMAGES (MR_ON_TCG | MR_ON_I) /* where an image can be chosen */
/* where arrows move within the screen */
#define MR_ON_LISTS (MR_ON_TCG | MR_ON_V | MR_ON_D | MR_ON_L | MR_ON_R | MR_ON_B)
#define MR_ON_ALL   (MR_ON_IMAGES | MR_ON_LISTS | MR_ON_A)

enum mr_effect { MR_HARMLESS, MR_CHANGES_LABEL, MR_CHANGES_RUN };

/* g pressed twice, as one key */
#define MR_KEY_GG 0x120000

/* In the footer the keys of such a row stand before those of the next one: "[ ] rate". */
#define MR_WITH_NEXT "&"

/*
 * X(id, screens, effect, keys, footer, name, what)
 *   footer  a word or two, MR_WITH_NEXT, or NULL: not in the footer
 *   name    for the palette
 *   what    for help
 */
#define MR_ACT_LIST(X)                                                                             \
    X(OPEN, MR_ON_TCG | MR_ON_V | MR_ON_D | MR_ON_R | MR_ON_B, MR_HARMLESS, K('\r'), "open",       \
      "open", "open what is chosen: an epoch, a cell, an image, a run")                            \
    X(MARK, MR_ON_R, MR_HARMLESS, K(' '), "mark", "mark",                                          \
      "mark the run, or unmark it; two can be")                                                    \
    X(MEASURE, MR_ON_D, MR_HARMLESS, K('M'), "measure", "measure the images",                      \
      "find dark, blurred and duplicate images")                                                   \
    X(STOP_LOOK, MR_ON_D, MR_CHANGES_RUN, K('X'), "stop", "stop measuring",                        \
      "stop measuring; what is measured stays")                                                    \
    X(VARIANTS, MR_ON_D | MR_ON_A | MR_ON_B, MR_HARMLESS, K('v'), "variants", "variants",          \
      "what augmentation makes of an image; again: eight others")                                  \
    X(BATCH, MR_ON_D | MR_ON_A | MR_ON_B, MR_HARMLESS, K('w'), "batch", "batch",                   \
      "a whole batch as the network sees it; again: the next one")                                 \
    X(TAKE_RATE, MR_ON_L, MR_HARMLESS, K('\r'), "use this rate", "use this rate",                  \
      "put the chosen rate into the start sheet")                                                  \
    X(SEARCH, MR_ON_L, MR_HARMLESS, K('s'), "search", "search for a rate",                         \
      "search for a learning rate, as the start sheet says")                                       \
    X(STOP_SEARCH, MR_ON_L, MR_CHANGES_RUN, K('X'), "stop", "stop the search",                     \
      "stop the search; what it has drawn stays")                                                  \
    X(PAUSE, MR_ON_T, MR_CHANGES_RUN, K('p'), "pause", "pause",                                    \
      "pause the run that trains, or let it go on")                                                \
    X(STOP_AFTER_EPOCH, MR_ON_T, MR_CHANGES_RUN, K('E'), "stop after epoch", "stop after epoch",   \
      "stop the run when this epoch is done")                                                      \
    X(STOP_NOW, MR_ON_T, MR_CHANGES_RUN, K('X'), "stop now", "stop now",                           \
      "stop the run now, with a checkpoint (asks first)")                                          \
    X(SLOWER, MR_ON_T, MR_CHANGES_RUN, K('['), MR_WITH_NEXT, "lower rate",                         \
      "multiply the learning rate of the run by 0.8")                                              \
    X(FASTER, MR_ON_T, MR_CHANGES_RUN, K(']'), "rate", "raise rate",                               \
      "multiply the learning rate of the run by 1.25")                                             \
    X(CHECKPOINT, MR_ON_T, MR_CHANGES_RUN, K('C'), "checkpoint", "checkpoint",                     \
      "write a checkpoint now")                                                                    \
    X(PAIR_NEXT, MR_ON_C, MR_HARMLESS, K('m'), MR_WITH_NEXT, "next worst pair",                    \
      "go to the next most confused pair of classes")                                              \
    X(PAIR_PREVIOUS, MR_ON_C, MR_HARMLESS, K('M'), "worst pair", "previous worst pair",            \
      "go to the previous, more confused pair")                                                    \
    X(PERCENT, MR_ON_C, MR_HARMLESS, K('%'), "counts/row/column", "counts or percent",             \
      "show counts, per cent of the row, per cent of the column")                                  \
    X(PREVIOUS, MR_ON_I | MR_ON_A, MR_HARMLESS, K(MR_KEY_LEFT, 'h'), MR_WITH_NEXT,                 \
      "previous image", "the previous image")                                                      \
    X(NEXT, MR_ON_I | MR_ON_A, MR_HARMLESS, K(MR_KEY_RIGHT, 'l'), "image", "next image",           \
      "the next image")                                                                            \
    X(VIEW, MR_ON_I, MR_HARMLESS, K('v'), "view", "view",                                          \
      "the image; why predicted, why actual: heat maps; both")                                     \
    X(RELABEL, MR_ON_IMAGES, MR_CHANGES_LABEL, K('r'), "relabel", "relabel",                       \
      "give the image another class")                                                              \
    X(FLAG, MR_ON_IMAGES, MR_CHANGES_LABEL, K('f'), "flag", "flag",                                \
      "flag the image, or unflag it")                                                              \
    X(AMBIGUOUS, MR_ON_IMAGES, MR_CHANGES_LABEL, K('a'), "ambiguous", "ambiguous",                 \
      "mark the image as ambiguous: needs a second reader")                                        \
    X(EXCLUDE, MR_ON_IMAGES, MR_CHANGES_LABEL, K('x'), "exclude", "exclude",                       \
      "leave the image out of training, or take it back in")                                       \
    X(NOTE, MR_ON_IMAGES, MR_CHANGES_LABEL, K('e'), "note", "note", "write a note on the image")   \
    X(BOX, MR_ON_I, MR_CHANGES_LABEL, K('b'), "box", "box",                                        \
      "draw a box on the image, with a class of its own")                                          \
    X(ADJUDICATE, MR_ON_IMAGES, MR_CHANGES_LABEL, K('A'), "adjudicate", "adjudicate",              \
      "end a dispute (≠): this class stands for all readers")                                      \
    X(BLIND, MR_ON_V, MR_HARMLESS, K('B'), "blind second reading", "blind second reading",         \
      "read what others decided, without seeing it")                                               \
    X(LABELLING, MR_ON_GI, MR_CHANGES_LABEL, K('R'), "labelling", "labelling mode",                \
      "labelling mode: a digit relabels and goes on; Esc ends it")                                 \
    X(UNDO, MR_ON_ALL, MR_CHANGES_LABEL, K('u'), "undo", "undo",                                   \
      "take back one's own last decision")                                                         \
    X(REDO, MR_ON_ALL, MR_CHANGES_LABEL, K('U'), NULL, "redo",                                     \
      "make a decision again that was taken back")                                                 \
    X(SORT, MR_ON_G, MR_HARMLESS, K('s'), "sort", "sort",                                          \
      "sort by loss, doubt of the label, what epochs said ...")                                    \
    X(ORDER, MR_ON_G, MR_HARMLESS, K('o'), "order", "reverse order", "turn the order round")       \
    X(FILTER, MR_ON_G | MR_ON_V, MR_HARMLESS, K('F'), "filter", "filter",                          \
      "what is shown: misread, flagged ...; whose decisions")                                      \
    X(SMALLER, MR_ON_P, MR_HARMLESS, K('-'), MR_WITH_NEXT, "smaller pictures", "smaller pictures") \
    X(BIGGER, MR_ON_P, MR_HARMLESS, K('+', '='), "size", "bigger pictures", "bigger pictures")     \
    X(ZOOM_OUT, MR_ON_I, MR_HARMLESS, K('-'), MR_WITH_NEXT, "zoom out", "farther from the image")  \
    X(ZOOM_IN, MR_ON_I, MR_HARMLESS, K('+', '='), "zoom", "zoom in",                               \
      "nearer; then arrows move over it, n and N go to others")                                    \
    X(ZOOM_FIT, MR_ON_I, MR_HARMLESS, K('0'), NULL, "whole image", "the whole image again")        \
    X(EPOCH_BACK, MR_ON_CGI, MR_HARMLESS, K(','), MR_WITH_NEXT, "epoch back",                      \
      "travel one epoch back; matrix and images follow")                                           \
    X(EPOCH_FORWARD, MR_ON_CGI, MR_HARMLESS, K('.'), "epoch", "epoch forward",                     \
      "travel one epoch forward")                                                                  \
    X(EPOCH_FIRST, MR_ON_CGI, MR_HARMLESS, K('<'), NULL, "first epoch", "the first epoch")         \
    X(EPOCH_LAST, MR_ON_CGI, MR_HARMLESS, K('>'), NULL, "last epoch",                              \
      "the last epoch, and follow new ones")                                                       \
    X(DIFFERENCE, MR_ON_C | MR_ON_R, MR_HARMLESS, K('d'), "difference", "difference",              \
      "what changed since the epoch before, or between two runs")                                  \
    X(COLLAPSE, MR_ON_C, MR_HARMLESS, K('c'), "collapse", "collapse",                              \
      "only the classes that confuse most, or all")                                                \
    X(LABELS, MR_ON_CGI, MR_HARMLESS, K('t'), "label then/now", "labels then or now",              \
      "judge by the labels of the run, or as they are now")                                        \
    X(START, MR_ON_ALL, MR_CHANGES_RUN, K('S'), "start", "start or resume",                        \
      "begin a run, or resume one that was cut short")                                             \
    X(FIND, MR_ON_CGI, MR_HARMLESS, K('/'), "find", "find",                                        \
      "find a class, or images by path or class")                                                  \
    X(MATCH_NEXT, MR_ON_CGI, MR_HARMLESS, K('n'), NULL, "next match", "the next match")            \
    X(MATCH_PREVIOUS, MR_ON_CGI, MR_HARMLESS, K('N'), NULL, "previous match",                      \
      "the previous match")                                                                        \
    X(HELP, MR_ON_ALL, MR_HARMLESS, K('?', MR_KEY_F1), "help", "help", "the keys of this screen")  \
    X(QUIT, MR_ON_ALL, MR_HARMLESS, K('q'), "back", "back or leave",                               \
      "back; at the top leave (asks while training here)")                                         \
    X(UP, MR_ON_LISTS | MR_ON_I | MR_ON_A, MR_HARMLESS, K(MR_KEY_UP, 'k'), NULL, "up", "move up")  \
    X(DOWN, MR_ON_LISTS | MR_ON_I | MR_ON_A, MR_HARMLESS, K(MR_KEY_DOWN, 'j'), NULL, "down",       \
      "move down")                                                                                 \
    X(LEFT, MR_ON_LISTS, MR_HARMLESS, K(MR_KEY_LEFT, 'h'), NULL, "left", "move left")              \
    X(RIGHT, MR_ON_LISTS, MR_HARMLESS, K(MR_KEY_RIGHT, 'l'), NULL, "right", "move right")          \
    X(FIRST, MR_ON_ALL, MR_HARMLESS, K(MR_KEY_HOME, MR_KEY_GG), NULL, "first", "to the first")     \
    X(LAST, MR_ON_ALL, MR_HARMLESS, K(MR_KEY_END, 'G'), NULL, "last", "to the last")               \
    X(PAGE_UP, MR_ON_LISTS, MR_HARMLESS, K(MR_KEY_PAGE_UP, MR_CTRL('u')), NULL, "page up",         \
      "a page up")                                                                                 \
    X(PAGE_DOWN, MR_ON_LISTS, MR_HARMLESS, K(MR_KEY_PAGE_DOWN, MR_CTRL('d')), NULL, "page down",   \
      "a page down")                                                                               \
    X(BACK, MR_ON_ALL, MR_HARMLESS, K(27, 127, 8), NULL, "back",                                   \
      "back, innermost first; never leaves")                                                       \
    X(GO_TRAIN, MR_ON_ALL, MR_HARMLESS, K('1'), NULL, "screen train", "screen 1, Train")           \
    X(GO_MATRIX, MR_ON_ALL, MR_HARMLESS, K('2'), NULL, "screen confusion", "screen 2, Confusion")  \
    X(GO_GRID, MR_ON_ALL, MR_HARMLESS, K('3'), NULL, "screen images", "screen 3, Images")          \
    X(GO_REVIEW, MR_ON_ALL, MR_HARMLESS, K('4'), NULL, "screen review", "screen 4, Review")        \
    X(GO_DATA, MR_ON_ALL, MR_HARMLESS, K('5'), NULL, "screen data", "screen 5, Data")              \
    X(GO_RATE, MR_ON_ALL, MR_HARMLESS, K('6'), NULL, "screen learning rate",                       \
      "screen 6, learning rate")                                                                   \
    X(GO_RUNS, MR_ON_ALL, MR_HARMLESS, K('7'), NULL, "screen runs", "screen 7, Runs")              \
    X(PANE_NEXT, MR_ON_ALL, MR_HARMLESS, K('\t'), NULL, "next pane", "the next pane")              \
    X(PANE_PREVIOUS, MR_ON_ALL, MR_HARMLESS, K(MR_KEY_SHIFT_TAB), NULL, "previous pane",           \
      "the previous pane")                                                                         \
    X(ZOOM, MR_ON_ALL, MR_HARMLESS, K('z'), NULL, "zoom pane",                                     \
      "the pane over the whole screen, and back")                                                  \
    X(PALETTE, MR_ON_ALL, MR_HARMLESS, K(':'), NULL, "commands", "choose a command by name")       \
    X(PATH, MR_ON_IMAGES, MR_HARMLESS, K('y'), NULL, "show path",                                  \
      "show the path of the image in the message line")                                            \
    X(SAVE_SCREEN, MR_ON_ALL, MR_HARMLESS, K('P'), NULL, "save screen",                            \
      "save the screen as text in the project folder")                                             \
    X(GRAPHICS, MR_ON_ALL, MR_HARMLESS, K(MR_CTRL('g')), NULL, "graphics",                         \
      "the next way of drawing pictures")                                                          \
    X(REDRAW, MR_ON_ALL, MR_HARMLESS, K(MR_CTRL('l')), NULL, "redraw", "draw everything anew")     \
    X(SUSPEND, MR_ON_ALL, MR_HARMLESS, K(MR_CTRL('z')), NULL, "suspend",                           \
      "suspend the screen; training goes on")                                                      \
    X(LEAVE, MR_ON_ALL, MR_HARMLESS, K('Q', MR_CTRL('c')), NULL, "leave",                          \
      "leave from anywhere (asks while training here)")

enum mr_act {
    MR_ACT_NONE,
#define X(id, screens, effect, keys, footer, name, what) MR_ACT_##id,
    MR_ACT_LIST(X)
#undef X
        MR_N_ACTS
};

struct mr_action {
    enum mr_act act;
    unsigned screens; /* set of MR_ON_... */
    enum mr_effect effect;
    int keys[4]; /* 0: none more */
    const char *footer, *name, *what;
};

/* All rows, in the footer's order. */
const struct mr_action *mr_actions_all(int *n);
/* What a key does on a screen; NULL if nothing. */
const struct mr_action *mr_actions_find(enum mr_screen_id screen, int key);
/* The name of a key for a person: "p", "Enter", "^l", "Up". */
void mr_actions_key_text(int key, char *out, size_t cap);
/* All keys of an action, joined by spaces. */
void mr_actions_keys_text(const struct mr_action *command, char *out, size_t cap);
/* "Train", "Confusion", "Images", "Image", "Review", "Data", "LR", "Runs", "Variants",
 * "Batch". */
const char *mr_actions_screen_text(enum mr_screen_id screen);

#endif
