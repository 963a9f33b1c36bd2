# SPDX-License-Identifier: Apache-2.0
import unittest

import tidy
from files import ROOT, code_only
from samples import sample

HEADER = "// SPDX-License-Identifier: Apache-2.0\n"


class RepositoryTest(unittest.TestCase):
    """One test a rule, so that each finding names its rule."""


def make(rule):
    def run(self):
        findings = list(rule(ROOT))
        self.assertEqual(findings, [], "\n" + "\n".join(findings[:50]))
    return run


for one in tidy.RULES:
    setattr(RepositoryTest, f"test_{one.__name__}", make(one))


class BansTest(unittest.TestCase):
    def find(self, code, path="src/net/x.cc"):
        with sample({path: code}) as root:
            return list(tidy.bans(root))

    def test_each_banned_call_is_found(self):
        for code in [
            "std::regex r(p);", "boost::asio::detached", "using namespace std;", "int x = rand();", "srand(1);",
            "strcpy(a, b);", "std::sprintf(a, b);", "auto* p = new Thing();", "auto* p = new char[5];", "delete p;",
            "delete[] p;", "std::thread t(f);", "std::jthread t;", "system(cmd);", "popen(cmd);",
            "std::this_thread::sleep_for(d);", "std::cout << 1;", "printf(x);", "out << std::endl;", "getenv(name);", "usleep(5);", "atoi(s);",
            "std::stoi(s);", "free(p);",
            "using namespace asio::experimental::awaitable_operators;",
            "co_await run([this] { go(); });", "co_await run(x, [&a](int b) { go(); });",
            "auto r = co_await f([x = 1]() mutable { go(); });", "co_await f(r, a ? a.error() : b.error());",
            'body["a"] = body.at("b");', '(*body)["a"] = body->at("b");', 'body["a"] = body["b"];',
        ]:
            with self.subTest(code):
                self.assertEqual(len(self.find(code)), 1, code)

    def test_good_code_is_left_alone(self):
        for code in [
            "Thing(const Thing&) = delete;", "void operator delete(void* p);", "// rand() and new Thing\n",
            'auto s = "system(x) std::regex";', "std::thread::id id;", "brand(x);", "loop.system(x);", "std::rename(a, b);",
            "fmt::print(x);", "snprintf(a, n, f);", "new_size(x);", "co_await f(a[i]);", "x[i](co_await f());",
            "co_await run([] { go(); });", "co_await f(a ? 200 : 201, b);", "co_await f(r, first_error(a, b));", "const auto f = [&] { go(); };\nco_await run(f);", "co_await f();\nauto g = [&a] { h(); };",
            'R"(new Thing)"', "using namespace std::chrono;", "std::unique_ptr<Thing>(new Thing(x));",
            "intrusive_ptr<Thing> p(\n    new Thing(x));", "1'000'000", "void x::free(int);\n y.free(2);",
            'body["a"] = json::value(body.at("b"));', 'a["x"] = b["x"];', 'row[i] = row[i - 1];',
        ]:
            with self.subTest(code):
                self.assertEqual(self.find(code), [], code)

    def test_allowed_places(self):
        self.assertEqual(self.find("std::thread t(f);", "src/rt/loop.cc"), [])
        self.assertEqual(self.find("std::thread t(f);", "src/net/x_test.cc"), [])
        self.assertEqual(self.find("std::thread t(f);", "src/net/test_world.h"), [])
        self.assertEqual(len(self.find("std::thread t(f);", "src/net/test.cc")), 1)
        self.assertEqual(len(self.find("strcpy(a, b);", "src/net/test_world.h")), 1)
        self.assertEqual(self.find("p.reset(\n    new Thing{x});"), [])
        self.assertEqual(self.find("co_await timer.sleep_until(x);"), [])

    def test_line_numbers_survive_blanking(self):
        code = '/* a\nb */ auto x = R"(q\nr)";\nint y = rand();\n'
        self.assertEqual(code_only(code).count("\n"), code.count("\n"))
        self.assertIn("src/net/x.cc:4:", self.find(code)[0])


