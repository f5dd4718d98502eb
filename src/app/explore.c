/* SPDX-License-Identifier: MIT */
/* The explorer: fills the operations that the screens ask for, and sees to the training when the
 * user leaves. */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/term/term.h>
#include <misread/train/trainer.h>
#include <misread/tui/tui.h>

#include "args.h"
#include "commands.h"
#include "finding.h"
#include "follow.h"
#include "looking.h"
#include "pictures.h"
#include "place.h"
#include "reasons.h"
#include "session.h"
#include "sheet.h"
#include "start.h"

struct explorer {
    struct mr_session *session;   /* borrowed */
    const struct mr_place *place; /* borrowed */
    const struct mr_args *args;   /* borrowed */
    struct mr_trainer *trainer;   /* owned; NULL: this process does not train */
    int run;                      /* the trainer's run */
    struct mr_pictures *pictures; /* owned */
    struct mr_reasons *reasons;   /* owned */
    struct mr_sheet *sheet;       /* owned; NULL until it is asked for */
    struct mr_finding *finding;   /* owned */
    struct mr_looking *looking;   /* owned */
};

static const struct mr_image *op_picture(void *ctx, int64_t image, struct mr_size_px box,
                                         const char **failed)
{
    struct explorer *x = ctx;

    return mr_pictures_get(x->pictures, image, box, failed);
}

static void op_heat(void *ctx, int run, int64_t image, int class_id, struct mr_tui_heat *heat)
{
    struct explorer *x = ctx;

    mr_reasons_heat(x->reasons, run, image, class_id, heat);
}

static void op_near(void *ctx, int run, int64_t image, int class_id, struct mr_tui_near *near)
{
    struct explorer *x = ctx;

    mr_reasons_near(x->reasons, run, image, class_id, near);
}

static bool op_is_training(void *ctx)
{
    struct explorer *x = ctx;

    return x->trainer && mr_trainer_is_running(x->trainer);
}

/* ---- the start sheet ---- */

/* What the last run used, or the defaults; the split is the project's. */
static struct mr_train_options first_options(const struct explorer *x)
{
    struct mr_train_options options, last;
    struct mr_store *store = NULL;
    struct mr_run run = {0};

    if (mr_start_options(&options, x->args, x->place, NULL))
        options = mr_train_defaults();
    last = options;
    if (!mr_store_open(&store, x->place->project_dir, MR_STORE_EXISTING, NULL) &&
        !mr_run_load(store, 0, &run, NULL)) {
        if (mr_train_options_from_json(&last, run.options, NULL))
            last = options;
        mr_run_finish(&run);
    }
    mr_store_close(store);
    last.split_seed = options.split_seed;
    last.valid_fraction = options.valid_fraction;
    return last;
}

/* Made when it is first asked for: by then the run that this process may train is in the store. */
static struct mr_sheet *sheet_of(struct explorer *x)
{
    if (!x->sheet) {
        struct mr_train_options options = first_options(x);

        x->sheet = mr_sheet_create(&options);
    }
    return x->sheet;
}

static const struct mr_tui_field *op_fields(void *ctx, int *n)
{
    return mr_sheet_fields(sheet_of(ctx), n);
}

static void op_value(void *ctx, int field, char *text)
{
    mr_sheet_value(sheet_of(ctx), field, text);
}

static enum mr_status op_set_value(void *ctx, int field, const char *text, struct mr_error *err)
{
    return mr_sheet_set_value(sheet_of(ctx), field, text, err);
}

static void op_step_value(void *ctx, int field, int by)
{
    mr_sheet_step_value(sheet_of(ctx), field, by);
}

static void op_about(void *ctx, char *text, size_t cap)
{
    mr_sheet_about(sheet_of(ctx), text, cap);
}

static enum mr_status op_start(void *ctx, int resume_run, struct mr_error *err)
{
    struct explorer *x = ctx;
    struct mr_trainer_place where = mr_start_place(x->session, x->place);
    struct mr_train_options options;
    enum mr_status st;

