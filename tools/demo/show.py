# SPDX-License-Identifier: Apache-2.0
"""What the demo says: steps in a sentence, commands, and what they print. Coloured on a terminal, plain elsewhere."""

import os
import shlex
import sys

WIDTH = 150
BOLD, DIM, CYAN, GREEN, RED, OFF = "1", "2", "36", "32", "31", "0"


class Teller:
    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.coloured = self.out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.number = 0
        self.sentence = "Begin"

    def _in(self, colour, text):
        return f"\x1b[{colour}m{text}\x1b[{OFF}m" if self.coloured else text

    def line(self, text="", colour=None):
        print(self._in(colour, text) if colour else text, file=self.out, flush=True)

    def step(self, sentence):
        self.number += 1
        self.sentence = sentence
        self.line()
        self.line(f"{self.number:2}. {sentence}", BOLD)

    def command(self, command, who=None):
        """`command`: a list of words, or a text that is shown as it is."""
        text = command if isinstance(command, str) else shlex.join(command)
        self.line(f"    {f'({who}) ' if who else ''}$ {self._in(CYAN, text)}")

    def output(self, text, lines=None):
        """Its first lines, or with less than 0 its last; None: all of them."""
        every = [line.rstrip() for line in text.strip("\n").splitlines()]
        kept = every if lines is None else every[lines:] if lines < 0 else every[:lines]
        if len(kept) < len(every) and len(kept) > 1:
            kept.append(f"… {len(every) - len(kept)} more")
        for line in kept:
            self.line("      " + (line if len(line) <= WIDTH else line[:WIDTH - 1] + "…"), DIM)

    def good(self, text):
        self.line(text, GREEN)

    def bad(self, text):
        self.line(text, RED)
