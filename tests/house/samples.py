# SPDX-License-Identifier: Apache-2.0
"""Small file trees that a rule must find fault with, or not."""

import contextlib
import os
import tempfile


@contextlib.contextmanager
def sample(files, executable=()):
    with tempfile.TemporaryDirectory() as root:
        for path, content in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
            if path in executable:
                os.chmod(full, 0o755)
        yield root
