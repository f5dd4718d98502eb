/* SPDX-License-Identifier: MIT */
/*
 * What readers decide about images. Append-only: nothing is changed or removed, undo is a row of
 * its own. A decision is committed with synchronous=FULL; only after that commit returned may
 * anybody call it saved.
 */
#ifndef MISREAD_STORE_REVIEW_H
#define MISREAD_STORE_REVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/status.h>

struct mr_store;
struct mr_wake;

/* What a kind of decision says, and so which fields of it count. */
enum mr_decision_form {
    MR_FORM_MARK,  /* to_class 1 set, 0 removed */
    MR_FORM_CLASS, /* from_class -> to_class */
    MR_FORM_BOX,   /* to_class, box */
    MR_FORM_TEXT,  /* note */
    MR_FORM_TURN   /* target */
};

/* X(name, text, form) */
#define MR_DECISION_LIST(X)                                  \
    X(FLAG, "flag", MARK)                                    \
    X(RELABEL, "relabel", CLASS)                             \
    X(AMBIGUOUS, "ambiguous", MARK)                          \
    X(EXCLUDE, "exclude", MARK)                              \
    X(NOTE, "note", TEXT)                                    \
    X(UNDO, "undo", TURN)                                    \
    X(REDO, "redo", TURN)                                    \
    X(BOX, "box", BOX)                 /* undo removes it */ \
    X(ADJUDICATE, "adjudicate", CLASS) /* a relabel that all readers' relabels give way to */
enum mr_decision_kind {
#define X(name, text, form) MR_DECISION_##name,
    MR_DECISION_LIST(X)
#undef X
        MR_N_DECISION_KINDS
};
const char *mr_decision_text(enum mr_decision_kind kind);
enum mr_decision_form mr_decision_form(enum mr_decision_kind kind);
/* The kind with that text; -1 if there is none. */
int mr_decision_find_kind(const char *text);

/* Shares of the picture's width and height, from its upper left corner. */
struct mr_box {
    double x, y, w, h;
};
/* Has it an inside, and does that lie in the picture? */
bool mr_box_is_sound(const struct mr_box *box);

struct mr_decision {
    int64_t id; /* set by the store, ascending */
    int64_t at; /* unix seconds, set by the store if 0 */
    int64_t image;
    enum mr_decision_kind kind;
    int from_class, to_class; /* class indices (from -1: none); 0/1 of a mark */
    int64_t target;           /* UNDO, REDO: the decision meant; else 0 */
    struct mr_box box;        /* BOX; else zeros */
    int run, epoch;           /* what was on the screen; 0 none */
    char reader[64];
    char note[256];
    bool undone; /* filled in on load */
};

/*
 * Commits one decision (FULL). decision->id and at are set only on success; UNDO and REDO also get
 * the image of their target. MR_E_NOT_FOUND: no such image, class or target. MR_E_USAGE: the target
 * is another reader's, is undone already (UNDO) or stands (REDO). A target may itself be an UNDO or
 * REDO: undoing an undo lets what it took back stand again. After an fsync that failed (MR_E_IO)
 * this store takes no further decision until it is opened anew: the kernel may have dropped what it
 * could not write.
 */
enum mr_status mr_decision_add(struct mr_store *store, struct mr_decision *decision,
                               struct mr_error *err) MR_NODISCARD;
/* The same with many, in order, in one transaction: all or none. One whose id is not 0 is there
 * already and is passed over; a negative target is the -target'th of these decisions. */
enum mr_status mr_decisions_add(struct mr_store *store, struct mr_decision *decisions, int n,
                                struct mr_error *err) MR_NODISCARD;
/* All decisions in order, undone resolved; *decisions owned (free). MR_E_FORMAT if a row cannot be:
 * kinds, classes and targets may be used as indices afterwards. */
enum mr_status mr_decisions_load(struct mr_store *store, struct mr_decision **decisions, int *n,
                                 struct mr_error *err) MR_NODISCARD;

/* The review thread: commits decisions one by one on its own connection, in the order handed over.
 */
struct mr_reviewer;
enum mr_status mr_reviewer_start(struct mr_reviewer **reviewer, const char *project_dir,
                                 struct mr_wake *wake, struct mr_error *err) MR_NODISCARD;
/* Never blocks on the disk. Returns a ticket, ascending from 1. A decision that fails does not keep
 * later ones from being tried. */
int64_t mr_reviewer_submit(struct mr_reviewer *reviewer, const struct mr_decision *decision);
/* Takes one answer: true if there is one; *ticket, *decision (id and at set) and *err (status
 * MR_OK: saved). */
bool mr_reviewer_poll(struct mr_reviewer *reviewer, int64_t *ticket, struct mr_decision *decision,
                      struct mr_error *err);
/* Decisions handed over and not yet answered. */
int mr_reviewer_n_pending(struct mr_reviewer *reviewer);
/* Waits until every decision handed over has its answer, so that none goes unread before stop. */
void mr_reviewer_drain(struct mr_reviewer *reviewer);
/* Commits what is pending, then ends. Accepts NULL. */
void mr_reviewer_stop(struct mr_reviewer *reviewer);

/* The state of one image that follows from decisions (of all readers): the last one that stands
 * wins. */
struct mr_review_state {
    bool is_flagged, is_ambiguous, is_excluded, has_note;
    bool is_disputed; /* two readers' relabels differ: the original label stays until adjudicated */
    bool is_adjudicated; /* and so no relabel counts any more */
    int label;           /* class after relabelling; -1: never relabelled, or disputed */
    int n_boxes;
};
struct mr_review_state mr_review_state_of(const struct mr_decision *decisions, int n,
                                          int64_t image);

#endif
