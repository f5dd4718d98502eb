/* SPDX-License-Identifier: MIT */
/*
 * Tasks of Label Studio: what the network says as predictions, what readers say as annotations, an
 * annotation a reader and image (docs/source/guide/predictions.md and task_format.md of
 * HumanSignal/label-studio). The labelling configuration that the names below belong to is in
 * assets/doc/exchange.md. An annotation says what its reader holds, not how that came about.
 */
#include "exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/ids.h>
#include <misread/base/str.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>

#include "json.h"

/* The names of the controls. */
#define LABEL "choice"
#define MARKS "marks"
#define BOXES "box"
#define NOTE  "note"

#define LOCAL_FILES  "/data/local-files/?d="
#define PERCENT_UNIT 1e-6 /* what positions are rounded to, in percent */

static const struct {
    enum mr_decision_kind kind;
    const char *word;
} marks[] = {{MR_DECISION_FLAG, "flagged"},
             {MR_DECISION_AMBIGUOUS, "ambiguous"},
             {MR_DECISION_EXCLUDE, "excluded"}};
#define N_MARKS ((int)(sizeof marks / sizeof *marks))

/* ---- writing ---- */

/* One result of a list: where it belongs and its value, which the caller fills. */
static cJSON *add_result(cJSON *list, const char *type, const char *control, int number)
{
    cJSON *result = cJSON_CreateObject();
    char id[32];

    snprintf(id, sizeof id, number ? "%s-%d" : "%s", control, number);
    cJSON_AddStringToObject(result, "id", id);
    cJSON_AddStringToObject(result, "type", type);
    cJSON_AddStringToObject(result, "from_name", control);
    cJSON_AddStringToObject(result, "to_name", "image");
    cJSON_AddItemToArray(list, result);
    return cJSON_AddObjectToObject(result, "value");
}

static void add_choice(cJSON *list, const char *name)
{
    cJSON *value = add_result(list, "choices", LABEL, 0);

    mr_json_append_text(cJSON_AddArrayToObject(value, "choices"), name);
}

static void add_box(const struct mr_exchange *exchange, const struct mr_image_row *row,
                    const struct mr_decision *d, int number, cJSON *list)
{
    cJSON *value = add_result(list, "rectanglelabels", BOXES, number), *result;
    const struct {
        const char *name;
        double share;
    } sides[] = {{"x", d->box.x}, {"y", d->box.y}, {"width", d->box.w}, {"height", d->box.h}};

    for (int i = 0; i < 4; i++)
        cJSON_AddNumberToObject(value, sides[i].name,
                                mr_exchange_round(100 * sides[i].share, PERCENT_UNIT));
    cJSON_AddNumberToObject(value, "rotation", 0);
    mr_json_append_text(cJSON_AddArrayToObject(value, "rectanglelabels"),
                        exchange->images->classes[d->to_class]);
    result = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    cJSON_AddNumberToObject(result, "original_width", row->w);
    cJSON_AddNumberToObject(result, "original_height", row->h);
    cJSON_AddNumberToObject(result, "image_rotation", 0);
}

/* What one reader holds of one image. */
struct opinion {
    int64_t at; /* of the last decision that stands */
    int label;  /* -1: none */
    bool is_verdict;
    bool has_mark[3];
    char note[1024];
};

/* All that was decided about one image, in order. */
struct about {
    const struct mr_decision *all; /* borrowed */
    int n;
};

static struct about about_image(const struct mr_exchange *exchange, int64_t image)
{
    struct about about;

    about.all = mr_exchange_about(exchange, image, &about.n);
    return about;
}

/* Is it the last word of its kind on its image, whoever's? */
static bool is_last(const struct about *about, int i)
{
    for (int k = i + 1; k < about->n; k++)
        if (about->all[k].kind == about->all[i].kind && !about->all[k].undone)
            return false;
    return true;
}

static void hear(const struct mr_exchange *exchange, const struct about *about, int i,
                 struct opinion *opinion)
{
    const struct mr_decision *d = &about->all[i];

