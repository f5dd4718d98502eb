/* SPDX-License-Identifier: MIT */
/*
 * A number on the screen opens into as many images: for every cell, side, epoch, filter and kind of
 * labels, over random predictions in a real store, counted here anew.
 */
#include "support.h"

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/interp/confusion.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "desk.h"
#include "doubts.h"
#include "facts.h"
#include "gallery.h"
#include "reading.h"

#define K        4
#define N        160 /* images; every third of training */
#define N_EPOCHS 3

struct lab {
    char *dir;
    struct mr_store *store;
    struct mr_facts facts;
    struct mr_desk desk;
    struct mr_reading reading;
    struct mr_gallery gallery;
    struct mr_doubts doubts; /* none */
};

static void make_images(struct mr_store *store)
{
    struct mr_image_table *table = mr_xalloc(1, sizeof *table);
    struct mr_error err;

    table->n_classes = K;
    table->classes = mr_xalloc(K, sizeof *table->classes);
    for (int c = 0; c < K; c++)
        table->classes[c] = mr_xasprintf("class %c", 'a' + c);
    table->n = N;
    table->rows = mr_xalloc(N, sizeof *table->rows);
    for (int i = 0; i < N; i++) {
        struct mr_image_row *row = &table->rows[i];

        row->class_id = i * 7 % K;
        row->side = i % 3 ? MR_SIDE_VALID : MR_SIDE_TRAIN;
        snprintf(row->hash, sizeof row->hash, "%064d", i);
        row->path = mr_xasprintf("%s/%d.jpg", table->classes[row->class_id], i);
        row->group = mr_xstrdup("");
        row->reason = mr_xstrdup("");
    }
    assert_ok(mr_images_save(store, table, &err), err);
    mr_images_destroy(table);
}

static struct mr_predictions *make_side(struct mr_rng *rng, int epoch, enum mr_side side)
{
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);

    *p = (struct mr_predictions){.run = 1, .epoch = epoch, .side = side, .n_classes = K};
    p->ids = mr_xalloc(N, sizeof *p->ids);
    p->labels = mr_xalloc(N, sizeof *p->labels);
    p->logits = mr_xalloc(N * K, sizeof *p->logits);
    p->losses = mr_xalloc(N, sizeof *p->losses);
    for (int i = 0; i < N; i++) {
        if ((i % 3 == 0) != (side == MR_SIDE_TRAIN))
            continue;
        p->ids[p->n] = i + 1;
        p->labels[p->n] = i * 7 % K;
        for (int c = 0; c < K; c++) /* of few values, so that some are equal */
            p->logits[p->n * K + c] = (float)mr_rng_below(rng, 4);
        p->losses[p->n] = (float)mr_rng_between(rng, 0, 3);
        p->n++;
    }
    return p;
}

static void make_run(struct mr_store *store, struct mr_rng *rng)
{
    struct mr_run run = {.state = MR_RUN_DONE, .arch = "resnet18", .n_epochs = N_EPOCHS};
    struct mr_error err;

    assert_ok(mr_run_create(store, &run, &err), err);
    for (int e = 1; e <= N_EPOCHS; e++) {
        struct mr_epoch epoch = {.epoch = e, .n_correct = e, .n_valid = N};
        struct mr_predictions *valid = make_side(rng, e, MR_SIDE_VALID);
        struct mr_predictions *train = make_side(rng, e, MR_SIDE_TRAIN);

        assert_ok(mr_epoch_add(store, 1, &epoch, valid, train, &err), err);
        mr_predictions_destroy(valid);
        mr_predictions_destroy(train);
    }
}