    if (op_is_training(x))
        return mr_fail(err, MR_E_BUSY, "this process is training run %d already", x->run);
    if (mr_finding_is_running(x->finding))
        return mr_fail(err, MR_E_BUSY, "a search for a learning rate runs: X on screen 6 stops it");
    /* It has ended; how is in the store, where the screen has shown it. */
    (void)mr_trainer_join(x->trainer, NULL);
    x->trainer = NULL;
    if (resume_run <= 0) {
        options = *mr_sheet_options(sheet_of(x));
        st = mr_start_weights(&options, x->place, err);
        return st ? st : mr_trainer_start(&x->trainer, &where, &options, &x->run, err);
    }
    st = mr_trainer_resume(&x->trainer, &where, resume_run, err);
    x->run = resume_run;
    return st;
}

/* Multiply-adds of one forward pass at 224 px, in units of 1e9 (He et al. 2016, table 1). */
static double cost_of(const char *arch)
{
    static const struct {
        const char *arch;
        double cost;
    } table[] = {{"resnet18", 1.8}, {"resnet34", 3.6}, {"resnet50", 4.1}};

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].arch, arch))
            return table[i].cost;
    return 4.1;
}

/* From the measured epochs of the last run, scaled by the network's cost and the square of the
 * size. */
static double op_estimate_s(void *ctx)
{
    struct explorer *x = ctx;
    const struct mr_train_options *options = mr_sheet_options(sheet_of(x));
    struct mr_store *store = NULL;
    struct mr_run run = {0};
    struct mr_epoch *epochs = NULL;
    double scale, seconds = -1;
    int n = 0;

    if (mr_store_open(&store, x->place->project_dir, MR_STORE_EXISTING, NULL))
        return -1;
    if (!mr_run_load(store, 0, &run, NULL) && !mr_epochs_load(store, run.id, &epochs, &n, NULL) &&
        n > 0 && run.size_px > 0) {
        scale = (double)options->size_px / run.size_px;
        scale *= scale * cost_of(mr_arch_text(options->arch)) / cost_of(run.arch);
        seconds = epochs[n - 1].seconds * scale * (options->n_epochs + options->n_whole);
    }
    free(epochs);
    mr_run_finish(&run);
    mr_store_close(store);
    return seconds;
}

/* ---- the search for a learning rate ---- */

static enum mr_status op_start_search(void *ctx, struct mr_error *err)
{
    struct explorer *x = ctx;
    struct mr_train_options options = *mr_sheet_options(sheet_of(x));
    enum mr_status st;
    char about[sizeof((struct mr_tui_search *)0)->about];

    if (op_is_training(x))
        return mr_fail(err, MR_E_BUSY,
                       "run %d is training here: a search would share its processors", x->run);
    op_about(x, about, sizeof about);
    st = mr_start_weights(&options, x->place, err);
    return st ? st : mr_finding_start(x->finding, &options, about, err);
}

static void op_cancel_search(void *ctx)
{
    struct explorer *x = ctx;

    mr_finding_cancel(x->finding);
}

static bool op_read_search(void *ctx, struct mr_tui_search *search)
{
    struct explorer *x = ctx;

    return mr_finding_read(x->finding, search);
}

static enum mr_status op_start_look(void *ctx, bool measures, struct mr_error *err)
{
    struct explorer *x = ctx;

    return mr_looking_start(x->looking, measures, err);
}

static void op_cancel_look(void *ctx)
{
    struct explorer *x = ctx;

    mr_looking_cancel(x->looking);
}

static bool op_read_look(void *ctx, struct mr_tui_look *look)
{
    struct explorer *x = ctx;

    return mr_looking_read(x->looking, look);
}

/* ---- what a network is shown ---- */