    switch (mr_decision_form(d->kind)) {
    case MR_FORM_CLASS:
        if (d->kind == MR_DECISION_ADJUDICATE && is_last(about, i))
            opinion->is_verdict = true;
        if (d->kind == MR_DECISION_ADJUDICATE || !opinion->is_verdict)
            opinion->label = d->to_class;
        break;
    case MR_FORM_MARK:
        for (int m = 0; m < N_MARKS; m++)
            if (marks[m].kind == d->kind)
                opinion->has_mark[m] = d->to_class && is_last(about, i);
        break;
    case MR_FORM_TEXT:
        mr_exchange_note(exchange, d, opinion->note, sizeof opinion->note);
        break;
    default:
        break;
    }
    if (d->at > opinion->at)
        opinion->at = d->at;
}

static void add_marks(const struct opinion *opinion, cJSON *results)
{
    cJSON *words = NULL;

    for (int m = 0; m < N_MARKS; m++) {
        if (!opinion->has_mark[m])
            continue;
        if (!words)
            words = cJSON_AddArrayToObject(add_result(results, "choices", MARKS, 0), "choices");
        cJSON_AddItemToArray(words, cJSON_CreateString(marks[m].word));
    }
}

static bool is_of(const struct mr_decision *d, const char *reader)
{
    return !d->undone && strcmp(d->reader, reader) == 0;
}

/* All that one reader holds of an image, as results. */
static enum mr_status add_opinion(const struct mr_exchange *exchange,
                                  const struct mr_image_row *row, const char *reader,
                                  struct opinion *opinion, cJSON *results, struct mr_error *err)
{
    struct about about = about_image(exchange, row->id);
    cJSON *value;
    enum mr_status st = MR_OK;
    int n_boxes = 0;

    *opinion = (struct opinion){.label = -1};
    for (int i = 0; i < about.n; i++)
        if (is_of(&about.all[i], reader))
            hear(exchange, &about, i, opinion);
    if (opinion->label >= 0)
        add_choice(results, exchange->images->classes[opinion->label]);
    add_marks(opinion, results);
    if (opinion->note[0]) {
        value = add_result(results, "textarea", NOTE, 0);
        mr_json_append_text(cJSON_AddArrayToObject(value, "text"), opinion->note);
    }
    for (int i = 0; i < about.n && !st; i++) {
        const struct mr_decision *d = &about.all[i];

        if (d->kind != MR_DECISION_BOX || !is_of(d, reader))
            continue;
        st = mr_exchange_check_size(row, err);
        if (!st)
            add_box(exchange, row, d, ++n_boxes, results);
    }
    return st;
}

/* Is decision i the first of its reader about its image that stands? */
static bool is_first(const struct about *about, int i)
{
    const struct mr_decision *d = &about->all[i];

    if (d->undone || mr_decision_form(d->kind) == MR_FORM_TURN)
        return false;
    for (int k = 0; k < i; k++)
        if (is_of(&about->all[k], d->reader) &&
            mr_decision_form(about->all[k].kind) != MR_FORM_TURN)
            return false;
    return true;
}

static enum mr_status add_annotations(const struct mr_exchange *exchange,
                                      const struct mr_image_row *row, cJSON *list,
                                      struct mr_error *err)
{
    struct about about = about_image(exchange, row->id);
    enum mr_status st = MR_OK;

    for (int i = 0; i < about.n && !st; i++) {
        const struct mr_decision *d = &about.all[i];
        cJSON *annotation, *results;
        struct opinion opinion;
        char who[64], at[32];

        if (!is_first(&about, i))
            continue;
        annotation = cJSON_CreateObject();
        results = cJSON_AddArrayToObject(annotation, "result");
        st = add_opinion(exchange, row, d->reader, &opinion, results, err);
        if (st || !cJSON_GetArraySize(results)) {
            cJSON_Delete(annotation);
            continue;
        }
        mr_exchange_time(opinion.at, at);
        mr_json_add_text(annotation, "reader", mr_exchange_reader(exchange, d->reader, who));
        cJSON_AddStringToObject(annotation, "created_at", at);
        cJSON_AddBoolToObject(annotation, "was_cancelled", false);
        cJSON_AddBoolToObject(annotation, "ground_truth", opinion.is_verdict);
        cJSON_AddItemToArray(list, annotation);
    }
    return st;
}

