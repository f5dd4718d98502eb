/* SPDX-License-Identifier: MIT */
/* Decisions out to files and back, in every format, and the cleaned tree. */
#include "support.h"

#include <sys/stat.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/hash.h>
#include <misread/base/str.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/store.h>

#include "copy_tree.h"
#include "exchange.h"

static const char *const formats[] = {"csv", "json", "label-studio", "coco"};
static const char *const class_names[] = {"colon", "polyp", "z-line, \"odd\""};
enum { N_IMAGES = 6, N_CLASSES = 3 };

/* A project, open, as the command sees it. */
struct lab {
    char *dir, *data_dir;
    struct mr_store *store;
    struct mr_image_table *images;
    struct mr_decision *decisions;
    int n;
    struct mr_exchange exchange;
};

static void look(struct lab *lab)
{
    struct mr_error err;
    bool is_anonymous = lab->exchange.is_anonymous;

    mr_exchange_finish(&lab->exchange);
    free(lab->decisions);
    mr_images_destroy(lab->images);
    assert_ok(mr_images_load(lab->store, &lab->images, &err), err);
    assert_ok(mr_decisions_load(lab->store, &lab->decisions, &lab->n, &err), err);
    lab->exchange = (struct mr_exchange){.images = lab->images,
                                         .decisions = lab->decisions,
                                         .n = lab->n,
                                         .reader = "eve",
                                         .is_anonymous = is_anonymous};
    mr_exchange_init(&lab->exchange);
}

/* Images 1 .. 6, two a class; the pixels of each are its path. reversed: stored the other way
 * round, under other paths. */
static void open_lab(struct lab *lab, bool reversed)
{
    struct mr_image_table *t = mr_xalloc(1, sizeof *t);
    struct mr_error err;

    *lab = (struct lab){.dir = make_folder(), .data_dir = make_folder()};
    assert_ok(mr_store_open(&lab->store, lab->dir, MR_STORE_CREATE, &err), err);
    t->n_classes = N_CLASSES;
    t->classes = mr_xalloc(N_CLASSES, sizeof *t->classes);
    t->n = N_IMAGES;
    t->rows = mr_xalloc(N_IMAGES, sizeof *t->rows);
    for (int c = 0; c < N_CLASSES; c++)
        t->classes[c] = mr_xstrdup(class_names[reversed ? N_CLASSES - 1 - c : c]);
    for (int i = 0; i < N_IMAGES; i++) {
        int k = reversed ? N_IMAGES - 1 - i : i;
        struct mr_image_row *row = &t->rows[i];
        char *content = mr_xasprintf("train/%s/patient %d/1.png", class_names[k / 2], k);

        mr_hash_sha256(content, strlen(content), row->hash);
        row->path = reversed ? mr_xasprintf("elsewhere/%d.png", k) : mr_xstrdup(content);
        row->group = mr_xstrdup("");
        row->reason = mr_xstrdup("");
        row->class_id = reversed ? N_CLASSES - 1 - k / 2 : k / 2;
        row->w = 640;
        row->h = 480;
        free(content);
    }
    assert_ok(mr_images_save(lab->store, t, &err), err);
    mr_images_destroy(t);
    look(lab);
}

static void close_lab(struct lab *lab)
{
    mr_exchange_finish(&lab->exchange);
    free(lab->decisions);
    mr_images_destroy(lab->images);
    mr_store_close(lab->store);
    remove_folder(lab->dir);
    remove_folder(lab->data_dir);
}

static int64_t decide(struct lab *lab, struct mr_decision d, const char *reader)
{
    struct mr_error err;

    snprintf(d.reader, sizeof d.reader, "%s", reader);
    d.at = 1700000000 + lab->n++;
    assert_ok(mr_decision_add(lab->store, &d, &err), err);
    return d.id;
}

