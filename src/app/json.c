/* SPDX-License-Identifier: MIT */
/* Pieces of --json. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/confusion.h>
#include <misread/store/runs.h>

void mr_json_add_number(struct cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

static cJSON *safe_string(const char *text)
{
    size_t cap = 4 * strlen(text) + 1; /* a bad byte becomes \xNN */
    char *safe = mr_xalloc(cap, 1);
    cJSON *string;

    mr_safe_text(safe, cap, text, 0, MR_ELIDE_END);
    string = cJSON_CreateString(safe);
    free(safe);
    return string;
}

void mr_json_add_text(struct cJSON *object, const char *name, const char *text)
{
    cJSON_AddItemToObject(object, name, text ? safe_string(text) : cJSON_CreateNull());
}

void mr_json_append_text(struct cJSON *array, const char *text)
{
    cJSON_AddItemToArray(array, safe_string(text));
}

const char *mr_json_find_text(const struct cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

void mr_json_write(struct cJSON *object, struct mr_str *out)
{
    char *text = cJSON_Print(object);

    mr_str_addf(out, "%s\n", text ? text : "{}");
    cJSON_free(text);
    cJSON_Delete(object);
}

void mr_json_print(struct cJSON *object)
{
    struct mr_str text = MR_STR_EMPTY;

    mr_json_write(object, &text);
    fputs(text.text, stdout);
    mr_str_finish(&text);
}

void mr_json_add_epoch(struct cJSON *object, const struct mr_epoch *epoch)
{
    double ci[2];

    mr_wilson(epoch->n_correct, epoch->n_valid, &ci[0], &ci[1]);
    cJSON_AddNumberToObject(object, "epoch", epoch->epoch);
    mr_json_add_number(object, "train_loss", epoch->train_loss);
    mr_json_add_number(object, "valid_loss", epoch->valid_loss);
    mr_json_add_number(object, "accuracy",
                       epoch->n_valid ? (double)epoch->n_correct / epoch->n_valid : NAN);
    cJSON_AddItemToObject(object, "ci", cJSON_CreateDoubleArray(ci, 2));
    mr_json_add_number(object, "seconds", epoch->seconds);
}
