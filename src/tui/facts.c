/* SPDX-License-Identifier: MIT */
/* Following a run through the store: what changed is read, the rest is kept. */
#include "facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/ids.h>
#include <misread/base/str.h>
#include <misread/interp/ranking.h>
#include <misread/store/store.h>

/* A trainer that died commits nothing, so a live run is looked at once a second anyway. */
#define LIVE_MS 1000
/* The table of images is the one large read; not more often than this. */
#define IMAGES_MS 1000

void mr_facts_init(struct mr_facts *facts, struct mr_store *store, int run_wanted)
{
    *facts = (struct mr_facts){
        .store = store, .run_wanted = run_wanted, .version = -1, .wants_images = true};
    facts->images_ms = -IMAGES_MS;
}

static void drop_guesses(struct mr_epoch_guesses *guesses)
{
    free(guesses->ids);
    free(guesses->predicted);
    free(guesses->losses);
    *guesses = (struct mr_epoch_guesses){0};
}

static void drop_epochs(struct mr_facts *facts)
{
    for (int i = 0; i < facts->n_epochs; i++)
        drop_guesses(&facts->guesses[i]);
    free(facts->guesses);
    free(facts->epochs);
    facts->guesses = NULL;
    facts->epochs = NULL;
    facts->n_epochs = 0;
}

void mr_facts_finish(struct mr_facts *facts)
{
    drop_epochs(facts);
    free(facts->steps);
    if (facts->has_run)
        mr_run_finish(&facts->run);
    mr_images_destroy(facts->images);
    mr_names_finish(&facts->names);
}

static bool is_live_state(enum mr_run_state state)
{
    return state == MR_RUN_STARTING || state == MR_RUN_TRAINING || state == MR_RUN_PAUSED;
}

static bool is_same_progress(const struct mr_run *a, const struct mr_run *b)
{
    return a->id == b->id && a->state == b->state && a->n_done == b->n_done &&
           a->n_total == b->n_total && a->epoch == b->epoch && a->eta_ms == b->eta_ms &&
           a->checkpoint_at == b->checkpoint_at && a->n_train == b->n_train &&
           a->n_valid == b->n_valid && !strcmp(a->phase, b->phase) &&
           !strcmp(a->message ? a->message : "", b->message ? b->message : "");
}

static enum mr_status read_run(struct mr_facts *facts, unsigned *news, struct mr_error *err)
{
    struct mr_error own;
    struct mr_run run = {0};
    enum mr_status st = mr_run_load(facts->store, facts->run_wanted, &run, &own);
    bool was_live = facts->is_live, is_other;

    if (st == MR_E_NOT_FOUND && !facts->has_run)
        return MR_OK;
    if (st) {
        if (err)
            *err = own;
        return st;
    }
    is_other = !facts->has_run || facts->run.id != run.id;
    facts->is_live = is_live_state(run.state);
    if (is_other || (facts->is_live && !was_live)) {
        /* another run, or this one resumed: its last steps are written anew */
        facts->n_steps = 0;
        *news |= MR_NEW_STEPS;
    }
    if (is_other) {
        drop_epochs(facts);
        *news |= MR_NEW_EPOCHS;
    }
    if (is_other || strcmp(run.phase, facts->run.phase) != 0)
        facts->wants_images = true;
    if (is_other || !is_same_progress(&run, &facts->run))
        *news |= MR_NEW_RUN;
    if (facts->has_run)
        mr_run_finish(&facts->run);
    facts->run = run;
    facts->has_run = true;
    return MR_OK;
}

static enum mr_status read_steps(struct mr_facts *facts, unsigned *news, struct mr_error *err)
{
    int from = facts->n_steps ? facts->steps[facts->n_steps - 1].step + 1 : 0, n = 0;
    struct mr_step *steps = NULL;
    enum mr_status st = mr_steps_load(facts->store, facts->run.id, from, &steps, &n, err);

    if (st)
        return st;
    if (n > 0) {
        if (facts->n_steps + n > facts->cap_steps) {
            facts->cap_steps = (facts->n_steps + n) * 2;
            facts->steps =
                mr_xrealloc(facts->steps, (size_t)facts->cap_steps, sizeof *facts->steps);
        }
        memcpy(facts->steps + facts->n_steps, steps, (size_t)n * sizeof *steps);
        facts->n_steps += n;
        *news |= MR_NEW_STEPS;
    }
    free(steps);
    return MR_OK;
}