/* Something of everything: marks set and cleared, a dispute, a verdict, notes, boxes, undo. */
static void fill(struct lab *lab)
{
    const struct mr_box box = {.1, 1. / 3, .25, .4999}, corner = {0, 0, 1, 1. / 7};
    int64_t id;

    decide(lab, (struct mr_decision){.kind = MR_DECISION_FLAG, .image = 1, .to_class = 1}, "ann");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_RELABEL, .image = 1, .to_class = 2},
           "ann");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_RELABEL, .image = 2, .to_class = 1},
           "ann");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_RELABEL, .image = 2, .to_class = 2},
           "bob");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_ADJUDICATE, .image = 2, .to_class = 1},
           "cyd");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_AMBIGUOUS, .image = 3, .to_class = 1},
           "bob");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_AMBIGUOUS, .image = 3, .from_class = 1},
           "ann");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_EXCLUDE, .image = 4, .to_class = 1},
           "bob");
    decide(lab,
           (struct mr_decision){.kind = MR_DECISION_NOTE, .image = 4, .note = "a \"so\", µ; näher"},
           "bob");
    decide(lab,
           (struct mr_decision){
               .kind = MR_DECISION_BOX, .image = 5, .from_class = -1, .to_class = 1, .box = box},
           "ann");
    decide(lab,
           (struct mr_decision){
               .kind = MR_DECISION_BOX, .image = 5, .from_class = -1, .to_class = 2, .box = corner},
           "bob");
    decide(lab,
           (struct mr_decision){
               .kind = MR_DECISION_BOX, .image = 5, .from_class = -1, .to_class = 2, .box = corner},
           "ann");
    id = decide(
        lab,
        (struct mr_decision){
            .kind = MR_DECISION_BOX, .image = 6, .from_class = -1, .to_class = 0, .box = box},
        "bob");
    id = decide(lab, (struct mr_decision){.kind = MR_DECISION_UNDO, .target = id}, "bob");
    id = decide(lab, (struct mr_decision){.kind = MR_DECISION_FLAG, .image = 6, .to_class = 1},
                "bob");
    id = decide(lab, (struct mr_decision){.kind = MR_DECISION_UNDO, .target = id}, "bob");
    decide(lab, (struct mr_decision){.kind = MR_DECISION_REDO, .target = id - 1}, "bob");
    look(lab);
}

static char *export_as(struct lab *lab, const char *format)
{
    struct mr_str text = MR_STR_EMPTY;
    struct mr_error err;

    assert_ok(mr_exchange_format_find(format)->write(&lab->exchange, &text, &err), err);
    return text.text;
}

/* Imports and returns how many decisions were new. */
static int import(struct lab *lab, const char *text)
{
    struct mr_records records = {0};
    struct mr_decision *decisions = NULL;
    struct mr_error err;
    int n_new = 0;

    assert_ok(mr_exchange_read(&lab->exchange, text, &records, &err), err);
    assert_ok(mr_exchange_plan(&lab->exchange, &records, &decisions, &err), err);
    for (int i = 0; i < records.n; i++)
        n_new += !decisions[i].id;
    assert_ok(mr_decisions_add(lab->store, decisions, records.n, &err), err);
    free(decisions);
    mr_records_finish(&records);
    look(lab);
    return n_new;
}

static void comes_back_as_it_went_out(void **state)
{
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        struct lab lab, fresh;
        char *out, *again;

        open_lab(&lab, false);
        open_lab(&fresh, false);
        fill(&lab);
        out = export_as(&lab, formats[f]);
        assert_true(import(&fresh, out) > 0);
        again = export_as(&fresh, formats[f]);
        assert_string_equal(out, again);
        free(out);
        free(again);
        close_lab(&lab);
        close_lab(&fresh);
    }
}

static void adds_nothing_the_second_time(void **state)
{
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        struct lab lab, fresh;
        char *out;

        open_lab(&lab, false);
        open_lab(&fresh, false);
        fill(&lab);
        out = export_as(&lab, formats[f]);
        assert_int_equal(import(&lab, out), 0); /* where it came from */
        assert_true(import(&fresh, out) > 0);
        assert_int_equal(import(&fresh, out), 0);
        free(out);
        close_lab(&lab);
        close_lab(&fresh);
    }
}

