/* SPDX-License-Identifier: MIT */
/*
 * Everything a run is started with, and one table that names it: the command line and its help, the
 * JSON that is stored with the run and the checks all come from there. An option is a field and a
 * row.
 */
#ifndef MISREAD_TRAIN_OPTIONS_H
#define MISREAD_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/base/status.h>
#include <misread/image/image.h>
#include <misread/nn/model.h>
#include <misread/train/schedule.h>

enum mr_optimizer_kind { MR_OPTIMIZER_ADAMW, MR_OPTIMIZER_SGD };
enum mr_augment_kind { MR_AUGMENT_DEFAULT, MR_AUGMENT_NONE, MR_AUGMENT_SCOPE };
/* Adam's constants as fastai has them: v1 eps 1e-8 and decay of everything; v2 eps 1e-5 and none of
 * batch norm and biases. beta2 is .99 in both. */
enum mr_adam_kind { MR_ADAM_V1, MR_ADAM_V2 };
enum mr_class_weights_kind { MR_CLASS_WEIGHTS_NONE, MR_CLASS_WEIGHTS_BALANCED };
enum mr_sampling_kind { MR_SAMPLING_PLAIN, MR_SAMPLING_BALANCED };
enum mr_labels_kind { MR_LABELS_REVIEWED, MR_LABELS_ORIGINAL };
/* What the first stage does to a body that comes from a weights file. */
enum mr_freeze_kind {
    MR_FREEZE_FIXED, /* it stays as it is: its features are computed once */
    MR_FREEZE_NORM,  /* fastai's frozen body: batch norm is trained, and its statistics move */
    MR_FREEZE_NONE
};
/* AUTO: fastai's head on a body that comes from a weights file, torchvision's from scratch. */
enum mr_head_choice { MR_HEAD_AUTO, MR_HEAD_OF_FASTAI, MR_HEAD_OF_TORCHVISION };

/* Learning rates from the first layers to the head; low 0: a tenth of high for all but the head. */
struct mr_rates {
    double low, high;
};

struct mr_train_options {
    enum mr_arch arch;
    int size_px, batch;
    /* Of the first stage, which trains the head alone if the body comes from a weights file; of the
     * second, which trains everything. Each is a one-cycle of its own. */
    int n_epochs, n_whole;
    double lr;                /* peak of the first stage; 0: found by a search before it */
    struct mr_rates whole_lr; /* peaks of the second */
    enum mr_freeze_kind freeze;
    enum mr_head_choice head;
    int n_views;         /* augmented views whose features are computed; 0: the plain image's */
    double weight_decay; /* decoupled */
    double clip;         /* gradients are shortened to this norm; 0: never */
    int accumulate;      /* batches of a step */
    double ema;          /* decay of the average of the weights; 0: none is kept */
    int patience;        /* epochs without a better accuracy before a run ends; 0: it does not */
    enum mr_schedule_kind schedule;
    enum mr_optimizer_kind optimizer;
    enum mr_adam_kind adam;
    enum mr_augment_kind augment;
    /* In place of the numbers of the kind; below 0: the kind's own. */
    double max_rotate_deg, max_zoom, max_lighting, max_warp, p_affine, p_lighting;
    double smoothing, mixup; /* of labels; alpha. 0: none */
    enum mr_class_weights_kind class_weights;
    enum mr_sampling_kind sampling;
    enum mr_square square; /* how a picture becomes size_px x size_px */
    char mask[64];         /* "", auto or X,Y,W,H: mr_mask_read */
    enum mr_labels_kind labels;
    uint64_t seed;       /* weights, order, augmentation */
    uint64_t split_seed; /* the split */
    double valid_fraction;
    double test_fraction;    /* below 0: the project's, or none */
    char split_file[512];    /* sides by name; "" the project's, or none */
    double limit;            /* images of a class, or a share of them; 0: all */
    char group_re[256];      /* "" none */
    char group_by[512];      /* similarity or FILE:COLUMN; "" the project's, or none */
    char weights[512];       /* initial weights file, "" from scratch */
    char weights_sha256[65]; /* what it must be, in hexadecimal; "" anything */
    int from_run;            /* the run whose best weights they are, head and all; 0: none */
    int n_threads;           /* 0: one per core */
    char isa[16];            /* instruction set of the kernels, "": the fastest */
    int checkpoint_every_s;  /* 300 */
};

enum mr_train_option_kind {
    MR_TRAIN_INT,
    MR_TRAIN_REAL,
    MR_TRAIN_SEED,   /* uint64_t */
    MR_TRAIN_TEXT,   /* an array of char */
    MR_TRAIN_NAME,   /* an enum, one word for each value */
    MR_TRAIN_EPOCHS, /* two ints, "8" or "4+4" */
    MR_TRAIN_RATE,   /* double, "3e-3", or "auto", which is 0 */
    MR_TRAIN_RATES   /* struct mr_rates, "3e-3" or "3e-5:3e-3" */
};

struct mr_train_option {
    const char *key;  /* in JSON */
    const char *flag; /* on the command line, without its dashes */
    enum mr_train_option_kind kind;
    size_t offset, size;  /* of the field */
    double min, max;      /* of numbers, both inclusive */
    const char *value;    /* what its value is called; NAME: the words, "a|b|c" */
    const char *help;     /* one line */
    bool is_of_a_network; /* also of whatever else runs a network, such as `bench` */
};

const struct mr_train_option *mr_train_option_table(int *n);
/* By its flag of n characters; NULL if there is none. */
const struct mr_train_option *mr_train_option_find(const char *flag, size_t n);
/* Sets one from what a user wrote; MR_E_USAGE says what it takes. */
enum mr_status mr_train_option_read(struct mr_train_options *options,
                                    const struct mr_train_option *option, const char *text,
                                    struct mr_error *err) MR_NODISCARD;
/* One as a user would write it. */
void mr_train_option_write(char *text, size_t cap, const struct mr_train_options *options,
                           const struct mr_train_option *option);

struct mr_train_options mr_train_defaults(void);
/* MR_E_USAGE, naming the option, if a value is out of its range. */
enum mr_status mr_train_options_check(const struct mr_train_options *options,
                                      struct mr_error *err) MR_NODISCARD;
/* JSON and back; owned by the caller. Unknown keys are ignored, missing ones keep their defaults.
 */
char *mr_train_options_to_json(const struct mr_train_options *options);
/* Values of a wrong type or out of range are refused, and options stays as it was. */
enum mr_status mr_train_options_from_json(struct mr_train_options *options, const char *json,
                                          struct mr_error *err) MR_NODISCARD;
/* The same of what a person may have written: an unknown key is refused. */
enum mr_status mr_train_options_from_recipe(struct mr_train_options *options, const char *json,
                                            struct mr_error *err) MR_NODISCARD;

#endif
