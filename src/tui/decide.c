/* SPDX-License-Identifier: MIT */
/*
 * Decisions about the chosen image. They go to the review thread; nothing is called saved before
 * its commit returned, and what failed is taken back from the screen.
 */
#include <stdio.h>
#include <string.h>

#include <misread/base/str.h>
#include <misread/term/term.h>

#include "explorer.h"
#include "overlay.h"
#include "pane.h"

#define LABELLING_MS 60000

/* "relabel of a.jpg → normal-z-line", for the message line. */
static void describe(const struct mr_explorer *explorer, const struct mr_decision *d, char *out,
                     size_t cap)
{
    const char *what = mr_decision_text(d->kind);
    char name[160];

    mr_pictures_name(explorer, d->image, 40, name, sizeof name);
    switch (mr_decision_form(d->kind)) {
    case MR_FORM_CLASS:
    case MR_FORM_BOX:
        snprintf(out, cap, "%s of %s → %s", what, name,
                 mr_names_full(&explorer->facts.names, d->to_class));
        break;
    case MR_FORM_MARK:
        snprintf(out, cap, "%s%s of %s", d->to_class ? "" : "no more ", what, name);
        break;
    default:
        snprintf(out, cap, "%s of %s", what, name);
    }
}

void mr_decide_submit(struct mr_explorer *explorer, struct mr_decision *decision)
{
    char text[400];

    decision->run = explorer->facts.has_run ? explorer->facts.run.id : 0;
    decision->epoch = explorer->reading.epoch;
    mr_desk_submit(&explorer->desk, decision);
    describe(explorer, decision, text, sizeof text);
    mr_explorer_say(explorer, "saving %s ...", text);
}

static void toggle(struct mr_explorer *explorer, int64_t image, enum mr_decision_kind kind)
{
    struct mr_marks marks = mr_desk_marks(&explorer->desk, image);
    bool is_on = kind == MR_DECISION_FLAG        ? marks.state.is_flagged
                 : kind == MR_DECISION_AMBIGUOUS ? marks.state.is_ambiguous
                                                 : marks.state.is_excluded;
    struct mr_decision decision = {
        .image = image, .kind = kind, .from_class = is_on, .to_class = !is_on};

    mr_decide_submit(explorer, &decision);
}

void mr_decide_class(struct mr_explorer *explorer, enum mr_decision_kind kind, int64_t image,
                     int to_class)
{
    int now = mr_reading_label_now(&explorer->facts, &explorer->desk, image);
    struct mr_decision decision = {
        .image = image, .kind = kind, .from_class = now, .to_class = to_class};

    if (to_class == now && kind == MR_DECISION_RELABEL) {
        mr_explorer_say(explorer, "the label stays %s", mr_names_full(&explorer->facts.names, now));
        return;
    }
    mr_decide_submit(explorer, &decision);
}

static void note_done(struct mr_explorer *explorer, const char *text)
{
    struct mr_decision decision = {.image = explorer->note_image, .kind = MR_DECISION_NOTE};

    mr_str_copy(decision.note, sizeof decision.note, text);
    mr_decide_submit(explorer, &decision);
}

static void ask_note(struct mr_explorer *explorer, int64_t image)
{
    struct mr_marks marks = mr_desk_marks(&explorer->desk, image);

    explorer->note_image = image;
    mr_prompt_open(explorer, "note", marks.note, note_done);
}

/* Takes back, or makes again, one's own last decision. */
static void turn_back(struct mr_explorer *explorer, enum mr_decision_kind kind)
{
    struct mr_desk *desk = &explorer->desk;
    const char *reader = explorer->options->reader;
    bool is_undo = kind == MR_DECISION_UNDO;
    int at;
    struct mr_decision decision = {.kind = kind};

    if (desk->n_pending) {
        /* its number is known only when it is saved; a moment later this is done */
        desk->undo_wanted += is_undo ? 1 : -1;
        return;
    }
    at = is_undo ? mr_desk_find_undo(desk->decisions, desk->n, reader)
                 : mr_desk_find_redo(desk->decisions, desk->n, reader);
    if (at < 0) {
        desk->undo_wanted = 0; /* a later decision must not be the one */
        mr_explorer_say(explorer, is_undo ? "there is no decision of yours to undo"
                                          : "there is nothing to redo");
        return;
    }
    decision.image = desk->decisions[at].image;
    decision.target = desk->decisions[at].id;
    mr_decide_submit(explorer, &decision);
}

static void begin_labelling(struct mr_explorer *explorer)
{
    if (explorer->facts.names.n < 2)
        return;
    explorer->labelling = (struct mr_labelling){.is_on = true, .key_ms = explorer->now_ms};
    explorer->message.for_ms = 0;
    explorer->is_dirty = true;
}

static void adjudicate(struct mr_explorer *explorer, int64_t image)
{
    if (mr_desk_marks(&explorer->desk, image).state.is_disputed)
        mr_picker_open(explorer, image, MR_DECISION_ADJUDICATE);
    else
        mr_explorer_say(explorer, "readers do not disagree about this image: r relabels it");
}

