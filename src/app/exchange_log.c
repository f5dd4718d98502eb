/* SPDX-License-Identifier: MIT */
/*
 * The log of decisions, complete, as CSV (RFC 4180) and as JSON: the same columns in two spellings.
 * Columns are found by their names, so that a table made by hand needs kind, path and to, and no
 * others.
 */
#include "exchange.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/csv.h>
#include <misread/base/str.h>
#include <misread/store/images.h>

#include "json.h"

/* X(name, is_text): the columns, in the order in which they are written. */
#define COLUMN_LIST(X) \
    X(id, false)       \
    X(at, true)        \
    X(who, true)       \
    X(kind, true)      \
    X(path, true)      \
    X(hash, true)      \
    X(from, true)      \
    X(to, true)        \
    X(note, true)      \
    X(x, false)        \
    X(y, false)        \
    X(w, false)        \
    X(h, false)        \
    X(run, false)      \
    X(epoch, false)    \
    X(target, false)   \
    X(undone, false)
enum column {
#define X(name, is_text) COLUMN_##name,
    COLUMN_LIST(X)
#undef X
        N_COLUMNS
};
static const struct {
    const char *name;
    bool is_text;
} columns[] = {
#define X(name, is_text) {#name, is_text},
    COLUMN_LIST(X)
#undef X
};

/* ---- a decision as texts ---- */

/* "" where there is nothing to be said. */
struct texts {
    char path[MR_EXCHANGE_NAME_BYTES], note[1024];
    char small[N_COLUMNS][64];
    const char *values[N_COLUMNS]; /* borrowed from above, or from the decision's project */
};

static void set_number(struct texts *texts, enum column column, double value)
{
    snprintf(texts->small[column], sizeof texts->small[column], "%.15g", value);
}

static void fill_texts(const struct mr_exchange *exchange, const struct mr_decision *d,
                       struct texts *texts)
{
    const struct mr_image_row *row = mr_images_find(exchange->images, d->image);
    const char *from = mr_exchange_value(exchange, d->kind, d->from_class);
    const char *to = mr_exchange_value(exchange, d->kind, d->to_class);

    *texts = (struct texts){.path = ""};
    for (int i = 0; i < N_COLUMNS; i++)
        texts->values[i] = texts->small[i];
    set_number(texts, COLUMN_id, (double)d->id);
    set_number(texts, COLUMN_run, d->run);
    set_number(texts, COLUMN_epoch, d->epoch);
    if (d->target)
        set_number(texts, COLUMN_target, (double)d->target);
    if (mr_decision_form(d->kind) == MR_FORM_BOX) {
        set_number(texts, COLUMN_x, d->box.x);
        set_number(texts, COLUMN_y, d->box.y);
        set_number(texts, COLUMN_w, d->box.w);
        set_number(texts, COLUMN_h, d->box.h);
    }
    mr_exchange_time(d->at, texts->small[COLUMN_at]);
    if (row)
        mr_exchange_path(exchange, row, texts->path);
    mr_exchange_note(exchange, d, texts->note, sizeof texts->note);
    texts->values[COLUMN_who] = mr_exchange_reader(exchange, d->reader, texts->small[COLUMN_who]);
    texts->values[COLUMN_kind] = mr_decision_text(d->kind);
    texts->values[COLUMN_path] = texts->path;
    texts->values[COLUMN_hash] = row ? row->hash : "";
    texts->values[COLUMN_from] = from ? from : "";
    texts->values[COLUMN_to] = to ? to : "";
    texts->values[COLUMN_note] = texts->note;
    texts->values[COLUMN_undone] = d->undone ? "true" : "false";
}

/* ---- and back ---- */

/* A number from 0 to most; what is not given is 0. */
static bool read_number(const char *text, double most, double *number)
{
    char *end;

    *number = 0;
    if (!text || !*text)
        return true;
    *number = strtod(text, &end);
    return !*end && *number >= 0 && *number <= most;
}

static enum mr_status read_numbers(const char *const *values, const char *where,
                                   struct mr_record *record, struct mr_box *box,
                                   struct mr_error *err)
{
    double run, epoch, id, target;
    const struct {
        enum column column;
        double most, *number;
    } all[] = {
        {COLUMN_id, 1e15, &id},      {COLUMN_target, 1e15, &target},
        {COLUMN_run, INT_MAX, &run}, {COLUMN_epoch, INT_MAX, &epoch},
        {COLUMN_x, 1, &box->x},      {COLUMN_y, 1, &box->y},
        {COLUMN_w, 1, &box->w},      {COLUMN_h, 1, &box->h},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!read_number(values[all[i].column], all[i].most, all[i].number))
            return mr_fail(err, MR_E_FORMAT, "cannot import %s: its %s '%.40s' is no number %s",
                           where, columns[all[i].column].name, values[all[i].column],
                           all[i].most > 1 ? "that could be meant" : "from 0 to 1");
    record->number = (int64_t)id;
    record->decision.target = (int64_t)target;
    record->decision.run = (int)run;
    record->decision.epoch = (int)epoch;
    return MR_OK;
}

