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
    MR_SCREEN_IMAGE, /* one image; shares tab 3 with the grid */
    MR_N_SCREENS
};

/* Sets of screens. */
#define MR_ON_T   (1U << MR_SCREEN_TRAIN)
#define MR_ON_C   (1U << MR_SCREEN_MATRIX)
#define MR_ON_G   (1U << MR_SCREEN_GRID)
#define MR_ON_I   (1U << MR_SCREEN_IMAGE)
#define MR_ON_TCG (MR_ON_T | MR_ON_C | MR_ON_G)
#define MR_ON_CGI (MR_ON_C | MR_ON_G | MR_ON_I)
#define MR_ON_GI  (MR_ON_G | MR_ON_I)
#define MR_ON_ALL (MR_ON_TCG | MR_ON_I)

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
    X(OPEN, MR_ON_TCG, MR_HARMLESS, K('\r'), "open", "open",                                       \
      "open what is chosen: an epoch, a cell, an image")                                           \
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
    X(PREVIOUS, MR_ON_I, MR_HARMLESS, K(MR_KEY_LEFT, 'h', MR_KEY_UP, 'k'), MR_WITH_NEXT,           \
      "previous image", "the previous image")                                                      \
    X(NEXT, MR_ON_I, MR_HARMLESS, K(MR_KEY_RIGHT, 'l', MR_KEY_DOWN, 'j'), "image", "next image",   \
      "the next image")                                                                            \
    X(RELABEL, MR_ON_ALL, MR_CHANGES_LABEL, K('r'), "relabel", "relabel",                          \
      "give the image another class")                                                              \
    X(FLAG, MR_ON_ALL, MR_CHANGES_LABEL, K('f'), "flag", "flag", "flag the image, or unflag it")   \
    X(AMBIGUOUS, MR_ON_ALL, MR_CHANGES_LABEL, K('a'), "ambiguous", "ambiguous",                    \
      "mark the image as ambiguous: needs a second reader")                                        \
    X(EXCLUDE, MR_ON_ALL, MR_CHANGES_LABEL, K('x'), "exclude", "exclude",                          \
      "leave the image out of training, or take it back in")                                       \
    X(NOTE, MR_ON_ALL, MR_CHANGES_LABEL, K('e'), "note", "note", "write a note on the image")      \
    X(LABELLING, MR_ON_GI, MR_CHANGES_LABEL, K('R'), "labelling", "labelling mode",                \
      "labelling mode: a digit relabels and goes on; Esc ends it")                                 \
    X(UNDO, MR_ON_ALL, MR_CHANGES_LABEL, K('u'), "undo", "undo",                                   \
      "take back one's own last decision")                                                         \
    X(REDO, MR_ON_ALL, MR_CHANGES_LABEL, K('U'), NULL, "redo",                                     \
      "make a decision again that was taken back")                                                 \
    X(SORT, MR_ON_G, MR_HARMLESS, K('s'), "sort", "sort",                                          \
      "sort by loss, probability of the label, confidence, name")                                  \
    X(ORDER, MR_ON_G, MR_HARMLESS, K('o'), "order", "reverse order", "turn the order round")       \
    X(FILTER, MR_ON_G, MR_HARMLESS, K('F'), "filter", "filter",                                    \
      "what is shown: misread, flagged ..., and of which split")                                   \
    X(SMALLER, MR_ON_G, MR_HARMLESS, K('-'), MR_WITH_NEXT, "smaller pictures", "smaller pictures") \
    X(BIGGER, MR_ON_G, MR_HARMLESS, K('+', '='), "size", "bigger pictures", "bigger pictures")     \
    X(EPOCH_BACK, MR_ON_CGI, MR_HARMLESS, K(','), MR_WITH_NEXT, "epoch back",                      \
      "travel one epoch back; matrix and images follow")                                           \
    X(EPOCH_FORWARD, MR_ON_CGI, MR_HARMLESS, K('.'), "epoch", "epoch forward",                     \
      "travel one epoch forward")                                                                  \
    X(EPOCH_FIRST, MR_ON_CGI, MR_HARMLESS, K('<'), NULL, "first epoch", "the first epoch")         \
    X(EPOCH_LAST, MR_ON_CGI, MR_HARMLESS, K('>'), NULL, "last epoch",                              \
      "the last epoch, and follow new ones")                                                       \
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
    X(UP, MR_ON_TCG, MR_HARMLESS, K(MR_KEY_UP, 'k'), NULL, "up", "move up")                        \
    X(DOWN, MR_ON_TCG, MR_HARMLESS, K(MR_KEY_DOWN, 'j'), NULL, "down", "move down")                \
    X(LEFT, MR_ON_TCG, MR_HARMLESS, K(MR_KEY_LEFT, 'h'), NULL, "left", "move left")                \
    X(RIGHT, MR_ON_TCG, MR_HARMLESS, K(MR_KEY_RIGHT, 'l'), NULL, "right", "move right")            \
    X(FIRST, MR_ON_ALL, MR_HARMLESS, K(MR_KEY_HOME, MR_KEY_GG), NULL, "first", "to the first")     \
    X(LAST, MR_ON_ALL, MR_HARMLESS, K(MR_KEY_END, 'G'), NULL, "last", "to the last")               \
    X(PAGE_UP, MR_ON_TCG, MR_HARMLESS, K(MR_KEY_PAGE_UP, MR_CTRL('u')), NULL, "page up",           \
      "a page up")                                                                                 \
    X(PAGE_DOWN, MR_ON_TCG, MR_HARMLESS, K(MR_KEY_PAGE_DOWN, MR_CTRL('d')), NULL, "page down",     \
      "a page down")                                                                               \
    X(BACK, MR_ON_ALL, MR_HARMLESS, K(27, 127, 8), NULL, "back",                                   \
      "back, innermost first; never leaves")                                                       \
    X(GO_TRAIN, MR_ON_ALL, MR_HARMLESS, K('1'), NULL, "screen train", "screen 1, Train")           \
    X(GO_MATRIX, MR_ON_ALL, MR_HARMLESS, K('2'), NULL, "screen confusion", "screen 2, Confusion")  \
    X(GO_GRID, MR_ON_ALL, MR_HARMLESS, K('3'), NULL, "screen images", "screen 3, Images")          \
    X(PANE_NEXT, MR_ON_ALL, MR_HARMLESS, K('\t'), NULL, "next pane", "the next pane")              \
    X(PANE_PREVIOUS, MR_ON_ALL, MR_HARMLESS, K(MR_KEY_SHIFT_TAB), NULL, "previous pane",           \
      "the previous pane")                                                                         \
    X(ZOOM, MR_ON_ALL, MR_HARMLESS, K('z'), NULL, "zoom pane",                                     \
      "the pane over the whole screen, and back")                                                  \
    X(PALETTE, MR_ON_ALL, MR_HARMLESS, K(':'), NULL, "commands", "choose a command by name")       \
    X(PATH, MR_ON_ALL, MR_HARMLESS, K('y'), NULL, "show path",                                     \
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
/* "Train", "Confusion", "Images", "Image". */
const char *mr_actions_screen_text(enum mr_screen_id screen);

#endif
