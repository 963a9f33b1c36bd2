# SPDX-License-Identifier: Apache-2.0
import unittest

import layers
from files import ROOT
from samples import sample


class LayersTest(unittest.TestCase):
    def test_this_repository(self):
        self.assertEqual(layers.check(ROOT), [])

    def test_table_is_read(self):
        table, findings = layers.read_table("# note\nbase:\nrt: base\napp: *\n")
        self.assertEqual(findings, [])
        self.assertEqual(table, {"base": {"base"}, "rt": {"rt", "base"}, "app": None})

    def test_table_must_go_upwards(self):
        self.assertEqual(len(layers.read_table("a: b\nb:\n")[1]), 1)
        self.assertEqual(len(layers.read_table("a:\na:\n")[1]), 1)

    def check_sample(self, files):
        with sample(files) as root:
            return layers.check(root)

    def test_an_include_upwards_is_found(self):
        findings = self.check_sample({
            "src/LAYERS": "base:\nnet: base\n",
            "src/base/a.h": '#include "net/b.h"\n',
            "src/net/b.h": '#include "base/a.h"\n#include <vector>\n',
        })
        self.assertEqual(len(findings), 1)
        self.assertIn("src/base/a.h:1: base may not include net", findings[0])

    def test_a_room_outside_the_table_is_found(self):
        findings = self.check_sample({"src/LAYERS": "base:\n", "src/base/a.h": "\n", "src/extra/a.h": "\n"})
        self.assertEqual(findings, ["src/extra: a room that src/LAYERS does not know"])

    def test_odd_includes_are_found(self):
        findings = self.check_sample({
            "src/LAYERS": "base:\n",
            "src/base/a.cc": '#include "a.h"\n#include "../base/a.h"\n#include "gone/x.h"\n#include "base/missing.h"\n',
            "src/base/a.h": "\n",
        })
        self.assertEqual([f.split(":")[1] for f in findings], ["1", "2", "3", "4"])


if __name__ == "__main__":
    unittest.main()