class RulesTest(unittest.TestCase):
    def find(self, rule, files, executable=()):
        with sample(files, executable) as root:
            return list(rule(root))

    def test_length(self):
        self.assertEqual(len(self.find(tidy.length, {"src/a/x.cc": "\n" * 601})), 1)
        self.assertEqual(self.find(tidy.length, {"src/a/x.cc": "\n" * 600, "data.json": "\n" * 999}), [])

    def test_leftovers(self):
        note = "// TO" + "DO: later\n"
        self.assertEqual(len(self.find(tidy.leftovers, {"src/a/x.cc": note, "docs/x.md": "HA" + "CK\n"})), 2)
        self.assertEqual(self.find(tidy.leftovers, {"src/a/x.cc": "mkdtemp(name-" + "X" * 6 + ")\n"}), [])

    def test_licence(self):
        self.assertEqual(len(self.find(tidy.licence, {"src/a/x.cc": "int x;\n", "run": "#!/bin/sh\n"})), 2)
        self.assertEqual(self.find(tidy.licence, {"src/a/x.cc": HEADER, "a.md": "x\n"}), [])

    def test_machine(self):
        bad = {"a.md": "see /wo" + "rk/main/x\n", "b.md": "/ro" + "ot/x\n", "c.txt": "https://registry.np" + "mjs.org\n"}
        self.assertEqual(len(self.find(tidy.machine, bad)), 3)
        self.assertEqual(self.find(tidy.machine, {"a.md": "/var/lib/slipway /home/ada npm install\n"}), [])

    def test_locks(self):
        good = '{"packages": {"": {}, "node_modules/a": {"integrity": "sha512-x"}}}'
        self.assertEqual(self.find(tidy.locks, {"package-lock.json": good}), [])
        bad = '{"packages": {"node_modules/a": {"integrity": "x", "resolved": "https://h/a"}, "node_modules/b": {}}}'
        self.assertEqual(len(self.find(tidy.locks, {"x/package-lock.json": bad})), 2)

    def test_readmes(self):
        self.assertEqual(len(self.find(tidy.readmes, {"src/a/x.cc": "\n"})), 1)
        self.assertEqual(self.find(tidy.readmes, {"src/a/x.cc": "\n", "src/a/README.md": "x\n", "src/LAYERS": "\n"}), [])

    def test_whitespace(self):
        bad = {"a.cc": "int x; \n", "b.cc": "\tint x;\n", "c.md": "no end"}
        self.assertEqual(len(self.find(tidy.whitespace, bad)), 3)
        self.assertEqual(self.find(tidy.whitespace, {"a.cc": "int x;\n", "b.bin": b"\0 \n", "e.txt": ""}), [])

    def test_run_bits(self):
        self.assertEqual(len(self.find(tidy.run_bits, {"run": "#!/bin/sh\n", "a.md": "x\n"}, ("a.md",))), 2)
        self.assertEqual(self.find(tidy.run_bits, {"run": "#!/bin/sh\n", "a.md": "x\n"}, ("run",)), [])

    def test_blobs(self):
        self.assertEqual(len(self.find(tidy.blobs, {"a.bin": b"\0" * (600 << 10)})), 1)
        self.assertEqual(self.find(tidy.blobs, {"a.bin": b"\0" * 1000}), [])

    def test_headers(self):
        self.assertEqual(len(self.find(tidy.headers, {"src/a/x.h": HEADER})), 1)
        self.assertEqual(self.find(tidy.headers, {"src/a/x.h": "#pragma once\n", "src/a/x.cc": "\n"}), [])

    def test_formatting(self):
        with open(f"{ROOT}/tools/format", encoding="utf-8") as file:
            script = file.read()
        import subprocess
        files = {"tools/format": script, "src/a/x.cc": "int   x ;\n", "src/a/y.cc": "int x;\n"}
        with sample(files, ("tools/format",)) as root:
            subprocess.run(["git", "init", "-q", root], check=True)
            self.assertEqual([f.split(":")[0] for f in tidy.formatting(root)], ["src/a/x.cc"])


if __name__ == "__main__":
    unittest.main()
