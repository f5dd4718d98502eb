/* SPDX-License-Identifier: MIT */
/* The commands and their options: all that --help says comes from here. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>

#include <misread/base/str.h>

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

static const struct mr_option reader_options[] = {
    {"reader", MR_OPTION_TEXT, AT(reader), "NAME", "who decides (default: the user's name)", 0, 0},
    END};

static const struct mr_option review_options[] = {
    {"export", MR_OPTION_CHOICE, AT(export_format), "csv|json|label-studio|coco",
     "write the decisions: all of them; what holds, as tasks; the boxes", 0, 0},
    {"out", MR_OPTION_TEXT, AT(out), "FILE", "with --export: there, not on the output", 0, 0},
    {"import", MR_OPTION_TEXT, AT(import_path), "FILE",
     "add what such a file says and the project does not have yet", 0, 0},
    {"dry-run", MR_OPTION_FLAG, AT(dry_run), NULL, "with --import: only say what would be added", 0,
     0},
    {"copy-to", MR_OPTION_TEXT, AT(copy_to), "DIR",
     "the data set as reviewed: each image in its class's folder, excluded ones left out", 0, 0},
    {"link", MR_OPTION_FLAG, AT(links), NULL,
     "with --copy-to: hard links to the same files, no copies", 0, 0},
    {"anonymous", MR_OPTION_FLAG, AT(anonymous), NULL,
     "out with hashes for file names and numbers for readers, without notes", 0, 0},
    END};

static const struct mr_option screen_options[] = {
    {"graphics", MR_OPTION_CHOICE, AT(graphics), "auto|sixel|half|none", "how pictures are drawn",
     0, 0},
    {"color", MR_OPTION_CHOICE, AT(color), "auto|always|never", "colours (NO_COLOR is honoured)", 0,
     0},
    {"cell", MR_OPTION_TEXT, AT(cell), "WxH", "size of a character cell in pixels", 0, 0},
    {"no-mouse", MR_OPTION_FLAG, AT(no_mouse), NULL, "leave the mouse to the terminal", 0, 0},
    END};

static const struct mr_option train_options[] = {
    {"recipe", MR_OPTION_TEXT, AT(recipe), "FILE",
     "begin with the options of `misread report --recipe`, before those given here", 0, 0},
    {"resume", MR_OPTION_INT, AT(resume), "RUN", "continue this run instead of starting one", 1,
     1000000},
    {"headless", MR_OPTION_FLAG, AT(headless), NULL,
     "no screen: lines of progress; ^C saves and exits 130, SIGTERM 143", 0, 0},
    {"json", MR_OPTION_FLAG, AT(json), NULL, "with --headless: one JSON object a line", 0, 0},
    END};

static const struct mr_option demo_options[] = {
    {"images", MR_OPTION_INT, AT(images), "N",
     "how many images; from 200 on one in twenty more, flawed on purpose", 64, 100000},
    END};

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
    {"recipe", MR_OPTION_FLAG, AT(wants_recipe), NULL,
     "every option of the run, for `misread train --recipe`", 0, 0},
    {"compare", MR_OPTION_TEXT, AT(compare), "A,B",
     "two runs on the same validation images, by the original and by the reviewed labels", 0, 0},
    {"html", MR_OPTION_TEXT, AT(html), "FILE",
     "one page for colleagues, with pictures and without scripts (--top of them, 24)", 0, 0},
    {"anonymous", MR_OPTION_FLAG, AT(anonymous), NULL,
     "with --html: no paths, no names of projects and readers, no notes", 0, 0},
    END};

static const struct mr_option score_options[] = {
    {"side", MR_OPTION_CHOICE, AT(side), "test|valid",
     "whose images (test); looks at validation images are not counted", 0, 0},
    {"tta", MR_OPTION_CHOICE, AT(tta), "none|v1|v2",
     "average over views, as fastai: v1 four corners, mirrored and not; v2 four augmentations", 0,
     0},
    {"mask", MR_OPTION_TEXT, AT(mask), "X,Y,W,H",
     "cover this part of every picture, or auto (default: as the run was trained)", 0, 0},
    {"shortcut", MR_OPTION_FLAG, AT(shortcut), NULL,
     "validation images as they are and covered (auto, or --mask): does the network lean on it?", 0,
     0},
    END};

static const struct mr_option issues_options[] = {
    {"score", MR_OPTION_CHOICE, AT(score),
     "self|margin|entropy|aum|confidence|variability|correctness|forgetting",
     "what to rank by; from aum on by the epochs of a run", 0, 0},
    {"folds", MR_OPTION_INT, AT(folds), "N", "how many folds (5, or as the last time)", 2, 100},
    {"run", MR_OPTION_INT, AT(run), "N",
     "whose epochs (default: the last run's); with the first three, whose body: in-sample", 1,
     1000000},
    {"top", MR_OPTION_INT, AT(top), "N", "how many suspects (100; with --csv all)", 1, 1000000},
    {"json", MR_OPTION_FLAG, AT(json), NULL, "one JSON object", 0, 0},
    {"csv", MR_OPTION_FLAG, AT(as_csv), NULL, "a CSV row for each suspect", 0, 0},
    END};

static const char issues_details[] =
    "self, margin and entropy are of networks that had not learned from the image: every fold is\n"
    "held out once, and the others train a head on the pretrained body's features (minutes) or,\n"
    "without a pretrained body or with --epochs A+B, a whole network. Confident learning marks "
    "the\n"
    "likeliest wrong labels with *, and says how many each class may have. The cross-validation "
    "is\n"
    "kept: the same question is answered at once until labels, images or options change. Where\n"
    "nothing is given, options are those of the last cross-validation, or else of the last run.\n"
    "\n"
    "aum, confidence, variability, correctness and forgetting look at how a run took to each "
    "image,\n"
    "epoch by epoch. A run learns from its training images, so theirs are marked in-sample.\n";

static const struct mr_option curve_options[] = {
    {"run", MR_OPTION_INT, AT(run), "N",
     "of this run's body (default: the last with a finished epoch)", 1, 1000000},
    {"shares", MR_OPTION_TEXT, AT(shares), "A,B,...",
     "per cent of the training images of each class, ascending", 0, 0},
    {"seeds", MR_OPTION_INT, AT(n_seeds), "N", "draws of each share, each with a head of its own",
     1, 100},
    END};

static const char curve_details[] =
    "For each share and seed a head learns on the features of the run's body and reads the run's\n"
    "validation images: accuracy against the number of images, and what the last doubling gained\n"
    "with its 95 % interval. Larger shares hold the smaller ones, images of a group come "
    "together,\n"
    "and a small share is seen more often, so that every head makes as many steps. A pretrained\n"
    "body that the run left as it was answers honestly; one that the run trained had learned from\n"
    "all of the images before, and what more would gain is underestimated: marked in-sample. The\n"
    "curve is kept, and shown on screen 7.\n";

static const struct mr_option explain_options[] = {
    {"class", MR_OPTION_TEXT, AT(class_name), "NAME",
     "where is what speaks for this class? (default: the predicted one)", 0, 0},
    {"out", MR_OPTION_TEXT, AT(out), "FILE.jpg|.ppm", "write the heat map over the image", 0, 0},
    END};

static const struct mr_option json_options[] = {
    {"json", MR_OPTION_FLAG, AT(json), NULL, "one JSON object", 0, 0}, END};

static const struct mr_option quality_options[] = {
    {"csv", MR_OPTION_FLAG, AT(wants_csv), NULL, "every finding as a CSV row", 0, 0}, END};

static const struct mr_option weights_options[] = {
    {"download", MR_OPTION_FLAG, AT(download), NULL,
     "fetch them if they are not there; goes on where an earlier download ended", 0, 0},
    END};

static const struct mr_option bench_options[] = {
    {"mode", MR_OPTION_CHOICE, AT(mode), "train|infer|decode|ui|views|tune",
     "measure this alone (default: train, then infer)", 0, 0},
    {"seconds", MR_OPTION_REAL, AT(seconds), "S",
     "measure each for at least so long (10; ui, views 30; tune 1)", .001, 3600},
    END};

static const char bench_details[] =
    "train   images/s of whole training steps (forward, loss, backward, AdamW): median; with DATA\n"
    "        on batches of its images, else on a random one (default: resnet34, 224 px, batch 32)\n"
    "infer   images/s of the forward pass alone, on a random batch (the same)\n"
    "decode  images/s from files to the pixel cache, through the sandbox: all of DATA, once\n"
    "ui      ms from a key to the end of the frame that shows it, while DATA or the demo is being\n"
    "        trained on (default: resnet18, 64 px)\n"
    "views   ms from a key to the end of its frame, in a project of 100,000 made-up predictions "
    "of\n"
    "        100 classes, by what the key does\n"
    "tune    ms of each 3x3 convolution of stride 1, forward and backward, direct and by Winograd\n"
    "        (default: resnet34, 224 px, batch 32). Where the rule's choice takes over 3 % "
    "longer,\n"
    "        $XDG_STATE_HOME/misread/kernels keeps the other for this processor, instruction set,\n"
    "        number of threads, size and batch: train, infer and runs that start from now on take\n"
    "        it, those that have started stay with what they have\n"
    "\n"
    "--json: cpu, isa, threads, peak_gflops (multiply-adds in registers, all threads), results.\n"
    "A result has its mode and for train, infer: arch, size, batch, steps, images_per_s, gflops\n"
    "(as direct convolutions), peak_rss_mb, loader_wait_ms (mean of a step; null without DATA);\n"
    "for decode: size, images, images_per_s; for ui: arch, size, batch, keys, median_ms, p99_ms;\n"
    "for views: images, classes, views (view, keys, median_ms, p99_ms);\n"
    "for tune: arch, size, batch, shapes (pass, h, w, c_in, c_out, direct_ms, winograd_ms, rule,\n"
    "kept).\n";

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
     GROUPS(place_options, reader_options, screen_options, run_options, decode_options), 0, 1, true,
     mr_explore_main,
     "  misread demo                      make a demo data set and watch it train\n"
     "  misread train scans --epochs 8    train on your own folder and watch\n"
     "  misread scans                     look at it again, or attach to a live run\n",
     NULL},
    {"demo", "[DIR]", "make the demo data set if absent and train on it",
     GROUPS(demo_options, train_options, place_options, reader_options, screen_options,
            decode_options),
     0, 1, true, mr_demo_main,
     "  misread demo                            in ./misread-demo, with the explorer\n"
     "  misread demo /tmp/demo --headless --epochs 1 --json\n",
     mr_demo_fill_in, NULL, MR_TAKES_TRAINING},
    {"train", "DATA", "train a ResNet on a folder of images",
     GROUPS(train_options, place_options, reader_options, screen_options, decode_options), 1, 1,
     true, mr_train_main,
     "  misread train scans\n"
     "  misread train scans --arch resnet34 --size 224 --epochs 8 --lr 1e-3\n"
     "  misread train scans --group-re 'patient-(\\d+)' --headless --json\n"
     "  misread train scans --arch resnet34 --size 224 --epochs 4+4   head first, then all of it\n"
     "  misread train scans --recipe recipe.json\n"
     "  misread train scans --resume 3\n",
     NULL, NULL, MR_TAKES_TRAINING},
    {"lr-find", "DATA", "try growing learning rates and suggest some; no run is made",
     GROUPS(json_options, place_options, decode_options), 1, 1, true, mr_lr_find_main,
     "  misread lr-find scans\n"
     "  misread lr-find scans --arch resnet34 --size 224 --json\n",
     NULL, NULL, MR_TAKES_TRAINING},
    {"report", "DATA", "epochs, confusion, per-class figures, most confused pairs, top losses",
     GROUPS(run_options, report_options, place_options, decode_options), 1, 1, true, mr_report_main,
     "  misread report scans\n"
     "  misread report scans --run 2 --json --top 20\n"
     "  misread report scans --csv predictions > predictions.csv\n"
     "  misread report scans --compare 1,2      before and after the labels were cleaned\n"
     "  misread report scans --html report.html --anonymous\n",
     NULL},
    {"score", "DATA", "the best weights of a run on the test images: every look is counted",
     GROUPS(run_options, score_options, json_options, place_options, decode_options), 1, 1, true,
     mr_score_main,
     "  misread score scans\n"
     "  misread score scans --side valid --tta v1\n"
     "  misread score scans --run 2 --json\n"
     "  misread score scans --shortcut          with the position box and without\n",
     NULL},
    {"issues", "DATA", "which labels are likely wrong, worst first, with what they should be",
     GROUPS(issues_options, place_options, decode_options), 1, 1, true, mr_issues_main,
     "  misread issues scans --arch resnet18 --size 224\n"
     "  misread issues scans --score aum --top 20\n"
     "  misread issues scans --csv > suspects.csv\n",
     mr_issues_fill_in, issues_details, MR_TAKES_TRAINING},
    {"curve", "DATA", "would more images help? accuracy against how many a head learned from",
     GROUPS(curve_options, json_options, place_options, decode_options), 1, 1, true, mr_curve_main,
     "  misread curve scans\n"
     "  misread curve scans --run 2 --shares 12.5,25,50,100 --seeds 5 --json\n",
     mr_curve_fill_in, curve_details, MR_TAKES_NOTHING},
    {"explain", "DATA IMAGE",
     "why a run says what it says of an image: heat map, history, images like it",
     GROUPS(run_options, explain_options, json_options, place_options, decode_options), 2, 2, true,
     mr_explain_main,
     "  misread explain scans polyp/0a7b.jpg --out why.jpg\n"
     "  misread explain scans polyp/0a7b.jpg --class normal --out why-not.jpg\n"
     "  misread explain scans polyp/0a7b.jpg --json\n",
     NULL},
    {"review", "DATA", "list what readers decided, take it out and in, copy the cleaned data set",
     GROUPS(review_options, json_options, reader_options, place_options), 1, 1, false,
     mr_review_main,
     "  misread review scans\n"
     "  misread review scans --export label-studio --out tasks.json\n"
     "  misread review scans --import tasks.json --dry-run\n"
     "  misread review scans --copy-to cleaned --link\n",
     NULL,
     "Files are told apart by their content. Images are found by content hash, else by path; "
     "importing\n"
     "a file twice adds nothing. Formats: assets/doc/exchange.md.\n",
     MR_TAKES_NOTHING},
    {"quality", "DATA", "dark, blurred, odd and duplicate images, and duplicates across the split",
     GROUPS(quality_options, json_options, place_options, decode_options), 1, 1, true,
     mr_quality_main,
     "  misread quality scans\n"
     "  misread quality scans --csv > quality.csv\n",
     NULL},
    {"doctor", "", "what this terminal, CPU and BLAS can do, and what misread will use",
     GROUPS(json_options, screen_options), 0, 0, true, mr_doctor_main,
     "  misread doctor\n"
     "  misread doctor --json\n",
     NULL},
    {"bench", "[DATA]", "how fast this machine trains, answers, decodes and draws",
     GROUPS(bench_options, json_options, decode_options), 0, 1, true, mr_bench_main,
     "  misread bench\n"
     "  misread bench --arch resnet50 --mode train --json\n"
     "  misread bench scans --mode decode --size 128\n",
     NULL, bench_details, MR_TAKES_NETWORK},
    {"weights", "[NAME|FILE]", "which pretrained weights are here, or what is in a file of weights",
     GROUPS(weights_options, json_options, decode_options), 0, 1, true, mr_weights_main,
     "  misread weights\n"
     "  misread weights resnet34 --download\n"
     "  misread weights my.pth --json\n",
     NULL,
     "Pretrained weights are looked for in $XDG_DATA_HOME/misread/weights (~/.local/share) and in\n"
     "the current folder; their SHA-256 is checked. MISREAD_WEIGHTS_URL is another place to\n"
     "download from than https://download.pytorch.org/models.\n",
     MR_TAKES_NOTHING},
    {.name = NULL}};

int mr_failed(const struct mr_error *err)
{
    char safe[2 * sizeof err->message];

    mr_safe_text(safe, sizeof safe, err->message, 0, MR_ELIDE_END);
    fprintf(stderr, "misread: %s\n", safe);
    return err->status == MR_E_USAGE ? 2 : EXIT_FAILURE;
}
