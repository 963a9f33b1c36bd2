#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""golden.py [FILE]: gives each case of datasets/golden.jsonl the pages that the help centre would find for its question.

A case holds all that the prompt needs, so that the gate asks exactly what the help centre asks. Run it after a change of
documents/ or of the questions."""

import json
import pathlib
import sys

from pages import FOLDER, find_pages

file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "datasets/golden.jsonl"
cases = [json.loads(line) for line in file.read_text().splitlines()]
for case in cases:
    case["input"]["sources"] = find_pages(case["input"]["question"])
# As slipway writes cases, so that a pull changes only what has changed.
file.write_text("".join(json.dumps(case, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for case in cases))
