/* SPDX-License-Identifier: MIT */
/* `report --html`: a page for colleagues, in one file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/geometry.h>
#include <misread/base/sandbox.h>
#include <misread/base/str.h>
#include <misread/image/decode.h>
#include <misread/image/encode.h>
#include <misread/image/image.h>
#include <misread/interp/confusion.h>
#include <misread/interp/learning.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/train/kept.h>

#include "exchange.h"
#include "figures.h"
#include "place.h"
#include "report.h"
#include "session.h"
#include "watch.h"
#include "why.h"

#define MOST_PAIRS   20
#define PICTURE_PX   320
#define JPEG_QUALITY 85

/* The policy says again that there is nothing to run and nothing to fetch. */
static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    "body{font:15px/1.45 sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#222}\n"
    "table{border-collapse:collapse;margin:.6em 0}\n"
    "td,th{padding:.2em .6em;text-align:right;border:1px solid #ddd}\n"
    "th{background:#f4f4f4}td.name,th.name{text-align:left}\n"
    "figure{display:inline-block;max-width:660px;margin:0 .8em 1em 0;vertical-align:top}\n"
    "figure "
    "img{max-width:320px;margin-right:4px;vertical-align:top}figcaption{font-size:13px;overflow-"
    "wrap:anywhere}\n"
    ".none{color:#777}h2{margin-top:1.6em}\n</style>\n";

/* ---- text from outside ---- */

/* As strict UTF-8 without control characters, and none of it markup. */
static void add_text(struct mr_str *out, const char *text)
{
    char safe[2048];

    mr_safe_text(safe, sizeof safe, text, 0, MR_ELIDE_END);
    for (const char *p = safe; *p; p++) {
        switch (*p) {
        case '&':
            mr_str_add(out, "&amp;");
            break;
        case '<':
            mr_str_add(out, "&lt;");
            break;
        case '>':
            mr_str_add(out, "&gt;");
            break;
        case '"':
            mr_str_add(out, "&quot;");
            break;
        case '\'':
            mr_str_add(out, "&#39;");
            break;
        default:
            mr_str_add_n(out, p, 1);
        }
    }
}

static void add_name(struct mr_str *out, const char *tag, const char *text)
{
    mr_str_addf(out, "<%s class=\"name\">", tag);
    add_text(out, text);
    mr_str_addf(out, "</%s>", tag);
}

static void add_share(struct mr_str *out, double share)
{
    if (isnan(share))
        mr_str_add(out, "<td>-</td>");
    else
        mr_str_addf(out, "<td>%.3f</td>", share);
}

static const char *class_of(const struct mr_report *r, int class_id)
{
    return mr_figures_class(r->images, class_id);
}

/* ---- figures ---- */

static void add_summary(struct mr_str *out, const struct mr_report_page *page)
{
    const struct mr_report *r = page->report;
    struct mr_summary s = mr_confusion_summary(r->confusion);

    mr_str_add(out, "<title>misread: run report</title></head><body>\n<h1>");
    if (!page->is_anonymous) {
        add_text(out, page->place->name);
        mr_str_add(out, ": ");
    }
    mr_str_addf(out, "run %d</h1>\n<p>", r->run.id);
    add_text(out, r->run.arch);
    mr_str_addf(out, ", %d px, after epoch %d of %d; %d training and %d validation images.</p>\n",
                r->run.size_px, r->valid->epoch, r->run.n_epochs, r->run.n_train, r->run.n_valid);
    mr_str_addf(out,
                "<p><b>%.4f</b> of %d validation images read as labelled (95 %% interval %.3f to "
                "%.3f); Matthews' correlation %.3f.</p>\n",
                s.accuracy, r->confusion->n, s.lo, s.hi, s.mcc);
    mr_str_add(out, "<p>For research and education, not for diagnosis.</p>\n");
}

static void add_epochs(struct mr_str *out, const struct mr_report *r)
{
    mr_str_add(out, "<h2>Epochs</h2>\n<table><tr><th>epoch</th><th>train loss</th><th>valid loss"
                    "</th><th>accuracy</th><th>95 % interval</th><th>seconds</th></tr>\n");
    for (int i = 0; i < r->n_epochs; i++) {
        const struct mr_epoch *e = &r->epochs[i];
        double lo, hi;

        mr_wilson(e->n_correct, e->n_valid, &lo, &hi);
        mr_str_addf(out,
                    "<tr><td>%d</td><td>%.4f</td><td>%.4f</td><td>%.4f</td><td>%.3f to %.3f</td>"
                    "<td>%.0f</td></tr>\n",
                    e->epoch, e->train_loss, e->valid_loss, mr_epoch_accuracy(e), lo, hi,
                    e->seconds);
    }
    mr_str_add(out, "</table>\n");
}

