# SPDX-License-Identifier: Apache-2.0
"""The files of the repository, and C++ text without its comments and strings."""

import os
import re
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
SKIP = {".git", "build", "node_modules", "dist", "__pycache__", ".venv"}


def list_files(root=ROOT):
    """Paths relative to root: what Git tracks or would, else (an unpacked archive, a sample) what lies there."""
    if os.path.exists(os.path.join(root, ".git")):
        out = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, check=True).stdout.decode()
        return sorted(p for p in set(out.split("\0")) if p and os.path.isfile(os.path.join(root, p)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIP]
        found += [os.path.relpath(os.path.join(folder, n), root) for n in names]
    return sorted(found)


def read(root, path):
    """The text of a file, None for binary files."""
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    if b"\0" in data[:8192]:
        return None
    return data.decode("utf-8", "replace")


_TOKEN = re.compile(r'R"([^()\\ ]{0,16})\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_only(text):
    """C++ with comments and the insides of literals blanked; line numbers stay. A digit separator (1'000) is no
    literal."""
    def blank(match):
        start = match.start()
        if match.group()[0] == "'" and start > 0 and (text[start - 1].isalnum()):
            return match.group()
        return '""' + "\n" * match.group().count("\n") if match.group()[0] in "\"R" else "\n" * match.group().count("\n")
    return _TOKEN.sub(blank, re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text))