/* What stands of every image; those and the classes of b may be the other way round. */
static void assert_same_state(const struct lab *lab_a, const struct lab *lab_b, bool reversed)
{
    for (int i = 1; i <= N_IMAGES; i++) {
        struct mr_review_state a = mr_review_state_of(lab_a->decisions, lab_a->n, i);
        struct mr_review_state b =
            mr_review_state_of(lab_b->decisions, lab_b->n, reversed ? N_IMAGES + 1 - i : i);

        assert_int_equal(b.label, a.label >= 0 && reversed ? N_CLASSES - 1 - a.label : a.label);
        assert_int_equal(a.is_adjudicated, b.is_adjudicated);
        assert_int_equal(a.is_flagged, b.is_flagged);
        assert_int_equal(a.is_excluded, b.is_excluded);
        assert_int_equal(a.is_ambiguous, b.is_ambiguous);
        assert_int_equal(a.has_note, b.has_note);
        assert_int_equal(a.n_boxes, b.n_boxes);
    }
}

/* First in one format, then in another: nothing stands twice, and the second time adds nothing. */
static void a_decision_is_the_same_in_every_format(void **state)
{
    for (int k = 0; k < 16; k++) {
        struct lab lab, fresh;
        char *out, *other;

        open_lab(&lab, false);
        open_lab(&fresh, false);
        fill(&lab);
        out = export_as(&lab, formats[k / 4]);
        other = export_as(&lab, formats[k % 4]);
        import(&fresh, out);
        import(&fresh, other);
        assert_true(fresh.n <= lab.n);
        if (k < 15) /* boxes alone are not all */
            assert_same_state(&lab, &fresh, false);
        assert_int_equal(import(&fresh, out) + import(&fresh, other), 0);
        free(out);
        free(other);
        close_lab(&lab);
        close_lab(&fresh);
    }
}

/* The label held comes first, then the log of how it came about: what came last still counts. */
static void history_that_comes_later_does_not_override_what_is_held(void **state)
{
    struct mr_decision d = {.kind = MR_DECISION_RELABEL, .image = 1};
    struct lab lab, fresh;
    char *held, *log;

    open_lab(&lab, false);
    open_lab(&fresh, false);
    while (++d.to_class < N_CLASSES)
        decide(&lab, d, "ann");
    look(&lab);
    held = export_as(&lab, "label-studio");
    import(&fresh, held);
    log = export_as(&lab, "csv");
    import(&fresh, log);
    assert_same_state(&lab, &fresh, false);
    assert_int_equal(import(&fresh, log), 0);
    free(held);
    free(log);
    close_lab(&lab);
    close_lab(&fresh);
}

/* Set, cleared and set again within a second: the log has all three, and gets them back once. */
static void tells_equal_decisions_apart_by_their_number(void **state)
{
    struct mr_decision flags[3];
    struct lab lab, fresh;
    struct mr_error err;
    char *out;

    open_lab(&lab, false);
    open_lab(&fresh, false);
    for (int i = 0; i < 3; i++)
        flags[i] = (struct mr_decision){.kind = MR_DECISION_FLAG,
                                        .image = 1,
                                        .to_class = i != 1,
                                        .at = 1700000000,
                                        .reader = "ann"};
    assert_ok(mr_decisions_add(lab.store, flags, 3, &err), err);
    look(&lab);
    out = export_as(&lab, "csv");
    flags[0].id = 0;
    assert_ok(mr_decision_add(fresh.store, &flags[0], &err), err); /* it has the first */
    look(&fresh);
    assert_int_equal(import(&fresh, out), 2);
    assert_int_equal(import(&fresh, out), 0);
    free(out);
    close_lab(&lab);
    close_lab(&fresh);
}

/* A mark is the image's, a label its reader's. */
static void adds_what_a_reader_does_not_hold_already(void **state)
{
    static const char text[] =
        "path,kind,to,who\n"
        "train/colon/patient 0/1.png,flag,set,dan\n"                        /* ann has set it */
        "train/colon/patient 0/1.png,relabel,\"z-line, \"\"odd\"\"\",dan\n" /* as ann did */
        "train/colon/patient 1/1.png,relabel,polyp,ann\n"                   /* she holds it */
        "train/colon/patient 1/1.png,relabel,colon,ann\n"  /* she changes her mind ... */
        "train/colon/patient 1/1.png,relabel,polyp,ann\n"; /* ... and changes it back */
    struct lab lab;

    open_lab(&lab, false);
    fill(&lab);
    assert_int_equal(import(&lab, text), 3);
    close_lab(&lab);
}

