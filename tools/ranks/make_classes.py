#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes classes.json: the character classes the pre-tokeniser needs, as runs of code points.

They are asked of the reference implementation itself (tiktoken's regular expression engine), so that both sides
agree about every code point whatever the Unicode version of this machine's Python. Needs `pip install tiktoken`.

    python3 tools/ranks/make_classes.py > tools/ranks/classes.json
"""
import json
import sys

import tiktoken

# One digit a class; the first pattern that matches decides. generate.py and src/llm/tokens/scan.h use the same digits.
CLASSES = [
    ("1", r"[\r\n]"),
    ("2", r"[ ]"),
    ("3", r"\s"),
    ("4", r"\p{N}"),
    ("5", r"[\p{Lu}\p{Lt}]"),
    ("6", r"\p{Ll}"),
    ("7", r"[\p{Lm}\p{Lo}]"),
    ("8", r"\p{M}"),
]


def members(pattern, text):
    """The characters of `text` that match: bytes are the tokens, and what doesn't match is dropped."""
    encoding = tiktoken.Encoding(
        "probe", pat_str=pattern, mergeable_ranks={bytes([b]): b for b in range(256)}, special_tokens={})
    return set(encoding.decode(encoding.encode_ordinary(text)))


def main():
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)
    classes = ["0"] * 0x110000
    for digit, pattern in reversed(CLASSES):
        for character in members(pattern, text):
            classes[ord(character)] = digit
    runs, start = [], 0
    for code in range(1, 0x110001):
        if code == 0x110000 or classes[code] != classes[start]:
            runs.append([code - start, int(classes[start])])
            start = code
    json.dump({
        "about": "runs of [length, class] from U+0000 to U+10FFFF, made by make_classes.py",
        "reference": f"tiktoken {tiktoken.__version__}",
        "classes": {digit: pattern for digit, pattern in CLASSES} | {"0": "everything else"},
        "runs": runs,
    }, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