static void decide(struct mr_store *store, struct mr_rng *rng)
{
    static const enum mr_decision_kind kinds[] = {MR_DECISION_FLAG, MR_DECISION_RELABEL,
                                                  MR_DECISION_AMBIGUOUS, MR_DECISION_EXCLUDE};
    struct mr_error err;

    for (int i = 0; i < 40; i++) {
        struct mr_decision d = {.image = 1 + (int)mr_rng_below(rng, N),
                                .kind = kinds[i % 4],
                                .to_class = i % 4 == 1 ? (int)mr_rng_below(rng, K) : 1,
                                .reader = "ann"};

        assert_ok(mr_decision_add(store, &d, &err), err);
    }
}

static void open_lab(struct lab *lab, uint64_t seed)
{
    struct mr_rng rng = mr_rng_make(11, seed, 0, 0);
    struct mr_error err;
    unsigned news;

    memset(lab, 0, sizeof *lab);
    lab->dir = make_folder();
    assert_ok(mr_store_open(&lab->store, lab->dir, MR_STORE_CREATE, &err), err);
    make_images(lab->store);
    make_run(lab->store, &rng);
    decide(lab->store, &rng);
    mr_facts_init(&lab->facts, lab->store, 0);
    mr_desk_init(&lab->desk, NULL, "ann");
    mr_gallery_init(&lab->gallery);
    assert_ok(mr_facts_refresh(&lab->facts, 5000, &news, &err), err);
    assert_ok(mr_desk_refresh(&lab->desk, lab->store, &err), err);
    lab->reading.wants_train = true;
}

static void close_lab(struct lab *lab)
{
    mr_gallery_finish(&lab->gallery);
    mr_reading_finish(&lab->reading);
    mr_desk_finish(&lab->desk);
    mr_facts_finish(&lab->facts);
    mr_store_close(lab->store);
    remove_folder(lab->dir);
}

/* ---- counted anew, from the store's rows ---- */

static int guess_of(const struct mr_predictions *p, int row)
{
    int best = 0;

    for (int c = 1; c < K; c++)
        best = p->logits[row * K + c] > p->logits[row * K + best] ? c : best;
    return best;
}

static bool has_mark(const struct mr_review_state *state, enum mr_show show)
{
    return show == MR_SHOW_FLAGGED      ? state->is_flagged
           : show == MR_SHOW_RELABELLED ? state->label >= 0 || state->is_disputed
           : show == MR_SHOW_AMBIGUOUS  ? state->is_ambiguous
           : show == MR_SHOW_EXCLUDED   ? state->is_excluded
           : show == MR_SHOW_DISPUTED   ? state->is_disputed
           : show == MR_SHOW_UNDECIDED
               ? state->label < 0 && !state->is_disputed && !state->is_flagged &&
                     !state->is_ambiguous && !state->is_excluded
               : true;
}

/* The epoch before, for what has changed. */
static bool has_changed(const struct mr_predictions *before, const struct mr_predictions *p,
                        int row, int predicted)
{
    int then = before ? guess_of(before, row) : -1, now = guess_of(p, row);

    return before && then != now && (predicted < 0 || then == predicted || now == predicted);
}

static int label_of(const struct lab *lab, const struct mr_predictions *p, int row, bool is_now)
{
    struct mr_review_state state =
        mr_review_state_of(lab->desk.decisions, lab->desk.n, p->ids[row]);

    return is_now && state.label >= 0 ? state.label : p->labels[row];
}

static int count_side(const struct lab *lab, const struct mr_predictions *before,
                      const struct mr_predictions *p, bool is_now)
{
    const struct mr_gallery *g = &lab->gallery;
    int n = 0;

    for (int i = 0; i < p->n; i++) {
        struct mr_review_state state =
            mr_review_state_of(lab->desk.decisions, lab->desk.n, p->ids[i]);
        int label = label_of(lab, p, i, is_now);
        int guess = guess_of(p, i);
        bool is_of = g->actual < 0 || label == g->actual;

        if (g->show == MR_SHOW_CHANGED)
            is_of = is_of && has_changed(before, p, i, g->predicted);
        else
            is_of = is_of && (g->predicted < 0 || guess == g->predicted) &&
                    (g->show != MR_SHOW_MISREAD || guess != label);
        n += is_of && has_mark(&state, g->show);
    }
    return n;
}