static void add_predictions(const struct mr_exchange *exchange, int64_t image, cJSON *list)
{
    for (int side = 0; side < 2; side++) {
        const struct mr_predictions *all = exchange->sides[side];
        int index = all ? mr_ids_find(all->ids, all->n, image) : -1;
        struct mr_ranked ranked;
        cJSON *prediction;
        char model[64];

        if (index < 0)
            continue;
        ranked = mr_ranked_of(all, index);
        if (ranked.predicted >= exchange->images->n_classes)
            continue;
        snprintf(model, sizeof model, "run %d, epoch %d", all->run, all->epoch);
        prediction = cJSON_CreateObject();
        cJSON_AddStringToObject(prediction, "model_version", model);
        cJSON_AddNumberToObject(prediction, "score",
                                mr_exchange_round((double)ranked.p_predicted, 1e-6));
        add_choice(cJSON_AddArrayToObject(prediction, "result"),
                   exchange->images->classes[ranked.predicted]);
        cJSON_AddItemToArray(list, prediction);
    }
}

/* Where Label Studio serves the data folder as its local storage. */
static void add_address(cJSON *data, const char *path)
{
    struct mr_str address = MR_STR_EMPTY;

    mr_str_add(&address, LOCAL_FILES);
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                        (*p >= '0' && *p <= '9') || strchr("-._~/", *p);

        mr_str_addf(&address, is_plain ? "%c" : "%%%02X", *p);
    }
    cJSON_AddStringToObject(data, "image", address.text);
    mr_str_finish(&address);
}

static enum mr_status write_studio(const struct mr_exchange *exchange, struct mr_str *out,
                                   struct mr_error *err)
{
    cJSON *tasks = cJSON_CreateArray();
    enum mr_status st = MR_OK;

    for (int i = 0; i < exchange->images->n && !st; i++) {
        const struct mr_image_row *row = &exchange->images->rows[i];
        cJSON *task, *data;
        char path[MR_EXCHANGE_NAME_BYTES];

        if (row->state == MR_IMAGE_UNREADABLE || row->state == MR_IMAGE_MISSING)
            continue;
        task = cJSON_CreateObject();
        cJSON_AddItemToArray(tasks, task);
        data = cJSON_AddObjectToObject(task, "data");
        mr_exchange_path(exchange, row, path);
        add_address(data, path);
        cJSON_AddStringToObject(data, "sha256", row->hash);
        if (row->class_id >= 0)
            mr_json_add_text(data, "label", exchange->images->classes[row->class_id]);
        add_predictions(exchange, row->id, cJSON_AddArrayToObject(task, "predictions"));
        st = add_annotations(exchange, row, cJSON_AddArrayToObject(task, "annotations"), err);
    }
    if (st)
        cJSON_Delete(tasks);
    else
        mr_json_write(tasks, out);
    return st;
}

/* ---- reading ---- */

static bool is_studio(const char *text, const struct cJSON *json)
{
    const cJSON *first = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, 0) : NULL;

    return cJSON_IsArray(json) &&
           (!first || cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(first, "data")));
}

/* What an address says of the path: what is behind "?d=", decoded, else all of it. */
static void read_address(const char *address, char path[MR_EXCHANGE_NAME_BYTES])
{
    const char *p = strstr(address, "?d=");
    size_t n = 0;

    for (p = p ? p + 3 : address; *p && n + 1 < MR_EXCHANGE_NAME_BYTES; p++) {
        unsigned byte = 0;

        if (*p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]))
            sscanf(p + 1, "%2x", &byte);
        if (byte) {
            path[n++] = (char)byte;
            p += 2;
        } else {
            path[n++] = *p;
        }
    }
    path[n] = '\0';
}

/* An annotation as it is read: whose, when, of what. */
struct source {
    const struct mr_exchange *exchange;
    struct mr_records *records;
    struct mr_decision about; /* image, reader, at */
    bool is_verdict;
    char where[64];
};

