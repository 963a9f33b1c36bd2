# SPDX-License-Identifier: Apache-2.0
"""Every #include "room/…" against src/LAYERS."""

import os
import re

from files import list_files, read

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def read_table(text):
    """room → set of rooms it may include, None for all; and findings about the table itself."""
    table, findings = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, colon, rest = line.partition(":")
        if not colon or room in table:
            findings.append(f"src/LAYERS:{number}: not \"room: rooms\", or the room is there twice")
            continue
        allowed = rest.split()
        for other in allowed:
            if other != "*" and other not in table:
                findings.append(f"src/LAYERS:{number}: {room} may not name {other}: it does not stand below it")
        table[room] = None if allowed == ["*"] else set(allowed) | {room}
    return table, findings


def check(root):
    layers = os.path.join(root, "src", "LAYERS")
    if not os.path.exists(layers):
        return ["src/LAYERS is missing"]
    with open(layers, encoding="utf-8") as file:
        table, findings = read_table(file.read())
    files = [p for p in list_files(root) if p.startswith("src/") and p.count("/") >= 2]
    on_disk = {p.split("/")[1] for p in files}
    for room in sorted(on_disk - set(table)):
        findings.append(f"src/{room}: a room that src/LAYERS does not know")
    for room in sorted(set(table) - on_disk):
        # Rooms planned for later stand in the table before they have a folder with files in it.
        if os.path.isdir(os.path.join(root, "src", room)) and os.listdir(os.path.join(root, "src", room)):
            findings.append(f"src/LAYERS: the room {room} holds no file of the repository")
    for path in files:
        if not path.endswith((".cc", ".h")):
            continue
        room = path.split("/")[1]
        allowed = table.get(room)
        text = read(root, path) or ""
        for match in INCLUDE.finditer(text):
            target = match.group(1)
            line = text.count("\n", 0, match.start(1)) + 1
            other = target.split("/")[0]
            if "/" not in target or ".." in target.split("/"):
                findings.append(f'{path}:{line}: write #include "room/…", not "{target}"')
            elif other not in table:
                findings.append(f'{path}:{line}: "{target}" is in no room; use <> for libraries')
            elif allowed is not None and other not in allowed:
                findings.append(f"{path}:{line}: {room} may not include {other} (src/LAYERS); declare a port in "
                                f"{room} and let app join the two")
            elif not os.path.exists(os.path.join(root, "src", target)):
                findings.append(f'{path}:{line}: there is no src/{target}')
    return findings
