/* SPDX-License-Identifier: MIT */
/*
 * The reader's desk: decisions that stand, decisions on their way to the disk, and what follows for
 * each image. A decision counts as pending until the review thread says that its commit returned.
 */
#ifndef MISREAD_TUI_DESK_H
#define MISREAD_TUI_DESK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/store/review.h>

struct mr_store;

/* What is shown of one image. */
struct mr_marks {
    struct mr_review_state state;
    bool is_pending;  /* something of it is not on the disk yet */
    const char *note; /* the last one that stands, "" if none; borrowed until the desk changes */
};

struct mr_desk_image; /* private: state of one image that has decisions */

struct mr_desk {
    struct mr_reviewer *reviewer;  /* borrowed */
    const char *reader;            /* borrowed */
    struct mr_decision *decisions; /* owned: committed, in order */
    int n;
    struct mr_decision *pending; /* owned: handed over, in order; id is the ticket */
    int n_pending;
    struct mr_desk_image *images; /* owned, by image */
    int n_images;
    unsigned serial;              /* grows whenever the states may have changed */
    struct mr_decision *by_image; /* owned: what the states were computed from */
    int undo_wanted; /* undos (redos if negative) to be done once what is pending is saved */
};

void mr_desk_init(struct mr_desk *desk, struct mr_reviewer *reviewer, const char *reader);
void mr_desk_finish(struct mr_desk *desk);
/* Reads the decisions of all readers anew. */
enum mr_status mr_desk_refresh(struct mr_desk *desk, struct mr_store *store,
                               struct mr_error *err) MR_NODISCARD;
/* Hands a decision over; its mark shows as pending from now on. Reader is filled in. */
void mr_desk_submit(struct mr_desk *desk, const struct mr_decision *decision);
/* Takes one answer: true if there is one. err->status MR_OK: saved. A failed one's mark is taken
 * back. */
bool mr_desk_poll(struct mr_desk *desk, struct mr_decision *decision, struct mr_error *err);
/* All decisions about images, also those on their way to the disk, by image and in order. */
const struct mr_decision *mr_desk_all(const struct mr_desk *desk, int *n);
/* Those of them about one image. */
const struct mr_decision *mr_desk_about(const struct mr_desk *desk, int64_t image, int *n);
struct mr_marks mr_desk_marks(const struct mr_desk *desk, int64_t image);
/* "⚑✎≈×≠¶▢" as far as they apply, and "·" while pending. */
void mr_desk_marks_text(const struct mr_marks *marks, char *out, size_t cap);
/* Images whose relabel or exclusion changes what training with reviewed labels sees. */
int mr_desk_n_changed(const struct mr_desk *desk);

/* One's own last decision that stands, and the one that was taken back last with nothing decided
 * since; -1 if none. Pure. */
int mr_desk_find_undo(const struct mr_decision *decisions, int n, const char *reader);
int mr_desk_find_redo(const struct mr_decision *decisions, int n, const char *reader);

#endif
