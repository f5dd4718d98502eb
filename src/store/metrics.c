/* SPDX-License-Identifier: MIT */
/*
 * What a run measured: steps, epochs, and what the network said of every image. Predictions of a
 * side are one row of blobs; whatever comes back is checked against the counts beside it before
 * anybody indexes with it.
 */
#include <misread/store/runs.h>

#include <assert.h>
#include <stdlib.h>

#include <misread/base/alloc.h>

#include "answers.h"
#include "sql.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blobs are stored little-endian");
_Static_assert(sizeof(int) == 4 && sizeof(float) == 4, "blobs hold int32 and float32");

enum mr_status mr_steps_add(struct mr_store *store, int run, const struct mr_step *steps, int n,
                            struct mr_error *err)
{
    static const char what[] = "save the steps";
    enum mr_status st = mr_sql_tx_begin(store, what, err);
    struct mr_sql sql;

    if (st)
        return st;
    sql = mr_sql_begin(store, what,
                       "INSERT OR REPLACE INTO step (run, step, epoch, loss, lr, momentum,"
                       " images_per_s) VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (int i = 0; i < n && !sql.rc; i++) {
        mr_sql_again(&sql);
        mr_sql_int(&sql, run);
        mr_sql_int(&sql, steps[i].step);
        mr_sql_int(&sql, steps[i].epoch);
        mr_sql_double(&sql, steps[i].loss);
        mr_sql_double(&sql, steps[i].lr);
        mr_sql_double(&sql, steps[i].momentum);
        mr_sql_double(&sql, steps[i].images_per_s);
        mr_sql_row(&sql);
    }
    return mr_sql_tx_end(store, mr_sql_end(&sql, err), what, err);
}

enum mr_status mr_steps_load(struct mr_store *store, int run, int from, struct mr_step **steps,
                             int *n, struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read the steps",
                     "SELECT step, epoch, loss, lr, momentum, images_per_s FROM step"
                     " WHERE run = ? AND step >= ? ORDER BY step");
    struct mr_step *found = NULL;
    int count = 0, cap = 0;
    enum mr_status st;

    mr_sql_int(&sql, run);
    mr_sql_int(&sql, from);
    while (mr_sql_row(&sql)) {
        struct mr_step *more = mr_sql_grow(&sql, found, count, &cap, sizeof *found);

        if (!more)
            break;
        found = more;
        found[count++] = (struct mr_step){
            .step = mr_sql_get_int32(&sql, 0),
            .epoch = mr_sql_get_int32(&sql, 1),
            .loss = mr_sql_get_double(&sql, 2),
            .lr = mr_sql_get_double(&sql, 3),
            .momentum = mr_sql_get_double(&sql, 4),
            .images_per_s = mr_sql_get_double(&sql, 5),
        };
    }
    st = mr_sql_end(&sql, err);
    if (st) {
        free(found);
        return st;
    }
    *steps = found;
    *n = count;
    return MR_OK;
}

void mr_predictions_destroy(struct mr_predictions *predictions)
{
    if (!predictions)
        return;
    free(predictions->ids);
    free(predictions->labels);
    free(predictions->logits);
    free(predictions->losses);
    free(predictions);
}

/* Ids ascend, labels are classes: interp searches the one and indexes with the other. */
static bool is_in_order(const struct mr_predictions *p)
{
    for (int i = 0; i < p->n; i++) {
        if (p->labels[i] < 0 || p->labels[i] >= p->n_classes)
            return false;
        if (i && p->ids[i] <= p->ids[i - 1])
            return false;
    }
    return true;
}

/* Bytes of (n, n_classes) floats. */
static bool logits_size(int n, int n_classes, size_t *size)
{
    size_t count;

    return n >= 0 && n_classes >= 1 && mr_size_mul((size_t)n, (size_t)n_classes, &count) &&
           mr_size_mul(count, sizeof(float), size);
}