static struct mr_decision *add_record(const struct source *source, enum mr_decision_kind kind)
{
    struct mr_record *record = mr_records_add(source->records);

    *record = (struct mr_record){.decision = source->about, .is_state = true};
    record->decision.kind = kind;
    return &record->decision;
}

/* The one word of a list; NULL with a sentence if it is not one. */
static const char *only_word(const struct source *source, const cJSON *words, struct mr_error *err)
{
    const char *word = cJSON_GetStringValue(cJSON_GetArrayItem(words, 0));

    if (word && cJSON_GetArraySize(words) == 1)
        return word;
    mr_fail(err, MR_E_FORMAT, "cannot import %s: it has %d labels in one result, not one",
            source->where, cJSON_GetArraySize(words));
    return NULL;
}

static enum mr_status read_label(const struct source *source, const cJSON *words,
                                 struct mr_error *err)
{
    const struct mr_image_row *row = mr_images_find(source->exchange->images, source->about.image);
    const char *word = only_word(source, words, err);
    struct mr_decision *d;
    enum mr_status st = MR_E_FORMAT;
    int class_id = -1;

    if (word)
        st = mr_exchange_find_class(source->exchange, word, source->where, &class_id, err);
    if (st)
        return st;
    d = add_record(source, source->is_verdict ? MR_DECISION_ADJUDICATE : MR_DECISION_RELABEL);
    d->from_class = row->class_id;
    d->to_class = class_id;
    return MR_OK;
}

static enum mr_status read_marks(const struct source *source, const cJSON *words,
                                 struct mr_error *err)
{
    const cJSON *word;

    cJSON_ArrayForEach(word, words)
    {
        const char *text = cJSON_IsString(word) ? word->valuestring : "";
        int m = 0;

        while (m < N_MARKS && strcmp(marks[m].word, text) != 0)
            m++;
        if (m == N_MARKS)
            return mr_fail(err, MR_E_FORMAT, "cannot import %s: there is no mark '%.40s'",
                           source->where, text);
        add_record(source, marks[m].kind)->to_class = 1;
    }
    return MR_OK;
}

static enum mr_status read_box(const struct source *source, const cJSON *value,
                               struct mr_error *err)
{
    static const char *const names[] = {"x", "y", "width", "height", "rotation"};
    const char *word =
        only_word(source, cJSON_GetObjectItemCaseSensitive(value, "rectanglelabels"), err);
    struct mr_decision d = {.from_class = -1}, *added;
    double percent[5] = {0};
    enum mr_status st;

    if (!word)
        return MR_E_FORMAT;
    for (int i = 0; i < 5; i++) {
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(value, names[i]);

        if (i < 4 && !cJSON_IsNumber(number))
            return mr_fail(err, MR_E_FORMAT, "cannot import %s: its box has no %s", source->where,
                           names[i]);
        percent[i] = number ? number->valuedouble : 0;
    }
    if (percent[4] != 0)
        return mr_fail(err, MR_E_FORMAT,
                       "cannot import %s: its box is turned by %g degrees, and only upright ones "
                       "are kept",
                       source->where, percent[4]);
    st = mr_exchange_find_class(source->exchange, word, source->where, &d.to_class, err);
    if (!st)
        st = mr_exchange_set_box(
            &d,
            (struct mr_box){percent[0] / 100, percent[1] / 100, percent[2] / 100, percent[3] / 100},
            source->where, err);
    if (st)
        return st;
    added = add_record(source, MR_DECISION_BOX);
    added->from_class = -1;
    added->to_class = d.to_class;
    added->box = d.box;
    return MR_OK;
}

static enum mr_status read_result(const struct source *source, const cJSON *result,
                                  struct mr_error *err)
{
    const char *type = mr_json_find_text(result, "type"),
               *control = mr_json_find_text(result, "from_name");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(result, "value");
    const cJSON *choices = cJSON_GetObjectItemCaseSensitive(value, "choices");
    const char *note;

