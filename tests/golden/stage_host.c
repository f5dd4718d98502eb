/* SPDX-License-Identifier: MIT */
/* The program around the screens, played. */
#include "stage.h"

#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/image/image.h>
#include <misread/interp/flaws.h>
#include <misread/store/quality.h>
#include <misread/store/store.h>
#include <misread/term/term.h>
#include <misread/train/curve.h>

#include "paint.h"

#define N_BATCH 64
#define N_KEPT  1024 /* painted pictures kept: more than there are images */

struct host {
    const struct stage *stage;
    struct mr_image *pictures[N_KEPT], *heat; /* owned; pictures: (id % N_KEPT), or NULL */
    struct mr_tui_batch_item items[N_BATCH];
    int64_t kept_ids[N_KEPT];
    bool has_failed, has_retried;
    char values[16][32]; /* of the start sheet */
    struct mr_tui_search search;
    struct mr_tui_look look;
    struct mr_flaws flaws; /* owned */
};

/* As the program around the screens does it: to paint every tile anew in every frame would take
 * longer than the frame. */
static const struct mr_image *kept_picture(struct host *host, int64_t id)
{
    int slot = (int)(id % N_KEPT);

    if (!host->pictures[slot] || host->kept_ids[slot] != id) {
        mr_image_destroy(host->pictures[slot]);
        host->pictures[slot] = stage_paint(id);
        host->kept_ids[slot] = id;
    }
    return host->pictures[slot];
}

static const struct mr_image *picture(void *ctx, int64_t image, struct mr_size_px box,
                                      const char **failed)
{
    struct host *host = ctx;

    if (host->stage->has_failing_pictures ||
        (host->stage->has_late_pictures && !host->has_retried)) {
        host->has_failed = true;
        *failed = "the file is gone";
        return NULL;
    }
    return kept_picture(host, image);
}

/* The picture with a hot spot, as of epoch 4. */
static void heat_of(void *ctx, int run, int64_t image, int class_id, struct mr_tui_heat *heat)
{
    struct host *host = ctx;

    if (host->stage->has_no_weights) {
        heat->failed = "run 1 has kept no weights yet";
        return;
    }
    mr_image_destroy(host->heat);
    host->heat = stage_paint(image + 1000 * (class_id + 1));
    heat->picture = host->heat;
    heat->epoch = 4;
    heat->h = heat->w = host->stage->has_coarse_heat ? 1 : 7;
    heat->box_heat = .314;
    heat->box_area = host->stage->has_box ? .062 : 0;
}

/* Training images come behind those of validation. */
static void near_of(void *ctx, int run, int64_t image, int class_id, struct mr_tui_near *near)
{
    struct host *host = ctx;

    near->n_total = STAGE_N_TRAIN;
    if (host->stage->has_no_weights) {
        near->n_done = 40;
        return;
    }
    near->is_ready = true;
    near->n = MR_TUI_N_NEAR;
    for (int i = 0; i < near->n; i++) {
        near->found[i].image = STAGE_N_VALID + 20 * class_id + i + 1;
        near->found[i].cosine = .97f - .05f * (float)i;
    }
}

/* Another picture for every look. */
static const struct mr_image *sight_of(void *ctx, int run, const struct mr_tui_sight *sight,
                                       struct mr_size_px box, uint64_t *version,
                                       const char **failed)
{
    struct host *host = ctx;
    int64_t id = sight->image + 1000 * (sight->look + 1);

    if (host->stage->has_failing_pictures) {
        *failed = "cannot open '/data/polyps/0a7b.jpg': no such file";
        return NULL;
    }
    *version = (uint64_t)id;
    return kept_picture(host, id);
}