/* What `from` and `to` mean depends on the kind. */
static enum mr_status read_value(const struct mr_exchange *exchange, const char *text,
                                 enum mr_decision_form form, const char *where, int *value,
                                 struct mr_error *err)
{
    static const char *const set_words[] = {"set", "1", "yes", "true"};
    static const char *const cleared_words[] = {"cleared", "0", "no", "false"};

    if (form == MR_FORM_TEXT || form == MR_FORM_TURN)
        return MR_OK;
    if (form != MR_FORM_MARK)
        return mr_exchange_find_class(exchange, text, where, value, err);
    for (int i = 0; i < 4; i++) {
        bool is_set = strcmp(text, set_words[i]) == 0;

        if (is_set || strcmp(text, cleared_words[i]) == 0) {
            *value = is_set;
            return MR_OK;
        }
    }
    return mr_fail(err, MR_E_FORMAT, "cannot import %s: '%.40s' is neither 'set' nor 'cleared'",
                   where, text);
}

static enum mr_status read_values(const struct mr_exchange *exchange, const char *const *values,
                                  const struct mr_image_row *row, const char *where,
                                  struct mr_decision *d, struct mr_error *err)
{
    enum mr_decision_form form = mr_decision_form(d->kind);
    const char *from = values[COLUMN_from], *to = values[COLUMN_to];
    enum mr_status st = MR_OK;

    d->from_class = form == MR_FORM_CLASS || form == MR_FORM_BOX ? -1 : 0;
    d->to_class = form == MR_FORM_MARK;
    if (row && form == MR_FORM_CLASS)
        d->from_class = row->class_id;
    if (from && *from)
        st = read_value(exchange, from, form, where, &d->from_class, err);
    if (!st && (form == MR_FORM_CLASS || form == MR_FORM_BOX || (to && *to)))
        st = read_value(exchange, to ? to : "", form, where, &d->to_class, err);
    if (!st && values[COLUMN_at] && *values[COLUMN_at] &&
        !mr_exchange_read_time(values[COLUMN_at], &d->at))
        st = mr_fail(err, MR_E_FORMAT,
                     "cannot import %s: its at '%.40s' is no time like 2024-05-01T12:00:00Z", where,
                     values[COLUMN_at]);
    return st;
}

/* One row of values, NULL or "" where there are none. */
static enum mr_status read_row(const struct mr_exchange *exchange, const char *const *values,
                               const char *where, struct mr_records *records, struct mr_error *err)
{
    const char *kind_text = values[COLUMN_kind] ? values[COLUMN_kind] : "";
    int kind = mr_decision_find_kind(kind_text);
    const struct mr_image_row *row =
        mr_exchange_find(exchange, values[COLUMN_hash], values[COLUMN_path]);
    struct mr_record record = {.number = 0};
    struct mr_box box;
    enum mr_status st;

    if (kind < 0)
        return mr_fail(err, MR_E_FORMAT, "cannot import %s: there is no kind of decision '%.40s'",
                       where, kind_text);
    record.decision.kind = (enum mr_decision_kind)kind;
    record.decision.image = row ? row->id : 0;
    st = read_numbers(values, where, &record, &box, err);
    if (!st)
        st = read_values(exchange, values, row, where, &record.decision, err);
    if (!st && mr_decision_form(record.decision.kind) == MR_FORM_BOX)
        st = mr_exchange_set_box(&record.decision, box, where, err);
    if (st)
        return st;
    mr_exchange_set_reader(exchange, values[COLUMN_who], &record.decision);
    if (values[COLUMN_note])
        mr_safe_text(record.decision.note, sizeof record.decision.note, values[COLUMN_note], 0,
                     MR_ELIDE_END);
    /* without a time it is a wish, not a record of what happened */
    record.is_state = !record.decision.at && mr_decision_form(record.decision.kind) != MR_FORM_TURN;
    if (row)
        *mr_records_add(records) = record;
    else
        records->n_elsewhere++;
    return MR_OK;
}

/* ---- CSV ---- */

static enum mr_status write_csv(const struct mr_exchange *exchange, struct mr_str *out,
                                struct mr_error *err)
{
    struct texts texts;

    for (int i = 0; i < N_COLUMNS; i++)
        mr_str_addf(out, "%s%s", i ? "," : "", columns[i].name);
    mr_str_add(out, "\n");
    for (int i = 0; i < exchange->n; i++) {
        fill_texts(exchange, &exchange->decisions[i], &texts);
        for (int c = 0; c < N_COLUMNS; c++) {
            mr_str_add(out, c ? "," : "");
            mr_csv_add(out, texts.values[c]);
        }
        mr_str_add(out, "\n");
    }
    return MR_OK;
}