/* Other numbers for classes and images, other paths: the state of each content is the same. */
static void finds_images_by_their_content(void **state)
{
    for (size_t f = 0; f < 3; f++) {
        struct lab lab, other;
        char *out;

        open_lab(&lab, false);
        open_lab(&other, true);
        fill(&lab);
        out = export_as(&lab, formats[f]);
        import(&other, out);
        assert_same_state(&lab, &other, true);
        free(out);
        close_lab(&lab);
        close_lab(&other);
    }
}

static void finds_the_decisions_about_an_image(void **state)
{
    const struct mr_decision *about;
    struct lab lab;
    int n, n_all = 0;

    open_lab(&lab, false);
    about = mr_exchange_about(&lab.exchange, 1, &n);
    assert_int_equal(n, 0);
    fill(&lab);
    for (int image = 0; image <= N_IMAGES + 1; image++) {
        about = mr_exchange_about(&lab.exchange, image, &n);
        for (int i = 0; i < n; i++) {
            assert_int_equal(about[i].image, image);
            assert_true(!i || about[i - 1].id < about[i].id);
        }
        n_all += n;
    }
    assert_int_equal(n_all, lab.n);
    close_lab(&lab);
}

/* kind, path and to are enough; the reader is the one that is told. */
static void takes_a_table_made_by_hand(void **state)
{
    static const char text[] = "\xef\xbb\xbfpath,to,kind\r\n"
                               "train/colon/patient 0/1.png,polyp,relabel\r\n"
                               "\"train/z-line, \"\"odd\"\"/patient 4/1.png\",,flag\r\n"
                               "train/none/1.png,polyp,relabel\r\n";
    struct lab lab;

    open_lab(&lab, false);
    assert_int_equal(import(&lab, text), 2);
    assert_int_equal(import(&lab, text), 0);
    assert_int_equal(lab.n, 2);
    assert_string_equal(lab.decisions[0].reader, "eve");
    assert_int_equal(lab.decisions[0].to_class, 1);
    assert_int_equal(lab.decisions[1].image, 5);
    assert_int_equal(lab.decisions[1].to_class, 1);
    close_lab(&lab);
}

/* As Label Studio itself exports: numbers for people, fractions of seconds, other results. */
static void takes_what_label_studio_exports(void **state)
{
    static const char text[] =
        "[{\"id\":7,\"data\":{\"image\":\"/data/local-files/"
        "?d=train/polyp/patient%202/1.png\"},\"annotations\":[{\"id\":1,\"completed_by\":3,"
        "\"created_at\":\"2024-05-01T14:00:00.513742+02:00\",\"ground_truth\":false,\"result\":["
        "{\"type\":\"choices\",\"from_name\":\"tag\",\"value\":{\"choices\":[\"colon\"]}},"
        "{\"type\":\"polygonlabels\",\"value\":{}},"
        "{\"type\":\"rectanglelabels\",\"value\":{\"x\":10,\"y\":20,\"width\":90.0000001,"
        "\"height\":5,\"rotation\":0,\"rectanglelabels\":[\"polyp\"]}}]},"
        "{\"was_cancelled\":true,\"result\":[{}]}],\"predictions\":[]}]";
    struct mr_records records = {0};
    struct mr_error err;
    struct lab lab;

    open_lab(&lab, false);
    assert_ok(mr_exchange_read(&lab.exchange, text, &records, &err), err);
    assert_int_equal(records.n, 2);
    assert_int_equal(records.n_foreign, 1);
    assert_string_equal(records.all[0].decision.reader, "user 3");
    assert_int_equal(records.all[0].decision.image, 3);
    assert_int_equal(records.all[0].decision.at, 1714564800);
    assert_float_equal(records.all[1].decision.box.w, .9, 1e-12);
    mr_records_finish(&records);
    close_lab(&lab);
}