bool mr_decide_act(struct mr_explorer *explorer, enum mr_act act)
{
    int64_t image = mr_explorer_chosen(explorer);

    if (act == MR_ACT_UNDO || act == MR_ACT_REDO) {
        turn_back(explorer, act == MR_ACT_UNDO ? MR_DECISION_UNDO : MR_DECISION_REDO);
        return true;
    }
    if (act != MR_ACT_FLAG && act != MR_ACT_AMBIGUOUS && act != MR_ACT_EXCLUDE &&
        act != MR_ACT_NOTE && act != MR_ACT_RELABEL && act != MR_ACT_LABELLING &&
        act != MR_ACT_ADJUDICATE && act != MR_ACT_BOX)
        return false;
    if (!image) {
        mr_explorer_say(explorer,
                        explorer->screen == MR_SCREEN_GRID || explorer->screen == MR_SCREEN_IMAGE
                            ? "there is no image to decide about"
                            : "choose a picture first: Tab goes to them");
        return true;
    }
    if (act == MR_ACT_FLAG)
        toggle(explorer, image, MR_DECISION_FLAG);
    else if (act == MR_ACT_AMBIGUOUS)
        toggle(explorer, image, MR_DECISION_AMBIGUOUS);
    else if (act == MR_ACT_EXCLUDE)
        toggle(explorer, image, MR_DECISION_EXCLUDE);
    else if (act == MR_ACT_NOTE)
        ask_note(explorer, image);
    else if (act == MR_ACT_RELABEL)
        mr_picker_open(explorer, image, MR_DECISION_RELABEL);
    else if (act == MR_ACT_ADJUDICATE)
        adjudicate(explorer, image);
    else if (act == MR_ACT_BOX)
        mr_box_open(explorer, image);
    else
        begin_labelling(explorer);
    return true;
}

static bool may_speak(const struct mr_explorer *explorer)
{
    const struct mr_message *message = &explorer->message;

    return !message->stays || explorer->now_ms - message->since_ms >= message->for_ms;
}

void mr_decide_answers(struct mr_explorer *explorer)
{
    struct mr_decision decision;
    struct mr_error err;
    bool has_answer = false;

    while (mr_desk_poll(&explorer->desk, &decision, &err)) {
        char text[400];

        has_answer = true;
        describe(explorer, &decision, text, sizeof text);
        if (err.status == MR_OK) {
            if (may_speak(explorer))
                mr_explorer_say(explorer, "saved: %s", text);
        } else {
            explorer->desk.undo_wanted = 0; /* it was meant for this one, not for an older one */
            mr_explorer_complain(explorer, "not saved: %s: %s", text, err.message);
        }
    }
    if (!has_answer)
        return;
    mr_explorer_recount(explorer);
    if (explorer->desk.undo_wanted && !explorer->desk.n_pending) {
        bool is_undo = explorer->desk.undo_wanted > 0;

        explorer->desk.undo_wanted += is_undo ? -1 : 1;
        turn_back(explorer, is_undo ? MR_DECISION_UNDO : MR_DECISION_REDO);
    }
}

enum mr_status mr_decide_settle(struct mr_explorer *explorer, struct mr_error *err)
{
    enum mr_status st = MR_OK;
    struct mr_decision decision;
    struct mr_error why;

    mr_reviewer_drain(explorer->reviewer);
    while (mr_desk_poll(&explorer->desk, &decision, &why)) {
        char text[400];

        if (!why.status)
            continue;
        describe(explorer, &decision, text, sizeof text);
        st = mr_fail(err, why.status, "not saved: %.200s: %.200s", text, why.message);
    }
    return st;
}

/* ---- labelling mode ---- */

static void end_labelling(struct mr_explorer *explorer, const char *why)
{
    explorer->labelling.is_on = false;
    mr_explorer_say(explorer, "%s", why);
}

static void label_and_go_on(struct mr_explorer *explorer, int class_id)
{
    int64_t image = mr_explorer_chosen(explorer);

    explorer->labelling.typed[0] = '\0';
    if (!image)
        return;
    mr_decide_class(explorer, MR_DECISION_RELABEL, image, class_id);
    if (!mr_gallery_move(&explorer->gallery, 1))
        mr_explorer_say(explorer, "that was the last image");
}

/* Beyond nine classes: letters, Backspace, Enter. */
static bool type_class(struct mr_explorer *explorer, const struct mr_key *key)
{
    struct mr_labelling *mode = &explorer->labelling;
    size_t n = strlen(mode->typed);
    int class_id;

    if (key->code == '\r' && n) {
        class_id = mr_names_complete(&explorer->facts.names, mode->typed);
        if (class_id >= 0)
            label_and_go_on(explorer, class_id);
        else
            mr_explorer_complain(explorer, "“%s” is not the name of one class", mode->typed);
        mode->typed[0] = '\0';
        return true;
    }
    if ((key->code == 127 || key->code == 8) && n) {
        mode->typed[n - 1] = '\0';
        return true;
    }
    if (key->code > ' ' && key->code < 127 && n + 1 < sizeof mode->typed) {
        mode->typed[n] = (char)key->code;
        mode->typed[n + 1] = '\0';
        return true;
    }
    return false;
}

bool mr_decide_label_key(struct mr_explorer *explorer, const struct mr_key *key)
{
    int n = explorer->facts.names.n;

    explorer->labelling.key_ms = explorer->now_ms;
    explorer->is_dirty = true;
    if (key->code == 27) {
        end_labelling(explorer, "labelling mode has ended");
        return true;
    }
    if (n > 9)
        return type_class(explorer, key);
    if (key->code >= '1' && key->code <= '9') {
        if (key->code - '1' < n)
            label_and_go_on(explorer, key->code - '1');
        return true;
    }
    return false;
}

void mr_decide_watch(struct mr_explorer *explorer)
{
    if (explorer->labelling.is_on && explorer->now_ms - explorer->labelling.key_ms >= LABELLING_MS)
        end_labelling(explorer, "labelling mode has ended after a minute without a key");
}
