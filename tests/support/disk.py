# SPDX-License-Identifier: Apache-2.0
"""A disk that is soon full."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest


@contextlib.contextmanager
def small_disk(size):
    """A file system of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-disk-"))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "slipway-test", str(folder)],
                          capture_output=True)
    if done.returncode != 0:
        shutil.rmtree(folder)
        pytest.skip("this container may not mount: " + done.stderr.decode())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def fill(folder):
    """Takes every free byte of the file system."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    return ballast