bool mr_answers_are_sound(const struct mr_predictions *answers)
{
    size_t size;

    return logits_size(answers->n, answers->n_classes, &size) && is_in_order(answers);
}

void mr_answers_bind(struct mr_sql *sql, const struct mr_predictions *answers)
{
    const struct mr_predictions *p = answers;
    size_t n = (size_t)p->n;

    mr_sql_int(sql, p->n);
    mr_sql_int(sql, p->n_classes);
    mr_sql_blob(sql, p->ids, n * sizeof *p->ids);
    mr_sql_blob(sql, p->labels, n * sizeof *p->labels);
    mr_sql_blob(sql, p->losses, n * sizeof *p->losses);
    mr_sql_blob(sql, p->logits, n * (size_t)p->n_classes * sizeof *p->logits);
}

void mr_answers_read(struct mr_sql *sql, int column, struct mr_predictions *answers)
{
    struct mr_predictions *p = answers;
    size_t size;

    p->n = mr_sql_get_int32(sql, column);
    p->n_classes = mr_sql_get_int32(sql, column + 1);
    if (!logits_size(p->n, p->n_classes, &size)) {
        sql->rc = SQLITE_CORRUPT;
        return;
    }
    p->ids = mr_sql_get_blob(sql, column + 2, (size_t)p->n * sizeof *p->ids);
    p->labels = mr_sql_get_blob(sql, column + 3, (size_t)p->n * sizeof *p->labels);
    p->losses = mr_sql_get_blob(sql, column + 4, (size_t)p->n * sizeof *p->losses);
    p->logits = mr_sql_get_blob(sql, column + 5, size);
    if (!sql->rc && !is_in_order(p))
        sql->rc = SQLITE_CORRUPT;
}

static enum mr_status delete_predictions(struct mr_store *store, int run, int epoch,
                                         struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "replace the predictions of an epoch",
                                     "DELETE FROM prediction WHERE run = ? AND epoch = ?");

    mr_sql_int(&sql, run);
    mr_sql_int(&sql, epoch);
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

static enum mr_status insert_predictions(struct mr_store *store, int run, int epoch,
                                         enum mr_side side, const struct mr_predictions *p,
                                         struct mr_error *err)
{
    struct mr_sql sql;

