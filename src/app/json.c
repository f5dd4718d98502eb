/* SPDX-License-Identifier: MIT */
/* Pieces of --json. */
#include "json.h"

#include <math.h>

#include <cjson/cJSON.h>

#include <misread/interp/confusion.h>
#include <misread/store/runs.h>

void mr_json_add_number(struct cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
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