static void refuses_what_is_malformed_in_one_sentence(void **state)
{
#define ROW  "kind,path,to,at,x,y,w,h\n"
#define PATH "train/colon/patient 0/1.png"
#define TASK(result) \
    "[{\"data\":{\"image\":\"" PATH "\"},\"annotations\":[{\"result\":[" result "]}]}]"
    static const struct {
        const char *text, *words[2];
    } bad[] = {
        {"", {"neither", "CSV"}},
        {"a,b\n1,2\n", {"neither", "CSV"}},
        {"{\"decisions\": [", {"not whole JSON", "byte"}},
        {"{\"images\": []}", {"neither", "COCO"}},
        {ROW "relabel," PATH ",nix,,,,,\n", {"row 2", "no class 'nix'"}},
        {ROW "praise," PATH ",polyp,,,,,\n", {"row 2", "no kind"}},
        {ROW "relabel," PATH ",polyp,soon,,,,\n", {"row 2", "no time"}},
        {ROW "flag," PATH ",maybe,,,,,\n", {"row 2", "neither 'set'"}},
        {ROW "flag," PATH "\n", {"row 2", "2 fields"}},
        {ROW "flag," PATH ",set,,,,,\nflag,\"" PATH, {"row 3", "quote"}},
        {ROW "box," PATH ",polyp,,.5,.5,.6,.1\n", {"row 2", "does not lie in the picture"}},
        {ROW "box," PATH ",polyp,,.5,x,.6,.1\n", {"row 2", "its y 'x'"}},
        {"{\"decisions\":[{\"kind\":\"undo\",\"path\":\"" PATH "\",\"id\":1,\"target\":9}]}",
         {"decision 1", "decision 9"}},
        {"{\"decisions\":[{\"kind\":\"flag\",\"path\":\"" PATH "\"},"
         "{\"kind\":\"undo\",\"path\":\"" PATH "\",\"id\":4}]}",
         {"decision 4", "not say which"}},
        {ROW "relabel," PATH ",polyp,2024-05-01T12:00:00x01:00,,,,\n", {"row 2", "no time"}},
        {"{\"images\":[{\"id\":1,\"width\":9,\"height\":9,\"file_name\":\"" PATH
         "\"}],\"categories\":[{\"id\":1,\"name\":\"polyp\"}],\"annotations\":[{\"image_id\":1,"
         "\"category_id\":1,\"bbox\":[1,2,3,4],\"attributes\":{\"at\":\"soon\"}}]}",
         {"annotation 1", "'soon' is no time"}},
        {TASK("{\"type\":\"choices\",\"value\":{\"choices\":[\"colon\",\"polyp\"]}}"),
         {"task 1, annotation 1", "2 labels"}},
        {TASK("{\"type\":\"rectanglelabels\",\"value\":{\"x\":1,\"y\":1,\"width\":5,\"height\":5,"
              "\"rotation\":30,\"rectanglelabels\":[\"polyp\"]}}"),
         {"task 1, annotation 1", "30 degrees"}},
        {TASK("{\"type\":\"rectanglelabels\",\"value\":{\"x\":1,\"y\":1,\"width\":5,"
              "\"rectanglelabels\":[\"polyp\"]}}"),
         {"task 1, annotation 1", "no height"}},
        {"[{\"data\":{}}]", {"task 1", "no data with an image"}},
        {"{\"images\":[],\"categories\":[],\"annotations\":[{\"image_id\":1}]}",
         {"annotation 1", "its image is not in the file"}},
        {"{\"images\":[{\"id\":1,\"file_name\":\"x\"}],\"categories\":[{\"id\":1,\"name\":"
         "\"polyp\"}],\"annotations\":[{\"image_id\":1,\"category_id\":1}]}",
         {"annotation 1", "no width"}},
        {"{\"images\":[{\"id\":1,\"width\":9,\"height\":9}],\"categories\":[{\"id\":1,\"name\":"
         "\"polyp\"}],\"annotations\":[{\"image_id\":1,\"category_id\":1,\"bbox\":[1,2,3]}]}",
         {"annotation 1", "four numbers"}},
    };
    struct lab lab;

    open_lab(&lab, false);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mr_records records = {0};
        struct mr_decision *decisions = NULL;
        struct mr_error err;
        enum mr_status st = mr_exchange_read(&lab.exchange, bad[i].text, &records, &err);

        if (!st) {
            st = mr_exchange_plan(&lab.exchange, &records, &decisions, &err);
            mr_records_finish(&records);
        }
        assert_int_equal(st, MR_E_FORMAT);
        assert_null(records.all);
        for (int w = 0; w < 2; w++)
            if (!strstr(err.message, bad[i].words[w]))
                fail_msg("'%s' is not in: %s", bad[i].words[w], err.message);
    }
    close_lab(&lab);
}