/* Would more images help? Nothing if nobody asked. */
static void add_learning(struct mr_str *out, const struct mr_learning *l)
{
    struct mr_learning_point *points;
    char sentence[400];

    if (!l->id)
        return;
    points = mr_xalloc((size_t)l->n_sizes, sizeof *points);
    mr_learning_points(l, points);
    mr_learning_sentence(l, sentence, sizeof sentence);
    mr_str_add(out, "<h2>Learning curve</h2>\n<table><tr><th>training images</th><th>accuracy</th>"
                    "<th>95 % interval</th></tr>\n");
    for (int i = 0; i < l->n_sizes; i++)
        mr_str_addf(out, "<tr><td>%d</td><td>%.4f</td><td>%.3f to %.3f</td></tr>\n",
                    points[i].n_train, points[i].accuracy, points[i].lo, points[i].hi);
    mr_str_addf(out,
                "</table>\n<p>Heads on the features of the run's body, %d of each size: %s."
                "</p>\n",
                l->n_seeds, sentence);
    free(points);
}

/* Blue is right, orange wrong; depth is the share of the row. */
static void add_cell(struct mr_str *out, const struct mr_confusion *confusion, int a, int c)
{
    int count = mr_confusion_at(confusion, a, c), n = mr_confusion_n_actual(confusion, a);
    double share = n ? (double)count / n : 0;

    if (!count)
        mr_str_add(out, "<td class=\"none\">&middot;</td>");
    else
        mr_str_addf(out, "<td style=\"background:rgba(%s,%.2f)\">%d</td>",
                    a == c ? "86,180,233" : "230,159,0", .15 + .85 * share, count);
}

static void add_matrix(struct mr_str *out, const struct mr_report *r)
{
    const struct mr_confusion *confusion = r->confusion;

    mr_str_add(out, "<h2>Confusion</h2>\n<p>Rows are what the label says, columns what the network "
                    "says.</p>\n<table><tr><th></th>");
    for (int c = 0; c < confusion->n_classes; c++)
        add_name(out, "th", class_of(r, c));
    mr_str_add(out, "</tr>\n");
    for (int a = 0; a < confusion->n_classes; a++) {
        mr_str_add(out, "<tr>");
        add_name(out, "th", class_of(r, a));
        for (int c = 0; c < confusion->n_classes; c++)
            add_cell(out, confusion, a, c);
        mr_str_add(out, "</tr>\n");
    }
    mr_str_add(out, "</table>\n");
}

static void add_pairs(struct mr_str *out, const struct mr_report *r)
{
    mr_str_add(out, "<h2>Most confused</h2>\n<table><tr><th class=\"name\">label</th>"
                    "<th class=\"name\">read as</th><th>images</th><th>of</th></tr>\n");
    for (int i = 0; i < r->n_pairs && i < MOST_PAIRS; i++) {
        const struct mr_pair *pair = &r->pairs[i];

        mr_str_add(out, "<tr>");
        add_name(out, "td", class_of(r, pair->actual));
        add_name(out, "td", class_of(r, pair->predicted));
        mr_str_addf(out, "<td>%d</td><td>%d</td></tr>\n", pair->count,
                    mr_confusion_n_actual(r->confusion, pair->actual));
    }
    mr_str_add(out, "</table>\n");
}

static void add_classes(struct mr_str *out, const struct mr_report *r)
{
    mr_str_add(out, "<h2>Classes</h2>\n<table><tr><th class=\"name\">class</th><th>images</th>"
                    "<th>precision</th><th>recall</th><th>specificity</th><th>F1</th></tr>\n");
    for (int c = 0; c < r->confusion->n_classes; c++) {
        struct mr_class_metrics m = mr_confusion_metrics(r->confusion, c);

        mr_str_add(out, "<tr>");
        add_name(out, "td", class_of(r, c));
        mr_str_addf(out, "<td>%d</td>", m.n);
        add_share(out, m.precision);
        add_share(out, m.recall);
        add_share(out, m.specificity);
        add_share(out, m.f1);
        mr_str_add(out, "</tr>\n");
    }
    mr_str_add(out, "</table>\n");
}

/* ---- pictures ---- */

/* RFC 4648. */
static void add_base64(struct mr_str *out, const unsigned char *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        unsigned three = (unsigned)data[i] << 16 | (i + 1 < n ? (unsigned)data[i + 1] << 8 : 0) |
                         (i + 2 < n ? data[i + 2] : 0);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63],
                        digits[three & 63]};

        if (i + 1 >= n)
            four[2] = '=';
        if (i + 2 >= n)
            four[3] = '=';
        mr_str_add_n(out, four, 4);
    }
}

