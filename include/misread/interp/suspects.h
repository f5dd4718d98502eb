/* SPDX-License-Identifier: MIT */
/* Images in order of how likely their label is wrong, by any of several scores; of each a lower one
 * is worse. Pure. */
#ifndef MISREAD_INTERP_SUSPECTS_H
#define MISREAD_INTERP_SUSPECTS_H

#include <stdbool.h>
#include <stdint.h>

struct mr_dynamics;
struct mr_predictions;
struct mr_trace;

/*
 * X(name, text, meaning). p are probabilities, k the label.
 *
 * Of one answer, best by a network that had not learned from the image (cleanlab's label quality
 * scores): self p_k; margin (p_k - max_{j != k} p_j + 1) / 2; entropy, confidence-weighted:
 * e = (H(p) / ln K) / max(p_k, 1e-6), ln(e + 1) / max(e, 1e-6).
 * Of the answers of many epochs (dynamics.h): the last five. Where more is worse, the sign is
 * turned; an image that was never read as labelled counts as forgotten MR_SUSPECT_NEVER times.
 */
#define MR_SUSPECT_NEVER 1000
#define MR_SUSPECT_SCORE_LIST(X)                                                             \
    X(SELF, "self", "probability of the label")                                              \
    X(MARGIN, "margin", "the label's probability against the largest other one")             \
    X(ENTROPY, "entropy", "confidence-weighted entropy")                                     \
    X(AUM, "aum", "area under the margin: the label's logit less the largest other's")       \
    X(CONFIDENCE, "confidence", "mean probability of the label over the epochs")             \
    X(VARIABILITY, "variability", "standard deviation of the label's probability, negative") \
    X(CORRECTNESS, "correctness", "share of epochs that read it as labelled")                \
    X(FORGETTING, "forgetting", "how often it was read as labelled and then not, negative")

enum mr_suspect_score {
#define X(name, text, meaning) MR_SUSPECT_##name,
    MR_SUSPECT_SCORE_LIST(X)
#undef X
        MR_N_SUSPECT_SCORE
};
const char *mr_suspect_score_text(enum mr_suspect_score score);
const char *mr_suspect_score_meaning(enum mr_suspect_score score);
/* By its text; false if there is none. */
bool mr_suspect_score_find(const char *text, enum mr_suspect_score *score);
/* Does it need the answers of many epochs? */
bool mr_suspect_score_is_of_epochs(enum mr_suspect_score score);

struct mr_suspect {
    int64_t image;
    int index;            /* row in the predictions, or trace in the dynamics */
    int given, suggested; /* suggested: the most probable class, which may be the given one */
    double score;
};

/* Of the k probabilities of an image whose label is given: one of the first three scores. */
double mr_suspect_score_of(enum mr_suspect_score score, const float *p, int k, int given);

/* Of what the epochs said of an image: one of the last five. */
double mr_suspect_score_of_trace(enum mr_suspect_score score, const struct mr_trace *trace);

/* Worst first, ties by image; *suspects owned (free). Returns n. The score must be of that kind. */
int mr_suspects_of(const struct mr_predictions *predictions, enum mr_suspect_score score,
                   struct mr_suspect **suspects);
int mr_suspects_of_epochs(const struct mr_dynamics *dynamics, enum mr_suspect_score score,
                          struct mr_suspect **suspects);

#endif
