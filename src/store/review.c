/* SPDX-License-Identifier: MIT */
/*
 * Decisions. What undo and redo amount to is worked out on load, row by row, so that the table only
 * ever grows. A decision is checked and inserted in one transaction that is synced before it is
 * said to be saved; after an fsync that failed the connection takes no more, because the kernel may
 * have dropped what it could not write and a later fsync would not tell.
 */
#include <misread/store/review.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>

#include "sql.h"

static const struct {
    const char *text;
    enum mr_decision_form form;
} kinds[] = {
#define X(name, text, form) [MR_DECISION_##name] = {text, MR_FORM_##form},
    MR_DECISION_LIST(X)
#undef X
};

static const char what_add[] = "save the decision";

const char *mr_decision_text(enum mr_decision_kind kind)
{
    return kinds[kind].text;
}

enum mr_decision_form mr_decision_form(enum mr_decision_kind kind)
{
    return kinds[kind].form;
}

int mr_decision_find_kind(const char *text)
{
    for (int k = 0; k < MR_N_DECISION_KINDS; k++)
        if (strcmp(kinds[k].text, text) == 0)
            return k;
    return -1;
}

bool mr_box_is_sound(const struct mr_box *box)
{
    const double rounding = 1e-9;

    return box->x >= 0 && box->y >= 0 && box->w > 0 && box->h > 0 &&
           box->x + box->w <= 1 + rounding && box->y + box->h <= 1 + rounding;
}

static bool takes_target(enum mr_decision_kind kind)
{
    return kinds[kind].form == MR_FORM_TURN;
}

static bool takes_class(enum mr_decision_kind kind)
{
    return kinds[kind].form == MR_FORM_CLASS || kinds[kind].form == MR_FORM_BOX;
}

/* Binary search by id. */
static struct mr_decision *find_decision(struct mr_decision *decisions, int n, int64_t id)
{
    int lo = 0, hi = n;

    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;

        if (decisions[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && decisions[lo].id == id ? &decisions[lo] : NULL;
}

/*
 * An undo takes its target back; if the target is itself an undo, what that took back stands again,
 * and so on down the chain. Targets are older than what names them, so the chain ends.
 */
static void resolve(struct mr_decision *decisions, int n)
{
    for (int i = 0; i < n; i++) {
        struct mr_decision *d = &decisions[i];
        bool undone = false;

        while (d && takes_target(d->kind)) {
            undone ^= d->kind == MR_DECISION_UNDO;
            d = find_decision(decisions, i, d->target);
            if (d)
                d->undone = undone;
        }
    }
}

static bool is_sound(const struct mr_decision *d, int n_classes)
{
    if (takes_target(d->kind))
        return d->target > 0 && d->target < d->id;
    if (takes_class(d->kind) && (d->from_class < -1 || d->from_class >= n_classes ||
                                 d->to_class < 0 || d->to_class >= n_classes))
        return false;
    return kinds[d->kind].form != MR_FORM_BOX || mr_box_is_sound(&d->box);
}

static void read_decision(struct mr_sql *sql, struct mr_decision *d)
{
    char word[32];
    int kind;

    *d = (struct mr_decision){
        .id = mr_sql_get_int(sql, 0),
        .at = mr_sql_get_int(sql, 1),
        .image = mr_sql_get_int(sql, 2),
        .from_class = mr_sql_get_int32(sql, 4),
        .to_class = mr_sql_get_int32(sql, 5),
        .target = mr_sql_get_int(sql, 6),
        .run = mr_sql_get_int32(sql, 7),
        .epoch = mr_sql_get_int32(sql, 8),
    };
    mr_sql_copy_text(sql, 3, word, sizeof word);
    mr_sql_copy_text(sql, 9, d->reader, sizeof d->reader);
    mr_sql_copy_text(sql, 10, d->note, sizeof d->note);
    kind = mr_decision_find_kind(word);
    if (kind < 0)
        sql->rc = SQLITE_CORRUPT;
    else
        d->kind = (enum mr_decision_kind)kind;
    if (kinds[d->kind].form == MR_FORM_BOX)
        d->box = (struct mr_box){mr_sql_get_double(sql, 12), mr_sql_get_double(sql, 13),
                                 mr_sql_get_double(sql, 14), mr_sql_get_double(sql, 15)};
    if (!is_sound(d, mr_sql_get_int32(sql, 11)))
        sql->rc = SQLITE_CORRUPT;
}

enum mr_status mr_decisions_load(struct mr_store *store, struct mr_decision **decisions, int *n,
                                 struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read the decisions",
                     "SELECT id, at, image, kind, from_class, to_class, target, run, epoch, reader,"
                     " note, (SELECT count(*) FROM class), x, y, w, h FROM review ORDER BY id");
    struct mr_decision *found = NULL;
    int count = 0, cap = 0;
    enum mr_status st;

    while (mr_sql_row(&sql)) {
        struct mr_decision *more = mr_sql_grow(&sql, found, count, &cap, sizeof *found);

        if (!more)
            break;
        found = more;
        read_decision(&sql, &found[count++]);
    }
    st = mr_sql_end(&sql, err);
    if (st) {
        free(found);
        return st;
    }
    resolve(found, count);
    *decisions = found;
    *n = count;
    return MR_OK;
}

/* Does the query with one value give a row? */
static enum mr_status exists(struct mr_store *store, const char *text, int64_t value,
                             bool *is_there, struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, what_add, text);