static void tells_nobody_when_anonymous(void **state)
{
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        struct lab lab, fresh;
        char *out;

        open_lab(&lab, false);
        open_lab(&fresh, false);
        fill(&lab);
        lab.exchange.is_anonymous = true;
        out = export_as(&lab, formats[f]);
        assert_null(strstr(out, "patient"));
        assert_null(strstr(out, "ann\""));
        assert_null(strstr(out, ",ann,"));
        assert_null(strstr(out, "bob"));
        assert_null(strstr(out, "näher"));
        assert_non_null(strstr(out, "reader 1"));
        assert_true(import(&fresh, out) > 0); /* by content */
        free(out);
        close_lab(&lab);
        close_lab(&fresh);
    }
}

static void says_percent_and_pixels(void **state)
{
    struct lab lab;
    char *out;

    open_lab(&lab, false);
    fill(&lab);
    out = export_as(&lab, "label-studio");
    assert_non_null(strstr(out, "\"x\":\t10,"));
    assert_non_null(strstr(out, "\"y\":\t33.333333,"));
    assert_non_null(strstr(out, "\"original_width\":\t640"));
    assert_non_null(strstr(out, "\"rotation\":\t0"));
    free(out);
    out = export_as(&lab, "coco");
    assert_non_null(strstr(out, "[64, 160, 160, 239.952]"));
    assert_null(strstr(out, "\"id\":\t6")); /* its box was undone */
    free(out);
    close_lab(&lab);
}

/* "%4" at the end of an address, and "%4" with something else behind it, are themselves. */
static void reads_an_address_no_further_than_it_goes(void **state)
{
    static const char *const paths[] = {"train/50%4", "train/50%4x.png", "train/50% 4.png",
                                        "train/50%"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *text = mr_xasprintf("[{\"data\":{\"image\":\"/data/local-files/?d=%s\"},"
                                  "\"annotations\":[{\"result\":[{\"type\":\"choices\","
                                  "\"value\":{\"choices\":[\"polyp\"]}}]}]}]",
                                  paths[i]);
        struct mr_records records = {0};
        struct mr_error err;
        struct lab lab;

        open_lab(&lab, false);
        free(lab.images->rows[0].path);
        lab.images->rows[0].path = mr_xstrdup(paths[i]);
        mr_exchange_finish(&lab.exchange);
        mr_exchange_init(&lab.exchange);
        assert_ok(mr_exchange_read(&lab.exchange, text, &records, &err), err);
        assert_int_equal(records.n, 1);
        assert_int_equal(records.all[0].decision.image, 1);
        mr_records_finish(&records);
        free(text);
        close_lab(&lab);
    }
}

static void exports_a_verdict_for_the_first_class_as_one(void **state)
{
    struct lab lab, fresh;
    char *out;

    open_lab(&lab, false);
    open_lab(&fresh, false);
    decide(&lab, (struct mr_decision){.kind = MR_DECISION_ADJUDICATE, .image = 3, .from_class = 1},
           "cyd");
    look(&lab);
    out = export_as(&lab, "label-studio");
    assert_non_null(strstr(out, "\"ground_truth\":\ttrue"));
    assert_int_equal(import(&fresh, out), 1);
    assert_true(mr_review_state_of(fresh.decisions, fresh.n, 3).is_adjudicated);
    free(out);
    close_lab(&lab);
    close_lab(&fresh);
}

/* The file's flag holds already, so that nothing is added for it; its undo is about the one that is
 * here, or about the equal one that the file adds before. */