#define MOST_FIELDS 64

/* A row cut into fields, in place. */
struct row {
    char *fields[MOST_FIELDS];
    int n;
};

/* Cuts one row; *at moves behind it. False: a quote is left open. */
static bool cut_row(char **at, struct row *row)
{
    char *field, end;

    row->n = 0;
    do {
        end = mr_csv_cut(at, ',', &field);
        if (row->n < MOST_FIELDS)
            row->fields[row->n++] = field;
    } while (end == ',');
    return end != '"';
}

/* Which field of a row each column is; -1: none. */
static void find_columns(const struct row *names, int *field_of)
{
    for (int c = 0; c < N_COLUMNS; c++) {
        field_of[c] = -1;
        for (int i = 0; i < names->n; i++)
            if (strcmp(names->fields[i], columns[c].name) == 0)
                field_of[c] = i;
    }
}

static bool is_csv(const char *text, const struct cJSON *json)
{
    int field_of[N_COLUMNS];
    char *line, *at;
    struct row names;
    bool is_so;

    if (json)
        return false;
    at = line = mr_xstrdup(text);
    is_so = cut_row(&at, &names);
    if (is_so)
        find_columns(&names, field_of);
    is_so = is_so && field_of[COLUMN_kind] >= 0 &&
            (field_of[COLUMN_path] >= 0 || field_of[COLUMN_hash] >= 0);
    free(line);
    return is_so;
}

static enum mr_status read_csv(const struct mr_exchange *exchange, const char *text,
                               const struct cJSON *json, struct mr_records *records,
                               struct mr_error *err)
{
    char *copy = mr_xstrdup(text), *at = copy, where[32];
    int field_of[N_COLUMNS];
    struct row names, row;
    enum mr_status st = MR_OK;

    cut_row(&at, &names);
    find_columns(&names, field_of);
    for (int line = 2; *at && !st; line++) {
        const char *values[N_COLUMNS];

        snprintf(where, sizeof where, "row %d", line);
        if (!cut_row(&at, &row)) {
            st = mr_fail(err, MR_E_FORMAT, "cannot import %s: a quote is left open", where);
        } else if (row.n != names.n && (row.n > 1 || row.fields[0][0])) {
            st = mr_fail(err, MR_E_FORMAT, "cannot import %s: it has %d fields, the first row %d",
                         where, row.n, names.n);
        } else if (row.n == names.n) {
            for (int c = 0; c < N_COLUMNS; c++)
                values[c] = field_of[c] >= 0 ? row.fields[field_of[c]] : NULL;
            st = read_row(exchange, values, where, records, err);
        }
    }
    free(copy);
    return st;
}

const struct mr_exchange_format mr_exchange_csv = {"csv", is_csv, write_csv, read_csv};

/* ---- JSON ---- */

static enum mr_status write_json(const struct mr_exchange *exchange, struct mr_str *out,
                                 struct mr_error *err)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(object, "decisions");
    struct texts texts;

    for (int i = 0; i < exchange->n; i++) {
        cJSON *entry = cJSON_CreateObject();

        cJSON_AddItemToArray(list, entry);
        fill_texts(exchange, &exchange->decisions[i], &texts);
        for (int c = 0; c < N_COLUMNS; c++) {
            if (!texts.values[c][0])
                cJSON_AddNullToObject(entry, columns[c].name);
            else if (columns[c].is_text)
                mr_json_add_text(entry, columns[c].name, texts.values[c]);
            else
                cJSON_AddRawToObject(entry, columns[c].name, texts.values[c]);
        }
    }
    mr_json_write(object, out);
    return MR_OK;
}

static bool is_json(const char *text, const struct cJSON *json)
{
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "decisions"));
}

static enum mr_status read_json(const struct mr_exchange *exchange, const char *text,
                                const struct cJSON *json, struct mr_records *records,
                                struct mr_error *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "decisions"), *entry;
    enum mr_status st = MR_OK;
    int i = 0;

    cJSON_ArrayForEach(entry, list)
    {
        char where[32], numbers[N_COLUMNS][32];
        const char *values[N_COLUMNS];

        snprintf(where, sizeof where, "decision %d of the file", ++i);
        for (int c = 0; c < N_COLUMNS; c++) {
            const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, columns[c].name);

            values[c] = cJSON_IsString(item) ? item->valuestring : NULL;
            if (cJSON_IsNumber(item)) {
                snprintf(numbers[c], sizeof numbers[c], "%.17g", item->valuedouble);
                values[c] = numbers[c];
            }
        }
        st = read_row(exchange, values, where, records, err);
        if (st)
            break;
    }
    return st;
}

const struct mr_exchange_format mr_exchange_json = {"json", is_json, write_json, read_json};