    if (!p)
        return MR_OK;
    if (!mr_answers_are_sound(p))
        return mr_fail(err, MR_E_FORMAT,
                       "cannot save the predictions of epoch %d of run %d: the ids do not ascend, "
                       "or a label is none of the %d classes",
                       epoch, run, p->n_classes);
    sql = mr_sql_begin(store, "save the predictions of an epoch",
                       "INSERT INTO prediction (run, epoch, side, n, n_classes, ids, labels,"
                       " losses, logits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    mr_sql_int(&sql, run);
    mr_sql_int(&sql, epoch);
    mr_sql_int(&sql, side);
    mr_answers_bind(&sql, p);
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

static enum mr_status insert_epoch(struct mr_store *store, int run, const struct mr_epoch *epoch,
                                   struct mr_error *err)
{
    struct mr_sql sql = mr_sql_begin(store, "save an epoch",
                                     "INSERT OR REPLACE INTO epoch (run, epoch, train_loss,"
                                     " valid_loss, n_correct, n_valid, seconds)"
                                     " VALUES (?, ?, ?, ?, ?, ?, ?)");

    mr_sql_int(&sql, run);
    mr_sql_int(&sql, epoch->epoch);
    mr_sql_double(&sql, epoch->train_loss);
    mr_sql_double(&sql, epoch->valid_loss);
    mr_sql_int(&sql, epoch->n_correct);
    mr_sql_int(&sql, epoch->n_valid);
    mr_sql_double(&sql, epoch->seconds);
    mr_sql_row(&sql);
    return mr_sql_end(&sql, err);
}

enum mr_status mr_epoch_add(struct mr_store *store, int run, const struct mr_epoch *epoch,
                            const struct mr_predictions *valid, const struct mr_predictions *train,
                            struct mr_error *err)
{
    static const char what[] = "save an epoch";
    enum mr_status st = mr_sql_tx_begin(store, what, err);
    int e = epoch->epoch;

    if (st)
        return st;
    st = insert_epoch(store, run, epoch, err);
    if (!st)
        st = delete_predictions(store, run, e, err);
    if (!st)
        st = insert_predictions(store, run, e, MR_SIDE_VALID, valid, err);
    if (!st)
        st = insert_predictions(store, run, e, MR_SIDE_TRAIN, train, err);
    return mr_sql_tx_end(store, st, what, err);
}

enum mr_status mr_epochs_load(struct mr_store *store, int run, struct mr_epoch **epochs, int *n,
                              struct mr_error *err)
{
    struct mr_sql sql =
        mr_sql_begin(store, "read the epochs",
                     "SELECT epoch, train_loss, valid_loss, n_correct, n_valid, seconds"
                     " FROM epoch WHERE run = ? ORDER BY epoch");
    struct mr_epoch *found = NULL;
    int count = 0, cap = 0;
    enum mr_status st;

    mr_sql_int(&sql, run);
    while (mr_sql_row(&sql)) {
        struct mr_epoch *more = mr_sql_grow(&sql, found, count, &cap, sizeof *found);

        if (!more)
            break;
        found = more;
        found[count++] = (struct mr_epoch){
            .epoch = mr_sql_get_int32(&sql, 0),
            .train_loss = mr_sql_get_double(&sql, 1),
            .valid_loss = mr_sql_get_double(&sql, 2),
            .n_correct = mr_sql_get_int32(&sql, 3),
            .n_valid = mr_sql_get_int32(&sql, 4),
            .seconds = mr_sql_get_double(&sql, 5),
        };
    }
    st = mr_sql_end(&sql, err);
    if (st) {
        free(found);
        return st;
    }
    *epochs = found;
    *n = count;
    return MR_OK;
}

double mr_epoch_accuracy(const struct mr_epoch *epoch)
{
    return epoch->n_valid ? (double)epoch->n_correct / epoch->n_valid : 0;
}

const struct mr_epoch *mr_epochs_best(const struct mr_epoch *epochs, int n)
{
    const struct mr_epoch *best = epochs;

    for (int i = 1; i < n; i++)
        if (mr_epoch_accuracy(&epochs[i]) > mr_epoch_accuracy(best))
            best = &epochs[i];
    return best;
}

enum mr_status mr_predictions_load(struct mr_store *store, int run, int epoch, enum mr_side side,
                                   struct mr_predictions **predictions, struct mr_error *err)
{
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);
    struct mr_sql sql = mr_sql_begin(store, "read the predictions of an epoch",
                                     "SELECT epoch, n, n_classes, ids, labels, losses, logits"
                                     " FROM prediction WHERE run = ?1 AND side = ?2"
                                     " AND (epoch = ?3 OR ?3 = 0) ORDER BY epoch DESC LIMIT 1");
    bool is_there;
    enum mr_status st;

    mr_sql_int(&sql, run);
    mr_sql_int(&sql, side);
    mr_sql_int(&sql, epoch);
    is_there = mr_sql_row(&sql);
    if (is_there) {
        *p = (struct mr_predictions){.run = run, .side = side, .epoch = mr_sql_get_int32(&sql, 0)};
        mr_answers_read(&sql, 1, p);
    }
    st = mr_sql_end(&sql, err);
    if (!st && !is_there && epoch)
        st = mr_fail(err, MR_E_NOT_FOUND, "run %d has no predictions of epoch %d", run, epoch);
    else if (!st && !is_there)
        st = mr_fail(err, MR_E_NOT_FOUND, "run %d has no predictions yet", run);
    if (st)
        mr_predictions_destroy(p);
    else
        *predictions = p;
    return st;
}