    if (!type)
        return mr_fail(err, MR_E_FORMAT, "cannot import %s: a result has no type", source->where);
    if (strcmp(type, "rectanglelabels") == 0)
        return read_box(source, value, err);
    if (strcmp(type, "choices") == 0)
        return control && strcmp(control, MARKS) == 0 ? read_marks(source, choices, err)
                                                      : read_label(source, choices, err);
    note = cJSON_GetStringValue(
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(value, "text"), 0));
    if (strcmp(type, "textarea") == 0 && note) {
        struct mr_decision *d = add_record(source, MR_DECISION_NOTE);

        mr_safe_text(d->note, sizeof d->note, note, 0, MR_ELIDE_END);
    } else {
        source->records->n_foreign++;
    }
    return MR_OK;
}

/* Who annotated: our own word for it, or Label Studio's, which knows people by address or number.
 */
static void read_reader(const struct mr_exchange *exchange, const cJSON *annotation,
                        struct mr_decision *d)
{
    const cJSON *by = cJSON_GetObjectItemCaseSensitive(annotation, "completed_by");
    const char *name = mr_json_find_text(annotation, "reader");
    char number[32];

    if (!name)
        name = cJSON_IsString(by) ? by->valuestring : mr_json_find_text(by, "email");
    if (!name && cJSON_IsNumber(by)) {
        snprintf(number, sizeof number, "user %.0f", by->valuedouble);
        name = number;
    }
    mr_exchange_set_reader(exchange, name, d);
}

static enum mr_status read_annotation(struct source *source, const cJSON *annotation,
                                      struct mr_error *err)
{
    const char *at = mr_json_find_text(annotation, "created_at");
    const cJSON *result;
    enum mr_status st = MR_OK;

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(annotation, "was_cancelled")))
        return MR_OK; /* skipped by the reader */
    source->is_verdict = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(annotation, "ground_truth"));
    source->about.at = 0;
    if (at && !mr_exchange_read_time(at, &source->about.at))
        return mr_fail(err, MR_E_FORMAT, "cannot import %s: its created_at '%.40s' is no time",
                       source->where, at);
    read_reader(source->exchange, annotation, &source->about);
    cJSON_ArrayForEach(result, cJSON_GetObjectItemCaseSensitive(annotation, "result"))
    {
        st = read_result(source, result, err);
        if (st)
            break;
    }
    return st;
}

static enum mr_status read_task(const struct mr_exchange *exchange, const cJSON *task, int number,
                                struct mr_records *records, struct mr_error *err)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(task, "data"), *annotation;
    const cJSON *annotations = cJSON_GetObjectItemCaseSensitive(task, "annotations");
    const char *address = mr_json_find_text(data, "image");
    struct source source = {.exchange = exchange, .records = records};
    const struct mr_image_row *row;
    char path[MR_EXCHANGE_NAME_BYTES];
    enum mr_status st = MR_OK;
    int n = 0;

    if (!address)
        return mr_fail(err, MR_E_FORMAT, "cannot import task %d: it has no data with an image",
                       number);
    read_address(address, path);
    row = mr_exchange_find(exchange, mr_json_find_text(data, "sha256"), path);
    if (!row) {
        records->n_elsewhere += cJSON_GetArraySize(annotations);
        return MR_OK;
    }
    source.about.image = row->id;
    cJSON_ArrayForEach(annotation, annotations)
    {
        snprintf(source.where, sizeof source.where, "task %d, annotation %d", number, ++n);
        st = read_annotation(&source, annotation, err);
        if (st)
            break;
    }
    return st;
}

static enum mr_status read_studio(const struct mr_exchange *exchange, const char *text,
                                  const struct cJSON *json, struct mr_records *records,
                                  struct mr_error *err)
{
    const cJSON *task;
    enum mr_status st = MR_OK;
    int number = 0;

    cJSON_ArrayForEach(task, json)
    {
        st = read_task(exchange, task, ++number, records, err);
        if (st)
            break;
    }
    return st;
}

const struct mr_exchange_format mr_exchange_studio = {"label-studio", is_studio, write_studio,
                                                      read_studio};