/* All over the training images, batch behind batch. */
static void batch_of(void *ctx, int run, int index, struct mr_tui_batch *batch)
{
    struct host *host = ctx;

    snprintf(batch->about, sizeof batch->about,
             "%s · augment scope · flips, quarter turns · with p 0.75 rotation 359, zoom 1.05, "
             "warp 0.2, lighting 0.2 · seed 1",
             run ? "224 px crop" : "64 px pad");
    if (!run) {
        batch->failed = "there is no batch to show: no image is set aside for training yet";
        return;
    }
    batch->n_batches = 2;
    batch->n = N_BATCH;
    for (int i = 0; i < N_BATCH; i++) {
        int at = (N_BATCH * (index % 2) + i) * 37 % STAGE_N_TRAIN;

        host->items[i] =
            (struct mr_tui_batch_item){.sight = {STAGE_N_VALID + at + 1, 1, 0}, .label = at / 20};
    }
    batch->items = host->items;
    batch->is_ready = true;
}

static void retry_pictures(void *ctx)
{
    struct host *host = ctx;

    host->has_retried = host->has_failed;
}

static bool is_training(void *ctx)
{
    return ((struct host *)ctx)->stage->is_training;
}

/* ---- the start sheet: every kind of field, more than a small screen shows ---- */

static const struct mr_tui_field fields[] = {
    {"network", "arch", "resnet18|resnet34|resnet50", "", "the network", "", false, false},
    {"weights", "weights", NULL, "FILE", "start from these weights", "none: from scratch", false,
     false},
    {"size", "size", NULL, "PX", "side of the square the network sees", "", false, false},
    {"square", "square", "crop|squish|pad", "", "how a picture becomes a square", "", false, false},
    {"batch", "batch", NULL, "N", "images a step", "", false, false},
    {"epochs", "epochs", NULL, "A[+B]",
     "passes over the training images; A with the body frozen if it has weights, B whole", "",
     false, false},
    {"rate", "lr", NULL, "RATE", "peak learning rate", "", false, true},
    {"labels", "labels", "reviewed|original", "", "whether relabels and exclusions count", "",
     false, false},
    {"head", "head", "auto|fastai|torchvision", "", "what follows the body", "-", true, false},
    {"views", "views", NULL, "K", "augmented views of each image under a fixed body", "-", true,
     false},
    {"seed", "seed", NULL, "N", "weights, order and augmentation", "-", true, false},
    {"valid", "valid", NULL, "SHARE", "share of validation images", "-", true, false},
    {"group-re", "group-re", NULL, "REGEX", "paths with the same match stay on one side", "-", true,
     false},
};
#define N_FIELDS ((int)(sizeof fields / sizeof *fields))

static const char *const first_values[N_FIELDS] = {
    "resnet34", "", "224", "crop", "64", "4", "0.003", "reviewed", "auto", "0", "0", "0.2", ""};

static const struct mr_tui_field *fields_of(void *ctx, int *n)
{
    *n = N_FIELDS;
    return fields;
}

static void value(void *ctx, int field, char *text)
{
    mr_str_copy(text, MR_TUI_VALUE_BYTES, ((struct host *)ctx)->values[field]);
}

static enum mr_status set_value(void *ctx, int field, const char *text, struct mr_error *err)
{
    struct host *host = ctx;

    if (!strcmp(fields[field].flag, "batch") && atoi(text) < 2)
        return mr_fail(err, MR_E_USAGE,
                       "cannot use '%s' for --batch: it takes a whole number from 2 to 1024", text);
    mr_str_copy(host->values[field], sizeof host->values[field], text);
    return MR_OK;
}

static void step_word(char *value, size_t cap, const char *words, int by)
{
    const char *at = strstr(words, value), *end;

    at = by > 0 ? strchr(at, '|') : at > words ? at - 1 : NULL;
    if (!at)
        return;
    if (by > 0)
        at++;
    while (by < 0 && at > words && at[-1] != '|')
        at--;
    end = strchr(at, '|');
    snprintf(value, cap, "%.*s", end ? (int)(end - at) : (int)strlen(at), at);
}

static void step_value(void *ctx, int field, int by)
{
    struct host *host = ctx;
    char *own = host->values[field];

    if (fields[field].words)
        step_word(own, sizeof host->values[field], fields[field].words, by);
    else if (*own)
        snprintf(own, sizeof host->values[field], "%d", atoi(own) + by);
}