static struct mr_predictions *stored(const struct lab *lab, int epoch, enum mr_side side)
{
    struct mr_predictions *p = NULL;
    struct mr_error err;

    if (epoch)
        assert_ok(mr_predictions_load(lab->store, 1, epoch, side, &p, &err), err);
    return p;
}

/* ---- every cell, filter and side of one epoch ---- */

static void check_list(struct lab *lab, struct mr_predictions *const p[3], bool is_now)
{
    struct mr_gallery *g = &lab->gallery;
    int expected = 0;

    g->is_stale = true;
    mr_gallery_refresh(g, &lab->reading, &lab->facts, &lab->desk, &lab->doubts);
    if (g->split != MR_SPLIT_TRAIN)
        expected += count_side(lab, p[2], p[0], is_now);
    if (g->split != MR_SPLIT_VALID)
        expected += count_side(lab, NULL, p[1], is_now);
    assert_int_equal(g->n, expected);
    for (int i = 0; i < g->n; i++) {
        const struct mr_ranked *ranked = &g->items[i].ranked;
        const struct mr_predictions *of = p[g->items[i].side == MR_SIDE_TRAIN];

        assert_int_equal(ranked->image, of->ids[ranked->index]);
        assert_int_equal(ranked->actual, label_of(lab, of, ranked->index, is_now));
        assert_int_equal(ranked->predicted, guess_of(of, ranked->index));
    }
    if (g->show == MR_SHOW_ALL && g->split == MR_SPLIT_VALID && g->actual >= 0)
        assert_int_equal(g->n, mr_confusion_at(lab->reading.confusion, g->actual, g->predicted));
    if (g->show == MR_SHOW_CHANGED && g->split == MR_SPLIT_VALID && g->actual >= 0 && p[2])
        assert_int_equal(
            g->n, mr_difference_n_changes(lab->reading.contrast.shown, g->actual, g->predicted));
}

static void check_cell(struct lab *lab, struct mr_predictions *const p[3], bool is_now)
{
    for (int show = 0; show < MR_N_SHOWS; show++) {
        for (int split = 0; split < MR_N_SPLITS; split++) {
            lab->gallery.show = (enum mr_show)show;
            lab->gallery.split = (enum mr_split)split;
            check_list(lab, p, is_now);
        }
    }
}

static void check_epoch(struct lab *lab, int epoch, bool is_now)
{
    struct mr_predictions *p[3] = {stored(lab, epoch, MR_SIDE_VALID),
                                   stored(lab, epoch, MR_SIDE_TRAIN),
                                   stored(lab, epoch - 1, MR_SIDE_VALID)};
    struct mr_error err;

    lab->reading.epoch_wanted = epoch;
    lab->reading.by_labels_now = is_now;
    lab->reading.contrast.is_on = true;
    lab->reading.is_stale = true;
    assert_ok(mr_reading_refresh(&lab->reading, &lab->facts, &lab->desk, true, &err), err);
    assert_int_equal(lab->reading.epoch, epoch);
    for (int a = -1; a < K; a++) {
        for (int c = -1; c < K; c++) {
            if ((a < 0) != (c < 0))
                continue;
            lab->gallery.actual = a;
            lab->gallery.predicted = c;
            check_cell(lab, p, is_now);
        }
    }
    for (int i = 0; i < 3; i++)
        mr_predictions_destroy(p[i]);
}

static void a_number_opens_into_as_many_images(void **state)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct lab lab;

        open_lab(&lab, seed);
        for (int epoch = 1; epoch <= N_EPOCHS; epoch++)
            for (int is_now = 0; is_now < 2; is_now++)
                check_epoch(&lab, epoch, is_now != 0);
        close_lab(&lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_opens_into_as_many_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
