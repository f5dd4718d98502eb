/* SPDX-License-Identifier: MIT */
/* Suspect labels and what is estimated of classes, as text, JSON and CSV. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/interp/confident.h>
#include <misread/interp/confusion.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>
#include <misread/train/options.h>

#include "args.h"
#include "figures.h"
#include "issues.h"
#include "json.h"

#define N_TOP     100
#define NAME_COLS 24

/* What may be said of one suspect, whatever it is printed as. */
struct told {
    const char *path, *side, *given, *suggested;
    double score;
    bool is_flagged, is_in_sample;
};

static struct told tell(const struct mr_issues *issues, int i)
{
    const struct mr_suspect *s = &issues->suspects[i];
    const struct mr_image_row *row = mr_images_find(issues->images, s->image);
    enum mr_side side = row ? row->side : MR_SIDE_NONE;

    return (struct told){
        .path = row ? row->path : "?",
        .side = mr_side_text(side),
        .given = mr_figures_class(issues->images, s->given),
        .suggested = mr_figures_class(issues->images, s->suggested),
        .score = s->score,
        .is_flagged = issues->confident && issues->confident->flags[s->index],
        .is_in_sample = issues->dynamics ? side == MR_SIDE_TRAIN : issues->folding.in_sample,
    };
}

static int n_shown(const struct mr_issues *issues, int n_usual, const struct mr_args *args)
{
    int n = args->top ? args->top : n_usual;

    return n < issues->n ? n : issues->n;
}

/* ---- JSON ---- */

static cJSON *suspect_json(const struct mr_issues *issues, int i)
{
    struct told t = tell(issues, i);
    cJSON *object = cJSON_CreateObject();

    mr_json_add_text(object, "path", t.path);
    cJSON_AddStringToObject(object, "side", t.side);
    mr_json_add_text(object, "given", t.given);
    mr_json_add_text(object, "suggested", t.suggested);
    mr_json_add_number(object, "score", t.score);
    if (issues->confident)
        cJSON_AddBoolToObject(object, "flagged", t.is_flagged);
    cJSON_AddBoolToObject(object, "in_sample", t.is_in_sample);
    return object;
}

static void add_noise(cJSON *object, const struct mr_issues *issues)
{
    const struct mr_confident *c = issues->confident;
    cJSON *classes, *joint;

    cJSON_AddNumberToObject(object, "n_flagged", c->n_flagged);
    mr_json_add_number(object, "health", mr_confident_health(c));
    classes = cJSON_AddArrayToObject(object, "per_class");
    joint = cJSON_AddArrayToObject(object, "joint");
    for (int k = 0; k < c->n_classes; k++) {
        struct mr_class_noise noise = mr_confident_class(c, issues->folding.answers, k);
        cJSON *of_class = cJSON_CreateObject();

        mr_json_add_text(of_class, "class", mr_figures_class(issues->images, k));
        cJSON_AddNumberToObject(of_class, "n", noise.n);
        cJSON_AddNumberToObject(of_class, "flagged", noise.n_flagged);
        mr_json_add_number(of_class, "noise", noise.noise);
        mr_json_add_number(of_class, "missed", noise.missed);
        cJSON_AddItemToArray(classes, of_class);
        cJSON_AddItemToArray(joint,
                             cJSON_CreateIntArray(c->joint + k * c->n_classes, c->n_classes));
    }
}

static void print_json(const struct mr_issues *issues, const struct mr_args *args)
{
    cJSON *object = cJSON_CreateObject(), *list;

    cJSON_AddStringToObject(object, "score", mr_suspect_score_text(issues->score));
    if (issues->dynamics) {
        cJSON_AddNumberToObject(object, "run", issues->run);
        cJSON_AddNumberToObject(object, "epochs", issues->n_epochs);
    } else {
        cJSON_AddNumberToObject(object, "folding", (double)issues->folding.id);
        cJSON_AddNumberToObject(object, "folds", issues->folding.n_folds);
        cJSON_AddBoolToObject(object, "in_sample", issues->folding.in_sample);
    }
    cJSON_AddNumberToObject(object, "n", issues->n);
    if (issues->confident)
        add_noise(object, issues);
    list = cJSON_AddArrayToObject(object, "suspects");
    for (int i = 0; i < n_shown(issues, N_TOP, args); i++)
        cJSON_AddItemToArray(list, suspect_json(issues, i));
    mr_json_print(object);
}

/* ---- CSV ---- */