static const char *value_of(const struct host *host, const char *flag)
{
    for (int i = 0; i < N_FIELDS; i++)
        if (!strcmp(fields[i].flag, flag))
            return host->values[i];
    return "";
}

static void about(void *ctx, char *text, size_t cap)
{
    const struct host *host = ctx;

    snprintf(text, cap, "%.12s, %.8s px, batch %.8s, from scratch", value_of(host, "arch"),
             value_of(host, "size"), value_of(host, "batch"));
}

static double estimate_s(void *ctx)
{
    return atoi(value_of(ctx, "epochs")) * 108.0;
}

/* Leaves a run in the store, so that a test can see that it was asked for and how. */
static enum mr_status start(void *ctx, int resume_run, struct mr_error *err)
{
    struct host *host = ctx;
    struct mr_store *store = stage_open_store(host->stage);
    char text[256];
    enum mr_status st;

    snprintf(text, sizeof text, "%s %s %s %s %s %s %d", value_of(host, "arch"),
             value_of(host, "size"), value_of(host, "epochs"), value_of(host, "batch"),
             value_of(host, "lr"), value_of(host, "labels"), resume_run);
    st = mr_store_set_meta(store, "started", text, err);
    mr_store_close(store);
    return st;
}

/* ---- the search for a learning rate ---- */

/* A curve as such curves are: flat, falling, exploding; noise that is the same everywhere. */
static double loss_at(double lr, int step)
{
    double x = log10(lr), noise = .06 * sin(7.3 * step) * cos(2.1 * step);

    return 1.1 + 1 / (1 + exp(3 * (x + 3))) + exp(6 * (x + .6)) + noise;
}

static void show_points(struct mr_tui_search *search, const struct mr_curve *curve)
{
    search->n = curve->n;
    for (int i = 0; i < curve->n; i++)
        search->points[i] = (struct mr_tui_curve_point){curve->points[i].lr, curve->points[i].loss,
                                                        curve->points[i].smoothed};
    search->n_done = curve->n;
    search->n_total = curve->n_planned;
    mr_str_copy(search->phase, sizeof search->phase, "search");
}

static void suggest(struct mr_tui_search *search, const struct mr_curve *curve)
{
    for (int i = MR_CURVE_VALLEY; i <= MR_CURVE_SLIDE; i++) {
        enum mr_curve_suggestion kind = (enum mr_curve_suggestion)i;

        search->suggestions[search->n_suggestions++] = (struct mr_tui_suggestion){
            mr_curve_suggestion_text(kind), mr_curve_suggestion_meaning(kind),
            mr_curve_suggest(curve, kind)};
    }
}

/* Done at once, or at its 60th step until it is cancelled. */
static enum mr_status start_search(void *ctx, struct mr_error *err)
{
    struct host *host = ctx;
    struct mr_tui_search *search = &host->search;
    struct mr_curve curve;
    bool goes_on = true;

    if (host->stage->is_training)
        return mr_fail(err, MR_E_BUSY,
                       "run 1 is training here: a search would share its processors");
    *search = (struct mr_tui_search){
        .version = search->version + 1, .state = MR_TUI_SEARCH_RUNS, .lr_lo = 1e-7, .lr_hi = 10};
    about(ctx, search->about, sizeof search->about);
    mr_curve_init(&curve, MR_CURVE_N);
    while (goes_on && curve.n < (host->stage->has_slow_search ? 60 : MR_CURVE_N))
        goes_on = mr_curve_add(&curve, loss_at(mr_curve_lr(&curve), curve.n));
    show_points(search, &curve);
    if (host->stage->has_slow_search)
        return MR_OK;
    search->state = MR_TUI_SEARCH_DONE;
    suggest(search, &curve);
    return MR_OK;
}

static void cancel_search(void *ctx)
{
    struct host *host = ctx;

    host->search.version++;
    host->search.state = MR_TUI_SEARCH_CANCELLED;
}

static bool read_search(void *ctx, struct mr_tui_search *search)
{
    struct host *host = ctx;
    bool is_new = search->version != host->search.version;

    *search = host->search;
    return is_new;
}

/* ---- a look at the images ---- */