static enum mr_status small_jpeg(const struct mr_image *whole, unsigned char **jpeg, size_t *n,
                                 struct mr_error *err)
{
    const struct mr_size_px box = {PICTURE_PX, PICTURE_PX};
    struct mr_size_px size = mr_image_fit((struct mr_size_px){whole->w, whole->h}, box);
    struct mr_image *small = NULL;
    enum mr_status st = mr_image_resize(&small, whole, size.w, size.h, err);

    if (!st)
        st = mr_image_encode_jpeg(small, JPEG_QUALITY, jpeg, n, err);
    mr_image_destroy(small);
    return st;
}

/* Takes the place of what is not there; why may name files. */
static void add_absence(struct mr_str *out, const struct mr_report_page *page, const char *what,
                        const char *why)
{
    mr_str_addf(out, "<p class=\"none\">%s", what);
    if (!page->is_anonymous) {
        mr_str_add(out, ": ");
        add_text(out, why);
    }
    mr_str_add(out, "</p>");
}

/* What came of making a picture: itself, or why there is none. */
static void add_picture(struct mr_str *out, const struct mr_report_page *page,
                        const struct mr_image *picture, const char *absent, struct mr_error *err)
{
    unsigned char *jpeg = NULL;
    size_t n = 0;

    if (picture && !small_jpeg(picture, &jpeg, &n, err)) {
        mr_str_add(out, "<img alt=\"\" src=\"data:image/jpeg;base64,");
        add_base64(out, jpeg, n);
        mr_str_add(out, "\">");
    } else {
        add_absence(out, page, absent, err->message);
    }
    free(jpeg);
}

static void add_plain(struct mr_str *out, const struct mr_report_page *page,
                      const struct mr_image_row *row)
{
    char *path = row ? mr_path_join(page->place->data_dir, row->path) : NULL;
    struct mr_image *whole = NULL;
    struct mr_error err = {.message = "it is not in the project"};

    if (path && mr_image_load(&whole, page->watch->session->sandbox, MR_SANDBOX_SCREEN, path, &err))
        whole = NULL;
    add_picture(out, page, whole, "no picture", &err);
    mr_image_destroy(whole);
    free(path);
}

/* Returns how much of it is in the position box; NaN if there is none. */
static double add_heat(struct mr_str *out, const struct mr_report_page *page, struct mr_why *why,
                       const struct mr_ranked *of)
{
    struct mr_why_heat heat = {0};
    struct mr_error err = {0};
    double share = NAN;

    if (!mr_why_heat(why, of->image, of->predicted, &heat, &err) && heat.box.w > 0)
        share = heat.box_share;
    add_picture(out, page, heat.picture, "no heat map", &err);
    mr_why_heat_finish(&heat);
    return share;
}

/* why NULL: there are no heat maps. */
static void add_figure(struct mr_str *out, const struct mr_report_page *page, struct mr_why *why,
                       int rank)
{
    const struct mr_report *r = page->report;
    const struct mr_ranked *t = &r->top[rank];
    const struct mr_image_row *row = mr_images_find(r->images, t->image);
    double in_box = NAN;

    mr_str_add(out, "<figure>");
    add_plain(out, page, row);
    if (why)
        in_box = add_heat(out, page, why, t);
    mr_str_addf(out, "<figcaption>%d. label <b>", rank + 1);
    add_text(out, class_of(r, t->actual));
    mr_str_add(out, "</b>, read as <b>");
    add_text(out, class_of(r, t->predicted));
    mr_str_addf(out, "</b><br>loss %.3f, p of the label %.3f", (double)t->loss,
                (double)t->p_actual);
    if (!isnan(in_box))
        mr_str_addf(out, "<br>%.0f %% of the heat in the position box or what the run covers",
                    100 * in_box);
    if (!page->is_anonymous && row) {
        mr_str_add(out, "<br>");
        add_text(out, row->path);
    }
    mr_str_add(out, "</figcaption></figure>\n");
}

/* The weights that were kept may be of an earlier epoch than what is reported. */
static void add_about_heat(struct mr_str *out, const struct mr_report_page *page,
                           const struct mr_kept_facts *facts)
{
    int epoch = page->report->valid->epoch;

    mr_str_addf(out,
                "<p>Beside each picture what the network sees of it, and where it finds what "
                "speaks for the class that it is <b>read as</b>: dark nothing, yellow most "
                "(Grad-CAM, by the weights of epoch %d",
                facts->epoch);
    if (facts->epoch != epoch)
        mr_str_addf(out, "; the figures are of epoch %d", epoch);
    mr_str_add(out, "). It shows where, not whether it is right to look there.</p>\n");
}

static enum mr_status add_worst(struct mr_str *out, const struct mr_report_page *page,
                                struct mr_error *err)
{
    const struct mr_report *r = page->report;
    struct mr_why *why = mr_why_create(page->watch->session, page->place);
    struct mr_error absent = {0};
    enum mr_status st = MR_OK;

