#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes statistics.json and texts.json beside itself: what SciPy, statsmodels, krippendorff, sacrebleu, rouge-score
and NLTK say of generated inputs. The unit tests of src/evaluation hold our own functions against them.

    python3 -m venv build/expected && build/expected/bin/pip install -r tests/data/evaluation/requirements.txt
    build/expected/bin/python tests/data/evaluation/make_expected.py
"""

import json
import math
import os
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)

import expected_statistics  # noqa: E402
import expected_texts  # noqa: E402


def rounded(value):
    """Numbers as Python's, without NumPy's types; NaN is a mistake of the script."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray":
        return [rounded(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if float(value) == int(value) if math.isfinite(float(value)) else False:
        return int(value)
    if not math.isfinite(float(value)):
        raise ValueError("a value is not finite")
    return float(value)


for name, content in (("statistics", expected_statistics.make()), ("texts", expected_texts.make())):
    with open(os.path.join(here, name + ".json"), "w", encoding="utf-8") as file:
        # One line a case: small, and a difference shows which.
        file.write("{\n")
        for i, (key, cases) in enumerate(content.items()):
            file.write(f'"{key}": [\n')
            file.write(",\n".join(json.dumps(rounded(case), ensure_ascii=True, separators=(",", ":")) for case in cases))
            file.write("\n]" + ("," if i + 1 < len(content) else "") + "\n")
        file.write("}\n")
    print(name, {key: len(cases) for key, cases in content.items()})
