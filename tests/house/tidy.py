# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can check. Each is a function from a root folder to findings ("path:line: what")."""

import json
import os
import re
import stat
import subprocess

from files import code_only, list_files, read

CPP = (".cc", ".h")
# A word here would be found by its own rule.
LEFTOVERS = "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
LENGTH_LIMIT = 600
BLOB_LIMIT_BYTES = 512 << 10

# (pattern, replacement, path prefixes or suffixes where it is allowed)
TESTS = ("_test.cc", "_bench.cc", "_fuzz.cc")
BANS = [
    (r"\bstd::w?(?:regex|smatch|cmatch)\b", "RE2: std::regex backtracks", ()),
    (r"\basio::detached\b|\bdetached_t\b", "rt::TaskGroup: nothing runs that nobody awaits", ("src/rt/task_group",)),
    (r"\bawaitable_operators\b", "rt::TaskGroup or timers: awaitable || awaitable loses cancellations in Boost 1.81", ()),
    (r"(?<![\w:.])(?:std::)?s?rand\s*\(", "random_bytes or UuidGenerator", ()),
    (r"\bstd::(?:mt19937(?:_64)?|random_device)\b", "random_bytes or UuidGenerator", ("bench/",) + TESTS),
    (r"(?<![\w.])(?:std::)?(?:strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok)\s*\(",
     "std::string, fmt::format or split", ()),
    (r"(?<![\w:.>])(?:std::)?(?:atoi|atol|atof|strtol|strtoul|strtoll|strtoull)\s*\(|\bstd::sto(?:i|l|ll|ul|ull|d|f)\s*\(",
     "parse_integer or std::from_chars: it reports what is wrong", TESTS),
    (r"\bnew\s+(?!\()[A-Za-z_:]", "std::make_unique", ()),
    (r"(?<!=\s)(?<!operator )\bdelete\b(?!\s*;)\s*(?:\[\s*\]\s*)?[A-Za-z_(*]", "an owner with a destructor", ()),
    (r"\bmalloc\s*\(|(?<![\w.>:])free\s*\(", "a container or std::make_unique", ("src/net/message_buffer",)),
    (r"\bstd::(?:thread|jthread|async)\b(?!::)|\bpthread_create\b", "rt::Loop or rt::BlockingPool",
     ("src/rt/", "src/telemetry/", "src/app/", "bench/") + TESTS),
    (r"(?<![\w:.>])(?:std::)?system\s*\(|(?<![\w:.>])popen\s*\(", "a library; shells are for scripts", TESTS),
    (r"\busing\s+namespace\s+std\s*;", "names", ()),
    (r"\bstd::(?:cout|cerr|clog)\b|(?<![\w:.>])(?:std::)?f?printf\s*\(", "Logger, or in cli its output",
     ("src/cli/", "src/app/", "bench/", "src/base/log") + TESTS),
    (r"\bstd::endl\b", "'\\n'", ()),
    (r"(?<![\w.>])(?:std::|secure_)?getenv\s*\(", "Config: base/config.cc reads the environment once",
     ("src/base/config", "src/cli/", "bench/") + TESTS),
    (r"\bthis_thread::sleep_(?:for|until)\b|(?<![\w:.>])u?sleep\s*\(|\bnanosleep\b", "a timer of the loop",
     ("src/cli/", "src/telemetry/", "src/rt/", "bench/") + TESTS),
    (r"co_await(?![^;{}]*;)[^;{}]*[\s(,=]\[[^\]]+\]\s*(?:\(|\{|mutable)",
     "a named lambda or function: GCC 12 destroys a capturing lambda inside co_await twice", ()),
    (r"co_await[^;{}]*\?[^;{}]*\.error\(\)", "first_error or a named Error: GCC 12 miscompiles a conditional of objects inside "
     "co_await", ()),
    (r"\b(\w+)\)?\[\"\"\]\s*=\s*\(?\*?\1\)?(?:(?:\.|->)at\(|\[)\"", "json::value(…) of the member: inserting one moves the others while "
     "they are read", ()),
]
OWNED = re.compile(r"(?:_ptr<[^;{}]*|\.reset)\(\s*$")
COMPILED = [(re.compile(pattern), replacement, allowed) for pattern, replacement, allowed in BANS]

# Where words of the machine that builds, or of registries, would leak in.
MACHINE = re.compile(r"/work/(?:main|shared|\.)|/root/|/tmp/bash_jobs|/home/(?!ada\b|x\b|user\b|you\b|slipway\b)\w+")
REGISTRY = re.compile(r"registry\.npmjs|files\.pythonhosted|pypi\.org/simple|artifactory|\bjfrog\b|/nexus/|"
                      r"--index-url|--extra-index-url")