static void aims_at_what_holds_already(void **state)
{
#define FLAG(id, image)                                                                      \
    "{\"id\":" id ",\"kind\":\"flag\",\"who\":\"ann\",\"path\":\"train/colon/patient " image \
    "/1.png\"}"
    static const char text[] = "{\"decisions\":[" FLAG("7", "1") "," FLAG("8", "0") "," FLAG(
        "9", "1") ","
                  "{\"id\":10,\"kind\":\"undo\",\"who\":\"ann\",\"target\":8,\"path\":"
                  "\"train/colon/patient 0/1.png\"},"
                  "{\"id\":11,\"kind\":\"undo\",\"who\":\"ann\",\"target\":9,\"path\":"
                  "\"train/colon/patient 1/1.png\"}]}";
    struct lab lab;
    int64_t id;

    open_lab(&lab, false);
    id = decide(&lab, (struct mr_decision){.kind = MR_DECISION_FLAG, .image = 1, .to_class = 1},
                "ann");
    look(&lab);
    assert_int_equal(import(&lab, text), 3);
    assert_int_equal(lab.decisions[1].image, 2);
    assert_int_equal(lab.decisions[2].target, id);
    assert_int_equal(lab.decisions[3].target, lab.decisions[1].id);
    assert_true(lab.decisions[0].undone && lab.decisions[1].undone);
    close_lab(&lab);
#undef FLAG
}

static void reads_times_strictly(void **state)
{
    static const struct {
        const char *text;
        int64_t at;
    } good[] = {{"2024-05-01T12:00:00Z", 1714564800},
                {"2024-05-01 12:00:00", 1714564800},
                {"2024-05-01T14:00:00.513742+02:00", 1714564800},
                {"2024-05-01T17:30:00+0530", 1714564800},
                {"2024-05-01T08:30:00-03:30", 1714564800},
                {"2024-05-01T14:00:00+02", 1714564800}};
    static const char *const bad[] = {
        "2024-05-01T12:00:00x05:30",    "2024-05-01T12:00:00+05:30 or so",
        "2024-05-01T12:00:00Zulu",      "2024-05-01T12:00:00+5:3",
        "2024-05-01T12:00:00+05:60",    "2024-05-01T12:00:00+24:00",
        "2024-05-01T12:00:00+-5:30",    "2024-05-01T12:00:00.Z",
        " 2024-05-01T12:00:00Z",        "2024-5-1T12:00:00Z",
        "2024-02-30T12:00:00Z",         "1969-12-31T23:59:59Z",
        "2024-05-01T12:00:00+05:30:10", ""};
    int64_t at;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!mr_exchange_read_time(good[i].text, &at))
            fail_msg("'%s' is a time", good[i].text);
        assert_int_equal(at, good[i].at);
    }
    at = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (mr_exchange_read_time(bad[i], &at))
            fail_msg("'%s' is no time", bad[i]);
        assert_int_equal(at, 7);
    }
}

/* ---- the cleaned tree ---- */

static void write_images(struct lab *lab)
{
    for (int i = 0; i < lab->images->n; i++) {
        const struct mr_image_row *row = &lab->images->rows[i];
        char *path = mr_path_join(lab->data_dir, row->path), *folder = mr_xstrdup(path);
        struct mr_file_part part = {row->path, strlen(row->path)};
        struct mr_error err;

        *strrchr(folder, '/') = '\0';
        assert_ok(mr_dir_make(folder, 0700, &err), err);
        assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
        free(path);
        free(folder);
    }
}

/* What lies at dir/path; owned, NULL if nothing does. */
static char *content(const char *dir, const char *path)
{
    char *whole = mr_path_join(dir, path);
    unsigned char *data = NULL;
    size_t n;
    enum mr_status st = mr_file_read(whole, 1 << 16, &data, &n, NULL);

    free(whole);
    return st ? NULL : (char *)data;
}

static void assert_holds(const char *dir, const char *path, const char *expected)
{
    char *data = content(dir, path);

    assert_non_null(data);
    assert_string_equal(data, expected);
    free(data);
}

static void copies_what_is_left_to_where_it_belongs(void **state)
{
    for (int links = 0; links < 2; links++) {
        char *parent = make_folder(), *to = mr_path_join(parent, "cleaned/deep");
        struct mr_copy_report report;
        struct mr_error err;
        struct lab lab;

        open_lab(&lab, false);
        write_images(&lab);
        fill(&lab);
        assert_ok(mr_copy_tree(&lab.exchange, lab.data_dir, to, links, &report, &err), err);
        assert_int_equal(report.n_copied, 5);
        assert_int_equal(report.n_relabelled, 2);
        assert_int_equal(report.n_excluded, 1);
        assert_holds(to, "train/z-line, \"odd\"/patient 0/1.png", "train/colon/patient 0/1.png");
        assert_holds(to, "train/polyp/patient 1/1.png", "train/colon/patient 1/1.png");
        assert_holds(to, "train/polyp/patient 2/1.png", "train/polyp/patient 2/1.png");
        assert_null(content(to, "train/polyp/patient 3/1.png"));
        /* the source is as it was */
        for (int i = 0; i < N_IMAGES; i++)
            assert_holds(lab.data_dir, lab.images->rows[i].path, lab.images->rows[i].path);
        assert_int_equal(mr_copy_tree(&lab.exchange, lab.data_dir, to, links, &report, &err),
                         MR_E_USAGE);
        assert_non_null(strstr(err.message, "not empty"));
        free(to);
        remove_folder(parent);
        close_lab(&lab);
    }
}