static bool is_same_epoch(const struct mr_epoch *a, const struct mr_epoch *b)
{
    return a->epoch == b->epoch && a->n_correct == b->n_correct && a->n_valid == b->n_valid &&
           !memcmp(&a->valid_loss, &b->valid_loss, sizeof a->valid_loss) &&
           !memcmp(&a->train_loss, &b->train_loss, sizeof a->train_loss);
}

static enum mr_status read_epochs(struct mr_facts *facts, unsigned *news, struct mr_error *err)
{
    struct mr_epoch *epochs = NULL;
    struct mr_epoch_guesses *guesses;
    int n = 0;
    enum mr_status st = mr_epochs_load(facts->store, facts->run.id, &epochs, &n, err);

    if (st)
        return st;
    guesses = mr_xalloc((size_t)n + 1, sizeof *guesses);
    if (n != facts->n_epochs)
        *news |= MR_NEW_EPOCHS;
    for (int i = 0; i < n && i < facts->n_epochs; i++) {
        if (is_same_epoch(&epochs[i], &facts->epochs[i])) {
            guesses[i] = facts->guesses[i];
            facts->guesses[i] = (struct mr_epoch_guesses){0};
        } else {
            *news |= MR_NEW_EPOCHS;
        }
    }
    drop_epochs(facts);
    facts->epochs = epochs;
    facts->guesses = guesses;
    facts->n_epochs = n;
    return MR_OK;
}

static enum mr_status read_images(struct mr_facts *facts, unsigned *news, struct mr_error *err)
{
    struct mr_image_table *images = NULL;
    enum mr_status st = mr_images_load(facts->store, &images, err);

    if (st)
        return st;
    mr_images_destroy(facts->images);
    mr_names_finish(&facts->names);
    facts->images = images;
    mr_names_init(&facts->names, images->classes, images->n_classes);
    *news |= MR_NEW_IMAGES;
    return MR_OK;
}

/* While files are looked at the table grows; a project without a run may be filled any time. */
static bool is_filling(const struct mr_facts *facts)
{
    return !facts->has_run || !strcmp(facts->run.phase, "scan");
}

/* A commit too soon after the last reading is not forgotten: it may have been the last one. */
static bool is_time_for_images(const struct mr_facts *facts, int64_t now_ms)
{
    return facts->wants_images && now_ms - facts->images_ms >= IMAGES_MS;
}

enum mr_status mr_facts_refresh(struct mr_facts *facts, int64_t now_ms, unsigned *news,
                                struct mr_error *err)
{
    int64_t version = mr_store_version(facts->store);
    enum mr_status st = MR_OK;

    *news = 0;
    if (version == facts->version && !is_time_for_images(facts, now_ms) &&
        !(facts->is_live && now_ms - facts->read_ms >= LIVE_MS))
        return MR_OK;
    if (version != facts->version)
        *news |= MR_NEW_OTHER;
    st = read_run(facts, news, err);
    if (!st && facts->has_run)
        st = read_steps(facts, news, err);
    if (!st && facts->has_run)
        st = read_epochs(facts, news, err);
    if (version != facts->version && is_filling(facts))
        facts->wants_images = true;
    if (!st && is_time_for_images(facts, now_ms)) {
        st = read_images(facts, news, err);
        facts->images_ms = now_ms;
        facts->wants_images = false;
    }
    facts->read_ms = now_ms;
    if (!st)
        facts->version = version;
    return st;
}

bool mr_facts_learn(struct mr_facts *facts)
{
    struct mr_predictions *predictions = NULL;
    struct mr_epoch_guesses *guesses;
    int i = facts->n_epochs - 1;

    while (i >= 0 && facts->guesses[i].is_read)
        i--;
    if (i < 0)
        return false;
    guesses = &facts->guesses[i];
    guesses->is_read = true;
    if (mr_facts_predictions(facts, facts->run.id, facts->epochs[i].epoch, MR_SIDE_VALID,
                             &predictions, NULL))
        return true;
    guesses->n = predictions->n;
    guesses->ids = mr_xalloc((size_t)predictions->n + 1, sizeof *guesses->ids);
    guesses->predicted = mr_xalloc((size_t)predictions->n + 1, sizeof *guesses->predicted);
    guesses->losses = mr_xalloc((size_t)predictions->n + 1, sizeof *guesses->losses);
    for (int row = 0; row < predictions->n; row++) {
        size_t k = (size_t)predictions->n_classes;

        guesses->ids[row] = predictions->ids[row];
        guesses->losses[row] = predictions->losses[row];
        guesses->predicted[row] = (short)mr_argmax(predictions->logits + (size_t)row * k, (int)k);
    }
    mr_predictions_destroy(predictions);
    return true;
}