SOURCE_SUFFIXES = (".cc", ".h", ".py", ".sh", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".cmake", ".css")


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def is_house(path):
    return path.startswith("tests/house/")


def is_script(text):
    return text is not None and text.startswith("#!")


def sources(root):
    for path in list_files(root):
        text = read(root, path)
        if text is None:
            continue
        if path.endswith(SOURCE_SUFFIXES) or os.path.basename(path) == "CMakeLists.txt" or is_script(text):
            yield path, text


def bans(root):
    for path in list_files(root):
        if not path.endswith(CPP) or not path.startswith(("src/", "bench/", "tests/")):
            continue
        code = code_only(read(root, path) or "")
        for pattern, replacement, allowed in COMPILED:
            if any(path.startswith(a) or path.endswith(a) for a in allowed):
                continue
            if allowed[-3:] == TESTS and os.path.basename(path).startswith("test_"):  # headers of tests
                continue
            for match in pattern.finditer(code):
                # unique_ptr<T>(new T(…)) is how what a private constructor makes is owned from the start.
                if match.group().startswith("new") and OWNED.search(code[max(0, match.start() - 200):match.start()]):
                    continue
                word = " ".join(match.group().split())[:60]
                yield f"{path}:{line_of(code, match.start())}: {word}: use {replacement}"


def length(root):
    for path, text in sources(root):
        lines = text.count("\n")
        if lines > LENGTH_LIMIT:
            yield f"{path}: {lines} lines, more than {LENGTH_LIMIT}: split it"


def leftovers(root):
    pattern = re.compile(rf"\b(?:{LEFTOVERS})\b")
    for path in list_files(root):
        if path.endswith("package-lock.json") or path.startswith(("tests/data/", "third_party/")):
            continue
        text = read(root, path) or ""
        for match in pattern.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: a note was left over: do it, or file it as an issue"


def licence(root):
    for path, text in sources(root):
        if path.startswith("third_party/"):
            continue
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n", 4)[:4]):
            yield f"{path}:1: needs \"SPDX-License-Identifier: Apache-2.0\" in its first lines"


def machine(root):
    for path in list_files(root):
        if is_house(path):
            continue
        text = read(root, path) or ""
        for match in MACHINE.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: \"{match.group()}\" is a path of one machine"
        for match in REGISTRY.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: \"{match.group()}\" names a registry; leave that to the user's settings"


def locks(root):
    for path in list_files(root):
        if os.path.basename(path) != "package-lock.json":
            continue
        packages = json.loads(read(root, path)).get("packages", {})
        for name, package in packages.items():
            if "resolved" in package:
                yield f"{path}: {name} carries an address; set omit-lockfile-registry-resolved=true in .npmrc"
            elif name and "integrity" not in package and not package.get("link") and not package.get("inBundle"):
                yield f"{path}: {name} carries no integrity hash"


def readmes(root):
    files = set(list_files(root))
    rooms = {p.split("/")[1] for p in files if p.startswith("src/") and p.count("/") >= 2}
    for room in sorted(rooms):
        if f"src/{room}/README.md" not in files:
            yield f"src/{room}: needs a README.md that says what belongs there and what does not"


def whitespace(root):
    for path in list_files(root):
        if path.startswith(("tests/data/", "third_party/")) or path.endswith(".svg"):
            continue
        text = read(root, path)
        if not text:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: ends in white space"
            if "\t" in line and path.endswith(SOURCE_SUFFIXES):
                yield f"{path}:{number}: holds a tab"
        if not text.endswith("\n"):
            yield f"{path}: does not end in a line break"


def run_bits(root):
    for path in list_files(root):
        text = read(root, path)
        executable = bool(os.stat(os.path.join(root, path)).st_mode & stat.S_IXUSR)
        if is_script(text) != executable:
            yield (f"{path}: starts with #! but lacks the executable bit" if is_script(text)
                   else f"{path}: is executable but has no #! line")


def blobs(root):
    for path in list_files(root):
        size = os.path.getsize(os.path.join(root, path))
        if size > BLOB_LIMIT_BYTES:
            yield f"{path}: {size >> 10} KiB; make it when needed, or keep it outside the repository"


def headers(root):
    for path in list_files(root):
        if path.startswith("src/") and path.endswith(".h") and "#pragma once" not in (read(root, path) or ""):
            yield f"{path}: needs #pragma once"


def formatting(root):
    done = subprocess.run([os.path.join(root, "tools/format"), "--check"], capture_output=True, text=True)
    for path in done.stdout.split():
        yield f"{path}: not as clang-format would have it; run tools/format"
    if done.returncode not in (0, 1, 123):
        yield f"tools/format --check: {done.stderr.strip()}"


RULES = [bans, length, leftovers, licence, machine, locks, readmes, whitespace, run_bits, blobs, headers, formatting]