/* One in thirty is dark, one in forty blurred, each image of a hundred and sixty is like the one
 * before it, and the first ones of the two sides are alike. */
static struct mr_quality make_quality(const struct mr_image_row *row, int i)
{
    struct mr_rng rng = mr_rng_make(11, 0,
                                    (uint64_t)(i == STAGE_N_VALID ? 0
                                               : i % 160 == 1     ? i - 1
                                                                  : i),
                                    0);
    struct mr_quality quality = {.image = row->id,
                                 .look = mr_rng_next(&rng),
                                 .dark = i % 30 == 7 ? .2 : .8,
                                 .light = .1,
                                 .entropy = 7,
                                 .detail = i % 40 == 3 ? .01 : .2 + .001 * (i % 50)};

    snprintf(quality.pixels, sizeof quality.pixels, "%d", i);
    for (int j = 0; j < MR_QUALITY_THUMB_BYTES; j++)
        quality.thumb[j] = (unsigned char)mr_rng_below(&rng, 256);
    return quality;
}

/* Done at once. */
static enum mr_status start_look(void *ctx, bool measures, struct mr_error *err)
{
    struct host *host = ctx;
    struct mr_store *store = stage_open_store(host->stage);
    struct mr_image_table *images = NULL;
    struct mr_quality *rows;
    int n;

    stage_must(mr_images_load(store, &images, err), err);
    rows = mr_xalloc((size_t)images->n + 1, sizeof *rows);
    n = measures ? images->n : 0;
    for (int i = 0; i < n; i++)
        rows[i] = make_quality(&images->rows[i], i);
    mr_flaws_finish(&host->flaws);
    mr_flaws_find(&host->flaws, images, rows, n);
    free(rows);
    mr_images_destroy(images);
    mr_store_close(store);
    host->look.version++;
    host->look.state = MR_TUI_LOOK_DONE;
    host->look.flaws = &host->flaws;
    return MR_OK;
}

static void cancel_look(void *ctx)
{
}

static bool read_look(void *ctx, struct mr_tui_look *look)
{
    struct host *host = ctx;
    bool is_new = look->version != host->look.version;

    *look = host->look;
    return is_new;
}

static void suspend(void *ctx)
{
    raise(SIGSTOP);
}

int stage_run_screens(void *arg)
{
    static const struct mr_tui_ops ops = {
        .picture = picture,
        .retry_pictures = retry_pictures,
        .heat = heat_of,
        .near = near_of,
        .sight = sight_of,
        .batch = batch_of,
        .is_training = is_training,
        .fields = fields_of,
        .value = value,
        .set_value = set_value,
        .step_value = step_value,
        .about = about,
        .estimate_s = estimate_s,
        .start = start,
        .start_search = start_search,
        .cancel_search = cancel_search,
        .read_search = read_search,
        .start_look = start_look,
        .cancel_look = cancel_look,
        .read_look = read_look,
        .suspend = suspend,
    };
    struct stage *stage = arg;
    struct host host = {.stage = stage};
    struct mr_tui_options options = {
        .project_dir = stage->project,
        .data_dir = "/data/kvasir-v2",
        .project_name = "kvasir-v2",
        .reader = "dr-adams",
        .ops = &ops,
        .ops_ctx = &host,
        .wake = mr_wake_create(),
        .signal_fd = -1,
    };
    const struct mr_term_options term_options = {.mouse = true};
    enum mr_tui_exit how = MR_TUI_LEAVE;
    struct mr_error err = {0};
    enum mr_status st;

    for (int i = 0; i < N_FIELDS; i++)
        mr_str_copy(host.values[i], sizeof host.values[i], first_values[i]);
    setlocale(LC_ALL, "");
    stage_must(mr_term_open(&options.term, &term_options, &err), &err);
    st = mr_tui_run(&options, &how, &err);
    mr_term_close(options.term);
    for (int i = 0; i < N_KEPT; i++)
        mr_image_destroy(host.pictures[i]);
    mr_image_destroy(host.heat);
    mr_wake_destroy(options.wake);
    stage_must(st, &err);
    return 10 + (int)how;
}
