/* SPDX-License-Identifier: MIT */
/* The commands and their options: all that --help says comes from here. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>

#include <misread/base/str.h>
#include <misread/train/trainer.h>

#include "cli.h"

#define AT(field) offsetof(struct mr_args, field)
#define END                                       \
    {                                             \
        NULL, MR_OPTION_FLAG, 0, NULL, NULL, 0, 0 \
    }

static const struct mr_option common_options[] = {
    {"help", MR_OPTION_FLAG, AT(help), NULL, "this text", 0, 0},
    {"version", MR_OPTION_FLAG, AT(version), NULL, "print the version", 0, 0},
    END};

static const struct mr_option place_options[] = {{"project", MR_OPTION_TEXT, AT(project), "DIR",
                                                  "keep the project there instead of DATA/.misread",
                                                  0, 0},
                                                 END};

static const struct mr_option decode_options[] = {{"unsafe-inprocess", MR_OPTION_FLAG,
                                                   AT(unsafe_inprocess), NULL,
                                                   "decode images without the sandbox", 0, 0},
                                                  END};

static const struct mr_option screen_options[] = {
    {"reader", MR_OPTION_TEXT, AT(reader), "NAME", "who decides (default: the user's name)", 0, 0},
    {"graphics", MR_OPTION_CHOICE, AT(graphics), "auto|sixel|half|none", "how pictures are drawn",
     0, 0},
    {"color", MR_OPTION_CHOICE, AT(color), "auto|always|never", "colours (NO_COLOR is honoured)", 0,
     0},
    {"cell", MR_OPTION_TEXT, AT(cell), "WxH", "size of a character cell in pixels", 0, 0},
    {"no-mouse", MR_OPTION_FLAG, AT(no_mouse), NULL, "leave the mouse to the terminal", 0, 0},
    END};

static const struct mr_option network_options[] = {
    {"arch", MR_OPTION_CHOICE, AT(arch), "resnet18|resnet34|resnet50", "the network", 0, 0},
    {"size", MR_OPTION_INT, AT(size), "PX", "side of the square the network sees", MR_TRAIN_SIZES},
    {"batch", MR_OPTION_INT, AT(batch), "N", "images a step", MR_TRAIN_BATCHES},
    {"threads", MR_OPTION_INT, AT(threads), "N", "worker threads (default: one per core)", 1, 256},
    {"isa", MR_OPTION_TEXT, AT(isa), "NAME",
     "kernels of this instruction set (default: the fastest)", 0, 0},
    END};

static const struct mr_option train_options[] = {
    {"epochs", MR_OPTION_INT, AT(epochs), "N", "passes over the training images", MR_TRAIN_EPOCHS},
    {"lr", MR_OPTION_REAL, AT(lr), "RATE", "peak learning rate of the one-cycle", MR_TRAIN_RATES},
    {"weight-decay", MR_OPTION_REAL, AT(weight_decay), "W", "decoupled weight decay",
     MR_TRAIN_WEIGHT_DECAYS},
    {"optimizer", MR_OPTION_CHOICE, AT(optimizer), "adamw|sgd", "how weights follow gradients", 0,
     0},
    {"augment", MR_OPTION_CHOICE, AT(augment), "default|none",
     "flip, rotate, zoom, lighting; or the plain image", 0, 0},
    {"labels", MR_OPTION_CHOICE, AT(labels), "reviewed|original",
     "whether relabels and exclusions count", 0, 0},
    {"weights", MR_OPTION_TEXT, AT(weights), "FILE", "start from these weights (safetensors)", 0,
     0},
    {"seed", MR_OPTION_INT, AT(seed), "N", "weights, order and augmentation", 0, 2147483647},
    {"split-seed", MR_OPTION_INT, AT(split_seed), "N", "which images validate", 0, 2147483647},
    {"valid", MR_OPTION_REAL, AT(valid), "SHARE", "share of validation images",
     MR_TRAIN_VALID_SHARES},
    {"group-re", MR_OPTION_TEXT, AT(group_re), "REGEX",
     "paths with the same match (group 1, if it has one) stay on one side", 0, 0},
    {"checkpoint-every", MR_OPTION_INT, AT(checkpoint_every), "S",
     "seconds between checkpoints within an epoch", 1, 86400},
    {"resume", MR_OPTION_INT, AT(resume), "RUN", "continue this run instead of starting one", 1,
     1000000},
    {"headless", MR_OPTION_FLAG, AT(headless), NULL,
     "no screen: lines of progress; ^C saves and exits 130, SIGTERM 143", 0, 0},
    {"json", MR_OPTION_FLAG, AT(json), NULL, "with --headless: one JSON object a line", 0, 0},
    END};

static const struct mr_option demo_options[] = {
    {"images", MR_OPTION_INT, AT(images), "N", "how many images to make", 64, 100000}, END};

static const struct mr_option run_options[] = {
    {"run", MR_OPTION_INT, AT(run), "N", "which run (default: the last with a finished epoch)", 1,
     1000000},
    END};

static const struct mr_option report_options[] = {
    {"epoch", MR_OPTION_INT, AT(epoch), "N", "as of this epoch (default: the last)", 1, 1000000},
    {"split", MR_OPTION_CHOICE, AT(split), "train|valid|all",
     "whose images (valid; with --csv all); of training images the training-time figures", 0, 0},
    {"loss", MR_OPTION_CHOICE, AT(loss), "last|mean",
     "rank by the epoch's loss or the mean over epochs", 0, 0},
    {"top", MR_OPTION_INT, AT(top), "N", "how many top losses (100)", 1, 1000000},
    {"json", MR_OPTION_FLAG, AT(json), NULL, "one JSON object", 0, 0},
    {"csv", MR_OPTION_CHOICE, AT(csv), "predictions", "every image as a CSV row", 0, 0},
    END};

static const struct mr_option json_options[] = {
    {"json", MR_OPTION_FLAG, AT(json), NULL, "one JSON object", 0, 0}, END};

static const struct mr_option bench_options[] = {
    {"mode", MR_OPTION_CHOICE, AT(mode), "train|infer|decode|ui",
     "measure this alone (default: train, then infer)", 0, 0},
    {"seconds", MR_OPTION_REAL, AT(seconds), "S", "measure each for at least so long (10; ui 30)",
     .001, 3600},
    END};

static const char bench_details[] =
    "train   images/s of whole training steps (forward, loss, backward, AdamW): median; with DATA\n"
    "        on batches of its images, else on a random one (default: resnet34, 224 px, batch 32)\n"
    "infer   images/s of the forward pass alone, on a random batch (the same)\n"
    "decode  images/s from files to the pixel cache, through the sandbox: all of DATA, once\n"
    "ui      ms from a key to the end of the frame that shows it, while DATA or the demo is being\n"
    "        trained on (default: resnet18, 64 px)\n"
    "\n"
    "--json: cpu, isa, threads, peak_gflops (multiply-adds in registers, all threads), results.\n"
    "A result has its mode and for train, infer: arch, size, batch, steps, images_per_s, gflops\n"
    "(as direct convolutions), peak_rss_mb, loader_wait_ms (mean of a step; null without DATA);\n"
    "for decode: size, images, images_per_s; for ui: arch, size, batch, keys, median_ms, p99_ms.\n";

#define GROUPS(...)                       \
    (const struct mr_option *const[])     \
    {                                     \
        __VA_ARGS__, common_options, NULL \
    }

const struct mr_command mr_commands[] = {
    {"explore", "[DATA]",
     "misread trains image classifiers and shows, while it trains, which images it misreads.\n"
     "Without a command it opens the explorer on DATA (a folder with a folder of images per "
     "class),\n"
     "or on the last project.",
     GROUPS(place_options, screen_options, run_options, decode_options), 0, 1, true,
     mr_explore_main,
     "  misread demo                      make a demo data set and watch it train\n"
     "  misread train scans --epochs 8    train on your own folder and watch\n"
     "  misread scans                     look at it again, or attach to a live run\n",
     NULL},
    {"demo", "[DIR]", "make the demo data set if absent and train on it",
     GROUPS(demo_options, network_options, train_options, place_options, screen_options,
            decode_options),
     0, 1, true, mr_demo_main,
     "  misread demo                            in ./misread-demo, with the explorer\n"
     "  misread demo /tmp/demo --headless --epochs 1 --json\n",
     mr_demo_fill_in},
    {"train", "DATA", "train a ResNet on a folder of images",
     GROUPS(network_options, train_options, place_options, screen_options, decode_options), 1, 1,
     true, mr_train_main,
     "  misread train scans\n"
     "  misread train scans --arch resnet34 --size 224 --epochs 8 --lr 1e-3\n"
     "  misread train scans --group-re 'patient-(\\d+)' --headless --json\n"
     "  misread train scans --resume 3\n",
     mr_train_fill_in},
    {"report", "DATA", "epochs, confusion, per-class figures, most confused pairs, top losses",
     GROUPS(run_options, report_options, place_options), 1, 1, false, mr_report_main,
     "  misread report scans\n"
     "  misread report scans --run 2 --json --top 20\n"
     "  misread report scans --csv predictions > predictions.csv\n",
     NULL},
    {"review", "DATA", "list what readers decided", GROUPS(json_options, place_options), 1, 1,
     false, mr_review_main,
     "  misread review scans\n"
     "  misread review scans --json\n",
     NULL},
    {"doctor", "", "what this terminal, CPU and BLAS can do, and what misread will use",
     GROUPS(json_options, screen_options), 0, 0, true, mr_doctor_main,
     "  misread doctor\n"
     "  misread doctor --json\n",
     NULL},
    {"bench", "[DATA]", "how fast this machine trains, answers, decodes and draws",
     GROUPS(bench_options, network_options, json_options, decode_options), 0, 1, true,
     mr_bench_main,
     "  misread bench\n"
     "  misread bench --arch resnet50 --mode train --json\n"
     "  misread bench scans --mode decode --size 128\n",
     NULL, bench_details},
    {NULL, NULL, NULL, NULL, 0, 0, false, NULL, NULL, NULL, NULL}};

int mr_failed(const struct mr_error *err)
{
    char safe[2 * sizeof err->message];

    mr_safe_text(safe, sizeof safe, err->message, 0, MR_ELIDE_END);
    fprintf(stderr, "misread: %s\n", safe);
    return err->status == MR_E_USAGE ? 2 : EXIT_FAILURE;
}
