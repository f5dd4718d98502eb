#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does `misread quality` find what is planted in the demo data set?

    planted_flaws.py MISREAD DIR

Compares `MISREAD quality DIR --csv` with DIR/truth.csv: all exact duplicates, 90 % of the near ones,
all dark images and all position boxes must be found, at most 1 % of what is listed as a duplicate may
be none. Prints a table and exits with 1 if one fails.
"""
import csv
import os
import subprocess
import sys
from collections import defaultdict

FLAWS = (("exact_duplicate", ("copy", "same-pixels"), 1, .01),
         ("near_duplicate", ("recompressed", "shifted", "brightened"), .9, .01),
         ("dark", ("darkened",), 1, .1),
         ("blurred", ("blurred",), .7, 1),
         ("position_box", None, 1, .01))


def found_by_kind(misread, folder):
    text = subprocess.run([misread, "quality", folder, "--csv"], check=True, capture_output=True,
                          text=True).stdout
    kinds = defaultdict(lambda: defaultdict(list))
    for row in csv.DictReader(text.splitlines()):
        kinds[row["kind"]][row["cluster"]].append(row["path"])
    return kinds


def main():
    misread, folder = sys.argv[1:3]
    with open(os.path.join(folder, "truth.csv"), newline="") as file:
        truth = {row["path"]: row for row in csv.DictReader(file)}
    kinds = found_by_kind(misread, folder)
    failed = False

    def source(path):
        return truth[path]["of"] or path

    print("kind              planted  found  listed  false")
    for kind, flaws, least, most in FLAWS:
        listed = [path for paths in kinds[kind].values() for path in paths]
        if flaws is None:
            planted = {path for path in truth if truth[path]["box"] == "1"}
            found, false = planted & set(listed), set(listed) - planted
        elif "duplicate" in kind:
            planted = {path for path in truth if truth[path]["flaw"] in flaws}
            found = {path for paths in kinds[kind].values() for path in paths
                     if path in planted and source(path) in paths}
            false = {path for paths in kinds[kind].values() for path in paths
                     if len({source(p) for p in paths}) > 1}
        else:
            planted = {path for path in truth if truth[path]["flaw"] in flaws}
            found, false = planted & set(listed), set(listed) - planted
        bad = len(found) < least * len(planted) or len(false) > most * max(len(listed), 1)
        failed |= bad
        print(f"{kind:16}  {len(planted):7}  {len(found):5}  {len(listed):6}  {len(false):5}"
              + ("  FAILED" if bad else ""))
    return failed


if __name__ == "__main__":
    sys.exit(main())
