# SPDX-License-Identifier: Apache-2.0
"""Finds the help pages that fit a question, by the words they share."""

import functools
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent
COMMON = set("a about an and any are as at be but by can do does did for from have how i if in is it its many me much my not of on "
             "or so somebody than that the them then there they to was we what when which who whose will with you your".split())


def words(text):
    """Its words but the common ones, as beginnings, so that "repaired" finds "repairs"."""
    return [word[:5] for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in COMMON]


@functools.cache
def pages():
    """Name → text, each paragraph on one line."""
    return {path.stem: re.sub(r"(?<=[^\n])\n(?=[^\n])", " ", path.read_text()).strip()
            for path in sorted(FOLDER.glob("documents/*.md"))}


def find_pages(question, count=2):
    """The pages with most of the question's words; words that few pages have say more."""
    known = {name: set(words(text)) for name, text in pages().items()}
    headings = {name: set(words(text.splitlines()[0])) for name, text in pages().items()}

    def score(name):
        return sum((1 + 2 * (word in headings[name])) / sum(word in other for other in known.values())
                   for word in set(words(question)) if word in known[name])

    best = sorted(known, key=lambda name: (-score(name), name))
    return [{"name": name, "text": pages()[name]} for name in best[:count] if score(name) > 0]