    mr_sql_int(&sql, value);
    *is_there = mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

static enum mr_status check_plain(struct mr_store *store, const struct mr_decision *d,
                                  struct mr_error *err)
{
    bool is_there = false;
    enum mr_status st = exists(store, "SELECT 1 FROM image WHERE id = ?", d->image, &is_there, err);

    if (!st && !is_there)
        return mr_fail(err, MR_E_NOT_FOUND, "cannot %s: there is no image %lld", what_add,
                       (long long)d->image);
    if (!st && kinds[d->kind].form == MR_FORM_BOX && !mr_box_is_sound(&d->box))
        return mr_fail(err, MR_E_USAGE, "cannot %s: the box does not lie in the picture", what_add);
    if (st || !takes_class(d->kind))
        return st;
    st = exists(store, "SELECT 1 FROM class WHERE id = ?", d->to_class, &is_there, err);
    if (!st && !is_there)
        return mr_fail(err, MR_E_NOT_FOUND, "cannot %s: there is no class %d", what_add,
                       d->to_class);
    return st;
}

/* Only one's own decisions, and only what there is to be taken back or brought back. */
static enum mr_status check_against(const struct mr_decision *target, const struct mr_decision *d,
                                    struct mr_error *err)
{
    const char *verb = kinds[d->kind].text;
    bool is_undo = d->kind == MR_DECISION_UNDO;

    if (!target)
        return mr_fail(err, MR_E_NOT_FOUND, "cannot %s: there is no decision %lld", verb,
                       (long long)d->target);
    if (strcmp(target->reader, d->reader) != 0)
        return mr_fail(err, MR_E_USAGE,
                       "cannot %s decision %lld: it is %s's, and readers %s only their own", verb,
                       (long long)d->target, target->reader, verb);
    if (target->undone == is_undo)
        return mr_fail(err, MR_E_USAGE, "cannot %s decision %lld: it %s", verb,
                       (long long)d->target, is_undo ? "is undone already" : "stands");
    return MR_OK;
}

/* Also gives the row its target's image. */
static enum mr_status check_targeted(struct mr_store *store, struct mr_decision *d,
                                     struct mr_error *err)
{
    struct mr_decision *all = NULL, *target;
    int n = 0;
    enum mr_status st = mr_decisions_load(store, &all, &n, err);

    if (st)
        return st;
    target = find_decision(all, n, d->target);
    st = check_against(target, d, err);
    if (!st)
        d->image = target->image;
    free(all);
    return st;
}

static enum mr_status insert(struct mr_store *store, const struct mr_decision *d,
                             struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, what_add,
                     "INSERT INTO review (at, image, kind, from_class, to_class,"
                     " target, run, epoch, reader, note, x, y, w, h)"
                     " VALUES (?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?)");
    bool has_box = kinds[d->kind].form == MR_FORM_BOX;