static const struct mr_image *op_sight(void *ctx, int run, const struct mr_tui_sight *sight,
                                       struct mr_size_px box, uint64_t *version,
                                       const char **failed)
{
    struct explorer *x = ctx;

    return mr_pictures_sight(x->pictures, run, sight, box, version, failed);
}

static void op_batch(void *ctx, int run, int index, struct mr_tui_batch *batch)
{
    struct explorer *x = ctx;

    if (!run)
        mr_pictures_plan(x->pictures, mr_sheet_options(sheet_of(x)));
    mr_pictures_batch(x->pictures, run, index, batch);
}

static void op_retry_pictures(void *ctx)
{
    struct explorer *x = ctx;

    mr_pictures_retry(x->pictures);
}

static void op_suspend(void *ctx)
{
    struct explorer *x = ctx;

    mr_session_suspend(x->session);
}

static enum mr_status read_cell(struct mr_term_options *options, const char *cell,
                                struct mr_error *err)
{
    char end;

    if (cell && (sscanf(cell, "%dx%d%c", &options->cell.w, &options->cell.h, &end) != 2 ||
                 options->cell.w < 4 || options->cell.w > 64 || options->cell.h < 6 ||
                 options->cell.h > 128))
        return mr_fail(err, MR_E_USAGE, "cannot use '%s' for --cell: it takes WxH, e.g. 9x19",
                       cell);
    return MR_OK;
}

enum mr_status mr_explore_term_options(struct mr_term_options *options, const struct mr_args *args,
                                       struct mr_error *err)
{
    *options = (struct mr_term_options){.mouse = !args->no_mouse};
    for (int i = 0; args->graphics && i < MR_N_GRAPHICS; i++)
        if (!strcmp(mr_graphics_text((enum mr_graphics)i), args->graphics))
            options->graphics = (enum mr_graphics)i;
    if (args->color)
        options->color = !strcmp(args->color, "always")  ? MR_COLOR_ALWAYS
                         : !strcmp(args->color, "never") ? MR_COLOR_NEVER
                                                         : MR_COLOR_AUTO;
    return read_cell(options, args->cell, err);
}

static enum mr_status show(struct explorer *x, enum mr_tui_exit *left, struct mr_error *err)
{
    static const struct mr_tui_ops ops = {.picture = op_picture,
                                          .retry_pictures = op_retry_pictures,
                                          .heat = op_heat,
                                          .near = op_near,
                                          .sight = op_sight,
                                          .batch = op_batch,
                                          .is_training = op_is_training,
                                          .fields = op_fields,
                                          .value = op_value,
                                          .set_value = op_set_value,
                                          .step_value = op_step_value,
                                          .about = op_about,
                                          .estimate_s = op_estimate_s,
                                          .start = op_start,
                                          .start_search = op_start_search,
                                          .cancel_search = op_cancel_search,
                                          .read_search = op_read_search,
                                          .start_look = op_start_look,
                                          .cancel_look = op_cancel_look,
                                          .read_look = op_read_look,
                                          .suspend = op_suspend};
    struct mr_tui_options options = {.project_dir = x->place->project_dir,
                                     .data_dir = x->place->data_dir,
                                     .project_name = x->place->name,
                                     .reader = mr_place_reader(x->args->reader),
                                     /* one that was started here is watched to its end, even
                                        if it ends with nothing to show but why */
                                     .run = x->trainer ? x->run : x->args->run,
                                     .ops = &ops,
                                     .ops_ctx = x,
                                     .wake = x->session->wake,
                                     .signal_fd = x->session->signals};
    struct mr_term_options how;
    enum mr_status st = mr_explore_term_options(&how, x->args, err);

    if (!st)
        st = mr_term_open(&options.term, &how, err);
    if (st)
        return st;
    st = mr_tui_run(&options, left, err);
    if (*left == MR_TUI_HANGUP)
        mr_term_abandon(options.term);
    mr_term_close(options.term);
    return st;
}

static void detach(struct explorer *x)
{
    char *log = mr_path_join(x->place->project_dir, "background.log");

    mr_session_detach(x->session, log);
    free(log);
}