static void print_csv(const struct mr_issues *issues, const struct mr_args *args)
{
    puts("path,side,given,suggested,score,flagged,in_sample");
    for (int i = 0; i < n_shown(issues, issues->n, args); i++) {
        struct told t = tell(issues, i);

        mr_figures_print_field(t.path);
        printf(",%s,", t.side);
        mr_figures_print_field(t.given);
        putchar(',');
        mr_figures_print_field(t.suggested);
        printf(",%.6g,%d,%d\n", t.score, t.is_flagged, t.is_in_sample);
    }
}

/* ---- text ---- */

/* In red where there are colours: nobody may take it for more than it is. */
static void print_warning(const char *text)
{
    bool has_colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");

    printf("%s%s%s\n", has_colours ? "\033[31m" : "", text, has_colours ? "\033[0m" : "");
}

static const char *trained_text(const struct mr_folding *folding)
{
    struct mr_train_options o = mr_train_defaults();

    if (mr_train_options_from_json(&o, folding->options, NULL) || !o.weights[0])
        return "a whole network from scratch for each";
    if (!o.n_whole && o.freeze == MR_FREEZE_FIXED)
        return folding->run ? "a head for each, on features of a run's body"
                            : "a head for each, on features of a pretrained body";
    return folding->run ? "a whole network for each, from a run's weights"
                        : "a whole network for each, from pretrained weights";
}

/* Below half of the labels met, a list of suspects says more about the networks. */
static void print_accuracy(const struct mr_predictions *answers)
{
    struct mr_confusion *confusion = mr_confusion_of(answers, NULL);
    double accuracy = mr_confusion_summary(confusion).accuracy;

    printf("held-out images read as they are labelled: %.3f\n", accuracy);
    if (accuracy < .5)
        print_warning("the networks have hardly learned: train longer or larger before you believe "
                      "them (--epochs, --size, --weights)");
    mr_confusion_destroy(confusion);
}

static void print_origin(const struct mr_issues *issues)
{
    if (issues->dynamics) {
        printf("labels of %d images by the %d epochs of run %d\n", issues->n, issues->n_epochs,
               issues->run);
        print_warning("in-sample: the run learned from its training images while it answered");
        return;
    }
    printf("labels of %d images by %d folds: %s\n", issues->n, issues->folding.n_folds,
           trained_text(&issues->folding));
    if (issues->folding.in_sample)
        print_warning("in-sample: the features are of a run that learned from these labels, and "
                      "may know wrong ones by heart");
    else
        puts("out of sample: no network had learned from the images that it was asked about");
    print_accuracy(issues->folding.answers);
    printf("\n%d labels are likely wrong by confident learning (*); estimated share of right "
           "labels %.3f\n",
           issues->confident->n_flagged, mr_confident_health(issues->confident));
}

static void print_suspects(const struct mr_issues *issues, const struct mr_args *args)
{
    printf("\nsuspect labels, worst first, by %s: %s\n   score    given                    "
           "suggested                path\n",
           mr_suspect_score_text(issues->score), mr_suspect_score_meaning(issues->score));
    for (int i = 0; i < n_shown(issues, N_TOP, args); i++) {
        struct told t = tell(issues, i);

        if (issues->score == MR_SUSPECT_FORGETTING && t.score == -MR_SUSPECT_NEVER)
            printf("%9s", "never");
        else
            printf("%9.4f", t.score);
        printf(" %c ", t.is_flagged ? '*' : ' ');
        mr_figures_print_name(t.given, NAME_COLS);
        putchar(' ');
        mr_figures_print_name(t.suggested, NAME_COLS);
        putchar(' ');
        mr_figures_print_last(t.path);
    }
}

static void print_share(double share)
{
    if (isnan(share))
        printf(" %8s", "-");
    else
        printf(" %8.3f", share);
}

static void print_classes(const struct mr_issues *issues)
{
    printf("\nper class: images labelled with it, likely wrong ones, share of them that is of "
           "another\nclass, share of the class that is labelled otherwise\n");
    printf("%-*s %7s %7s %8s %8s\n", NAME_COLS, "class", "n", "flagged", "noise", "missed");
    for (int k = 0; k < issues->confident->n_classes; k++) {
        struct mr_class_noise noise =
            mr_confident_class(issues->confident, issues->folding.answers, k);

        mr_figures_print_name(mr_figures_class(issues->images, k), NAME_COLS);
        printf(" %7d %7d", noise.n, noise.n_flagged);
        print_share(noise.noise);
        print_share(noise.missed);
        putchar('\n');
    }
}

static void print_text(const struct mr_issues *issues, const struct mr_args *args)
{
    print_origin(issues);
    print_suspects(issues, args);
    if (issues->confident)
        print_classes(issues);
    printf("\nFor research and education, not for diagnosis.\n");
}

void mr_issues_print(const struct mr_issues *issues, const struct mr_args *args)
{
    (args->json ? print_json : args->as_csv ? print_csv : print_text)(issues, args);
}