static void gives_a_number_to_a_name_that_is_taken(void **state)
{
    char *to = make_folder();
    struct mr_copy_report report;
    struct mr_error err;
    struct lab lab;

    open_lab(&lab, true); /* elsewhere/0.png: no class is a folder of it */
    for (int i = 0; i < N_IMAGES; i++) {
        struct mr_image_row *row = &lab.images->rows[i];

        free(row->path);
        row->path = mr_xasprintf("%d/same.png", i);
        mr_hash_sha256(row->path, strlen(row->path), row->hash);
    }
    write_images(&lab);
    assert_ok(mr_copy_tree(&lab.exchange, lab.data_dir, to, false, &report, &err), err);
    assert_holds(to, "colon/same.png", "4/same.png");
    assert_holds(to, "colon/same-2.png", "5/same.png");
    remove_folder(to);
    close_lab(&lab);
}

static void refuses_a_copy_of_what_has_changed_or_into_the_data(void **state)
{
    char *to = make_folder(), *inside;
    struct mr_file_part part = {"new", 3};
    struct mr_copy_report report;
    struct mr_error err;
    struct lab lab;
    char *path;

    open_lab(&lab, false);
    write_images(&lab);
    path = mr_path_join(lab.data_dir, lab.images->rows[0].path);
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    assert_int_equal(mr_copy_tree(&lab.exchange, lab.data_dir, to, false, &report, &err),
                     MR_E_USAGE);
    assert_non_null(strstr(err.message, "changed since"));
    inside = mr_path_join(lab.data_dir, "cleaned");
    assert_int_equal(mr_copy_tree(&lab.exchange, lab.data_dir, inside, false, &report, &err),
                     MR_E_USAGE);
    assert_non_null(strstr(err.message, "lies in the data folder"));
    assert_false(mr_path_exists(inside)); /* nor was it made to find that out */
    free(inside);
    inside = mr_path_join(to, "../new/../cleaned");
    assert_int_equal(mr_copy_tree(&lab.exchange, lab.data_dir, inside, false, &report, &err),
                     MR_E_USAGE);
    assert_non_null(strstr(err.message, "'..'"));
    free(inside);
    free(path);
    remove_folder(to);
    close_lab(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_went_out),
        cmocka_unit_test(adds_nothing_the_second_time),
        cmocka_unit_test(a_decision_is_the_same_in_every_format),
        cmocka_unit_test(history_that_comes_later_does_not_override_what_is_held),
        cmocka_unit_test(tells_equal_decisions_apart_by_their_number),
        cmocka_unit_test(adds_what_a_reader_does_not_hold_already),
        cmocka_unit_test(finds_images_by_their_content),
        cmocka_unit_test(finds_the_decisions_about_an_image),
        cmocka_unit_test(takes_a_table_made_by_hand),
        cmocka_unit_test(takes_what_label_studio_exports),
        cmocka_unit_test(refuses_what_is_malformed_in_one_sentence),
        cmocka_unit_test(tells_nobody_when_anonymous),
        cmocka_unit_test(says_percent_and_pixels),
        cmocka_unit_test(copies_what_is_left_to_where_it_belongs),
        cmocka_unit_test(gives_a_number_to_a_name_that_is_taken),
        cmocka_unit_test(refuses_a_copy_of_what_has_changed_or_into_the_data),
        cmocka_unit_test(reads_an_address_no_further_than_it_goes),
        cmocka_unit_test(exports_a_verdict_for_the_first_class_as_one),
        cmocka_unit_test(aims_at_what_holds_already),
        cmocka_unit_test(reads_times_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