static void stop_after_epoch(struct explorer *x)
{
    struct mr_store *store = NULL;

    if (mr_store_open(&store, x->place->project_dir, MR_STORE_EXISTING, NULL) ||
        mr_command_send(store, x->run, MR_COMMAND_STOP_AFTER_EPOCH, 0, NULL))
        mr_trainer_ask_stop(x->trainer);
    mr_store_close(store);
}

static void say_how_to_attach(const struct explorer *x)
{
    char data[1024], project[1024] = "";

    mr_safe_text(data, sizeof data, x->place->data_dir, 0, MR_ELIDE_END);
    if (x->args->project)
        mr_safe_text(project, sizeof project, x->place->project_dir, 0, MR_ELIDE_END);
    printf("misread: training goes on in the background; 'misread %s%s%s' attaches to it\n", data,
           *project ? " --project " : "", project);
    fflush(stdout);
}

/* What becomes of the training when the screen is left. Returns the exit status. */
static int leave(struct explorer *x, enum mr_tui_exit left)
{
    struct mr_follow_options options = {0};
    struct mr_trainer *trainer = x->trainer;

    x->trainer = NULL;
    if (!trainer)
        return EXIT_SUCCESS;
    if (left == MR_TUI_BACKGROUND && mr_trainer_is_running(trainer))
        say_how_to_attach(x);
    if ((left == MR_TUI_BACKGROUND || left == MR_TUI_HANGUP) && mr_trainer_is_running(trainer)) {
        detach(x);
        options.is_silent = true;
    } else if (left == MR_TUI_STOP_AFTER_EPOCH) {
        x->trainer = trainer;
        stop_after_epoch(x);
        x->trainer = NULL;
    } else if (left == MR_TUI_STOP_NOW || left == MR_TUI_LEAVE) {
        mr_trainer_ask_stop(trainer);
    }
    return mr_follow_run(x->session, x->place, trainer, x->run, &options);
}

int mr_explore_run(struct mr_session *session, const struct mr_place *place,
                   const struct mr_args *args, struct mr_trainer *trainer, int run)
{
    struct explorer x = {
        .session = session, .place = place, .args = args, .trainer = trainer, .run = run};
    enum mr_tui_exit left = MR_TUI_LEAVE;
    struct mr_error err = {0};
    struct mr_trainer_place where = mr_start_place(session, place);
    enum mr_status st = mr_pictures_start(&x.pictures, session, place, &err);
    int status;

    if (!st)
        st = mr_reasons_start(&x.reasons, session, place, &err);
    x.finding = mr_finding_create(&where);
    x.looking = mr_looking_create(&where);
    if (!st)
        st = show(&x, &left, &err);
    mr_looking_destroy(x.looking);
    mr_finding_destroy(x.finding);
    mr_sheet_destroy(x.sheet);
    mr_reasons_stop(x.reasons);
    mr_pictures_stop(x.pictures);
    status = leave(&x, left);
    return st ? mr_failed(&err) : status;
}

int mr_explore_main(struct mr_args *args)
{
    struct mr_session session;
    struct mr_place place = {0};
    struct mr_store *store = NULL;
    struct mr_error err = {0};
    enum mr_status st = mr_session_open(&session, args->unsafe_inprocess, &err);
    int status;

    if (st)
        return mr_failed(&err);
    st = mr_place_find(&place, args->n_rest ? args->rest[0] : NULL, args->project, &err);
    if (!st)
        st = mr_start_check(&place, &err);
    if (!st)
        st = mr_store_open(&store, place.project_dir, MR_STORE_CREATE, &err);
    mr_store_close(store);
    if (!st)
        mr_place_remember(&place);
    status = st ? mr_failed(&err) : mr_explore_run(&session, &place, args, NULL, 0);
    mr_place_finish(&place);
    mr_session_close(&session);
    return status;
}