    mr_sql_int(&sql, d->at);
    mr_sql_int(&sql, d->image);
    mr_sql_text(&sql, kinds[d->kind].text);
    mr_sql_int(&sql, d->from_class);
    mr_sql_int(&sql, d->to_class);
    mr_sql_int(&sql, takes_target(d->kind) ? d->target : 0);
    mr_sql_int(&sql, d->run);
    mr_sql_int(&sql, d->epoch);
    mr_sql_text(&sql, d->reader);
    mr_sql_text(&sql, d->note);
    /* SQLite keeps a NaN as NULL. */
    mr_sql_double(&sql, has_box ? d->box.x : NAN);
    mr_sql_double(&sql, has_box ? d->box.y : NAN);
    mr_sql_double(&sql, has_box ? d->box.w : NAN);
    mr_sql_double(&sql, has_box ? d->box.h : NAN);
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

/* From the first decision on, every commit of this connection reaches the disk before it returns.
 */
static enum mr_status become_full(struct mr_store *store, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    if (!store->is_full)
        st = mr_sql_run(store, what_add, "PRAGMA synchronous = FULL", err);
    if (!st)
        store->is_full = true;
    return st;
}

/* Checks and inserts decisions[i]. */
static enum mr_status add_one(struct mr_store *store, struct mr_decision *decisions, int i,
                              struct mr_error *err)
{
    struct mr_decision *d = &decisions[i];
    enum mr_status st;

    assert(d->kind >= 0 && d->kind < MR_N_DECISION_KINDS);
    if (!d->at)
        d->at = mr_clock_unix();
    if (d->target < 0) {
        assert(-d->target <= i);
        d->target = decisions[-d->target - 1].id;
    }
    st = takes_target(d->kind) ? check_targeted(store, d, err) : check_plain(store, d, err);
    if (!st)
        st = insert(store, d, err);
    if (!st)
        d->id = sqlite3_last_insert_rowid(store->db);
    d->undone = false;
    return st;
}

enum mr_status mr_decisions_add(struct mr_store *store, struct mr_decision *decisions, int n,
                                struct mr_error *err)
{
    struct mr_decision *added;
    enum mr_status st;

    if (store->has_lost_sync)
        return mr_fail(err, MR_E_IO,
                       "cannot %s in the project '%s': the disk failed to confirm an earlier one; "
                       "look after the disk, then start misread again",
                       what_add, store->dir);
    st = become_full(store, err);
    if (!st)
        st = mr_sql_tx_begin(store, what_add, err);
    if (st)
        return st;
    added = mr_xalloc((size_t)n + 1, sizeof *added);
    memcpy(added, decisions, (size_t)n * sizeof *added);
    for (int i = 0; i < n && !st; i++)
        if (!added[i].id)
            st = add_one(store, added, i, err);
    st = mr_sql_tx_end(store, st, what_add, err);
    if (!st)
        memcpy(decisions, added, (size_t)n * sizeof *added);
    free(added);
    return st;
}

enum mr_status mr_decision_add(struct mr_store *store, struct mr_decision *decision,
                               struct mr_error *err)
{
    decision->id = 0;
    return mr_decisions_add(store, decision, 1, err);
}

/* Is there a later relabel of this image by the same reader that stands? */
static bool is_superseded(const struct mr_decision *decisions, int n, int i)
{
    const struct mr_decision *d = &decisions[i];

    for (int k = i + 1; k < n; k++)
        if (decisions[k].image == d->image && decisions[k].kind == MR_DECISION_RELABEL &&
            !decisions[k].undone && strcmp(decisions[k].reader, d->reader) == 0)
            return true;
    return false;
}

struct mr_review_state mr_review_state_of(const struct mr_decision *decisions, int n, int64_t image)
{
    struct mr_review_state state = {.label = -1};
    int verdict = -1;

    for (int i = 0; i < n; i++) {
        const struct mr_decision *d = &decisions[i];

        if (d->image != image || d->undone)
            continue;
        if (d->kind == MR_DECISION_FLAG)
            state.is_flagged = d->to_class != 0;
        else if (d->kind == MR_DECISION_AMBIGUOUS)
            state.is_ambiguous = d->to_class != 0;
        else if (d->kind == MR_DECISION_EXCLUDE)
            state.is_excluded = d->to_class != 0;
        else if (d->kind == MR_DECISION_NOTE)
            state.has_note = d->note[0] != '\0';
        else if (d->kind == MR_DECISION_BOX)
            state.n_boxes++;
        else if (d->kind == MR_DECISION_ADJUDICATE)
            verdict = d->to_class;
        else if (d->kind == MR_DECISION_RELABEL && !is_superseded(decisions, n, i)) {
            /* Each reader's last word; two that differ leave the label as it was. */
            state.is_disputed |= state.label >= 0 && state.label != d->to_class;
            state.label = d->to_class;
        }
    }
    state.is_adjudicated = verdict >= 0;
    if (state.is_adjudicated) {
        state.is_disputed = false;
        state.label = verdict;
    } else if (state.is_disputed) {
        state.label = -1;
    }
    return state;
}