struct mr_history_point mr_facts_history(const struct mr_facts *facts, int index, int64_t image)
{
    const struct mr_epoch_guesses *guesses = &facts->guesses[index];
    struct mr_history_point point = {facts->epochs[index].epoch, -1, NAN};
    int row = mr_ids_find(guesses->ids, guesses->n, image);

    if (row >= 0) {
        point.predicted = guesses->predicted[row];
        point.loss = guesses->losses[row];
    }
    return point;
}

int mr_facts_epoch_index(const struct mr_facts *facts, int epoch)
{
    for (int i = 0; i < facts->n_epochs; i++)
        if (facts->epochs[i].epoch == epoch)
            return i;
    return -1;
}

/* Steps of a whole epoch: counted once there is one, estimated before. */
static int steps_per_epoch(const struct mr_facts *facts)
{
    int n = 0, estimate = 1;

    while (n < facts->n_steps && facts->steps[n].epoch == facts->steps[0].epoch)
        n++;
    if (n < facts->n_steps || facts->n_epochs > 0)
        return n > 0 ? n : 1;
    if (facts->run.batch > 0)
        estimate = facts->run.n_train / facts->run.batch;
    return estimate > n ? estimate : n > 0 ? n : 1;
}

double mr_facts_step_epoch(const struct mr_facts *facts, const struct mr_step *step)
{
    return (step->step + 1.0) / steps_per_epoch(facts);
}

/* The store checks its rows against each other, not against our arrays: a label out of range would
 * index past them, so such a row is dropped here. */
static void drop_impossible(struct mr_predictions *p)
{
    size_t k = (size_t)p->n_classes;
    int n = 0;

    for (int i = 0; i < p->n; i++) {
        if (p->labels[i] < 0 || p->labels[i] >= p->n_classes)
            continue;
        if (n < i) { /* mostly all are possible, and nothing moves */
            p->ids[n] = p->ids[i];
            p->labels[n] = p->labels[i];
            p->losses[n] = p->losses[i];
            memmove(p->logits + (size_t)n * k, p->logits + (size_t)i * k, k * sizeof *p->logits);
        }
        n++;
    }
    p->n = n;
}

enum mr_status mr_facts_predictions(const struct mr_facts *facts, int run, int epoch,
                                    enum mr_side side, struct mr_predictions **predictions,
                                    struct mr_error *err)
{
    struct mr_predictions *p = NULL;
    enum mr_status st = mr_predictions_load(facts->store, run, epoch, side, &p, err);

    if (st)
        return st;
    if (p->n_classes < 1) {
        mr_predictions_destroy(p);
        return mr_fail(err, MR_E_STORE, "the predictions of epoch %d have no classes", epoch);
    }
    drop_impossible(p);
    *predictions = p;
    return MR_OK;
}

void mr_facts_path(const struct mr_facts *facts, int64_t image, int cols, char *out, size_t cap)
{
    const struct mr_image_row *row = facts->images ? mr_images_find(facts->images, image) : NULL;

    *out = '\0';
    if (row && row->path)
        mr_safe_text(out, cap, row->path, cols, MR_ELIDE_MIDDLE);
}

bool mr_facts_is_there(const struct mr_image_row *row)
{
    return row->state != MR_IMAGE_MISSING && row->state != MR_IMAGE_UNREADABLE &&
           row->class_id >= 0;
}

int mr_facts_n_side(const struct mr_facts *facts, enum mr_side side)
{
    int n = 0;

    for (int i = 0; facts->images && i < facts->images->n; i++)
        n += facts->images->rows[i].side == side && facts->images->rows[i].state == MR_IMAGE_OK;
    return n;
}

int mr_facts_n_skipped(const struct mr_facts *facts)
{
    int n = 0;

    for (int i = 0; facts->images && i < facts->images->n; i++)
        n += facts->images->rows[i].state == MR_IMAGE_UNREADABLE;
    return n;
}