    mr_str_add(out, "<h2>Highest losses</h2>\n");
    if (!mr_why_turn_to(why, r->run.id, &absent)) {
        add_about_heat(out, page, mr_why_facts(why));
    } else {
        add_absence(out, page, "No heat maps, since the weights of the run cannot be read",
                    absent.message);
        mr_why_destroy(why);
        why = NULL;
    }
    for (int i = 0; i < r->n_top && i < page->n_pictures && !st; i++) {
        if (mr_watch_goes_on(page->watch, i, r->n_top))
            add_figure(out, page, why, i);
        else
            st = mr_fail(err, MR_E_CANCELLED, "stopped: no page was written");
    }
    mr_why_destroy(why);
    return st;
}

/* ---- decisions, recipe ---- */

static void add_value(struct mr_str *out, const struct mr_report *r, enum mr_decision_kind kind,
                      int value)
{
    const struct mr_exchange exchange = {.images = r->images};
    const char *text = mr_exchange_value(&exchange, kind, value);

    add_name(out, "td", text ? text : "");
}

static void add_decision(struct mr_str *out, const struct mr_report_page *page,
                         const struct mr_decision *d)
{
    const struct mr_report *r = page->report;
    const struct mr_image_row *row = mr_images_find(r->images, d->image);

    mr_str_addf(out, "<tr><td>%lld</td>", (long long)d->id);
    add_name(out, "td", mr_decision_text(d->kind));
    add_value(out, r, d->kind, d->from_class);
    add_value(out, r, d->kind, d->to_class);
    if (!page->is_anonymous) {
        add_name(out, "td", row ? row->path : "?");
        add_name(out, "td", d->reader);
        add_name(out, "td", d->note);
    }
    add_name(out, "td", d->undone ? "undone" : "");
    mr_str_add(out, "</tr>\n");
}

static enum mr_status add_decisions(struct mr_str *out, const struct mr_report_page *page,
                                    struct mr_error *err)
{
    struct mr_decision *decisions = NULL;
    int n = 0;
    enum mr_status st = mr_decisions_load(page->store, &decisions, &n, err);

    if (st)
        return st;
    mr_str_addf(out, "<h2>Decisions</h2>\n<p>%d.</p>\n", n);
    if (n)
        mr_str_addf(out,
                    "<table><tr><th></th><th class=\"name\">decision</th><th class=\"name\">from"
                    "</th><th class=\"name\">to</th>%s<th></th></tr>\n",
                    page->is_anonymous ? ""
                                       : "<th class=\"name\">image</th><th class=\"name\">reader"
                                         "</th><th class=\"name\">note</th>");
    for (int i = 0; i < n; i++)
        add_decision(out, page, &decisions[i]);
    mr_str_add(out, n ? "</table>\n" : "");
    free(decisions);
    return MR_OK;
}

/* Options that name a file or a pattern of file names. */
static bool is_private(const char *option)
{
    static const char *const names[] = {"weights", "split_file", "group_re", "group_by"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], option))
            return true;
    return false;
}

static void add_recipe(struct mr_str *out, const struct mr_report_page *page)
{
    cJSON *recipe = cJSON_Parse(page->report->run.options ? page->report->run.options : "{}");
    const cJSON *option;

    mr_str_add(out, "<h2>Recipe</h2>\n<table>\n");
    cJSON_ArrayForEach(option, recipe)
    {
        char *value;

        if (page->is_anonymous && is_private(option->string))
            continue;
        value = cJSON_PrintUnformatted(option);
        mr_str_add(out, "<tr>");
        add_name(out, "td", option->string);
        add_name(out, "td", cJSON_IsString(option) ? option->valuestring : value ? value : "");
        mr_str_add(out, "</tr>\n");
        cJSON_free(value);
    }
    mr_str_add(out, "</table>\n");
    cJSON_Delete(recipe);
}

enum mr_status mr_report_page_write(const struct mr_report_page *page, const char *path,
                                    struct mr_error *err)
{
    struct mr_str out = MR_STR_EMPTY;
    struct mr_file_part part;
    enum mr_status st;

    mr_str_add(&out, head);
    add_summary(&out, page);
    add_epochs(&out, page->report);
    add_learning(&out, &page->report->learning);
    add_matrix(&out, page->report);
    add_pairs(&out, page->report);
    add_classes(&out, page->report);
    st = add_worst(&out, page, err);
    if (!st)
        st = add_decisions(&out, page, err);
    add_recipe(&out, page);
    mr_str_add(&out, "</body></html>\n");
    part = (struct mr_file_part){.data = out.text, .n = out.n};
    if (!st)
        st = mr_file_write(path, 0600, &part, 1, err);
    mr_str_finish(&out);
    return st;
}
