# SPDX-License-Identifier: MIT
"""A clock that steps back, files that change while they are read, foreign locales and plain terminals.

HOSTILE is the library of tests/hostile.c.
"""
import os
import pty
import re
import shutil
import struct
import subprocess
import unittest

import study_records
from case import DATA, PROGRAM, Case, environment, strict_json, preloaded

HOSTILE = preloaded(os.environ.get("HOSTILE", ""))
SHORT = ("--data-dir", DATA, "--epochs", "2", "--hidden", "4", "--threads", "1")
ROW = ("--problems", "relu_forward:4x8", "--isas", "scalar", "--threads", "1", "--peers", "none", "--samples", "3",
       "--time", "0.01", "--no-ceilings")


@unittest.skipUnless(HOSTILE, "no library to preload: a build with sanitizers, or for another system")
class Hostile(Case):
    def hostile(self, *args, code=0, **how):
        return self.call(*args, code=code, env={"LD_PRELOAD": HOSTILE, "PATH": "/nowhere", **how})

    def test_clock_that_steps_back(self):
        """Durations are of a clock that never does; dates only name things, and nothing is overwritten."""
        back = {"HOSTILE_CLOCK": "1"}
        self.hostile("train", *SHORT, "--json", "run.json", **back)
        with open(self.path("run.json")) as file:
            for epoch in strict_json(file.read())["epochs"]:
                self.assertTrue(0 < epoch["seconds"] < 100)
        grid = ("sweep", *SHORT, "--norms", "layer", "--batch-sizes", "100", "--lrs", "0.1",
                "--timing-epochs", "0", "--jobs", "1", "--output", "study")
        self.hostile(*grid, "--seeds", "1,2", **back)
        self.hostile(*grid, "--seeds", "1..3", **back)
        with open(self.path("study", "records.jsonl")) as file:
            records = [strict_json(line) for line in file]
        self.assertEqual([record["config"]["seed"] for record in records], [1, 2, 3])
        self.assertGreater(records[0]["started"], records[1]["started"])  # the clock did step back
        self.hostile("report", "study", **back)
        for _ in range(2):
            self.hostile("bench", *ROW, "--results", "results", **back)
        self.assertEqual(len(os.listdir(self.path("results"))), 2)
        for folder in os.listdir(self.path("results")):
            with open(self.path("results", folder, "bench.json")) as file:
                for entry in strict_json(file.read())["benchmarks"]:
                    self.assertGreaterEqual(entry["real_time"], 0)

    def test_data_that_changes(self):
        for part, rows in (("train", 64), ("t10k", 32)):
            for kind, dims, size in (("images-idx3", (rows, 2, 2), 4 * rows), ("labels-idx1", (rows,), rows)):
                with open(self.path("%s-%s-ubyte" % (part, kind)), "wb") as file:
                    file.write(struct.pack(">%dI" % (1 + len(dims)), 0x800 + len(dims), *dims) + bytes(size))
        names = sorted(os.listdir(self.folder))
        for name in names:
            with open(self.path(name), "rb") as file:
                content = file.read()
            for more, word in ((None, "truncated"), ("x" * 99, "trailing bytes")):
                with self.subTest(name=name, more=more):
                    how = {"HOSTILE_FILE": self.path(name)}
                    done = self.hostile("train", "--data-dir", self.folder, "--json", "run.json", code=3,
                                        **how, **({"HOSTILE_MORE": more} if more else {}))
                    self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
                    self.assertRegex(done.stderr, r"%s: [^\n]*%s[^\n]*; [^\n]*script/fetch-data" % (name, word))
                    self.assertFolder(*names)
                    with open(self.path(name), "wb") as file:
                        file.write(content)

    def test_records_that_change(self):
        records = [study_records.convergence(PROGRAM, "layer", 100, seed, 1, "--hidden", "4") for seed in (1, 2, 3)]
        how = {"HOSTILE_FILE": "study/records.jsonl"}
        study_records.write(self.path("study"), records)
        done = self.hostile("report", "study", "--output", "report", code=3, **how)
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
        self.assertIn("records.jsonl', line 2: cut or damaged; run the sweep again", done.stderr)
        self.assertFolder("study")
        # A sweep that goes on meanwhile: the report is of what was there when it began.
        for more in ('{"schema":', "x\n"):
            study_records.write(self.path("study"), records)
            self.hostile("report", "study", "--output", "report", HOSTILE_MORE=more, **how)
            self.assertFolder("report", "study")
            with open(self.path("study", "records.jsonl")) as file:
                self.assertTrue(file.read().endswith("}\n" + more))


class Surroundings(Case):
    def locale(self):
        """A folder with a locale whose decimal sign is a comma, made here: few systems have one ready."""
        if shutil.which("localedef") is None:
            self.skipTest("no localedef")
        os.mkdir(self.path("locales"))
        done = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", self.path("locales", "de_DE.UTF-8")],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not os.path.exists(self.path("locales", "de_DE.UTF-8", "LC_NUMERIC")):
            self.skipTest("localedef makes no de_DE: " + done.stdout)
        env = {"LOCPATH": self.path("locales"), "LC_ALL": "de_DE.UTF-8"}
        shown = subprocess.run(["bash", "-c", "printf %.1f 1,5"], env={**os.environ, **env}, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
        self.assertEqual(shown.stdout, "1,5")
        return env

    def test_decimal_comma(self):
        """The same bytes under any locale, gnuplot's among them; and options are read as they are written here."""
        comma, made = self.locale(), {}
        records = [study_records.convergence(PROGRAM, norm, 100, seed, 2, "--hidden", "4")
                   for norm in ("batch", "layer") for seed in (1, 2)]
        for locale, env in (("C", {"LC_ALL": "C"}), ("de", comma)):
            study_records.write(self.path("study"), records)
            self.call("report", "study", "--output", locale, env=env)
            self.assertEqual(self.record("--hidden", "4", "--lr", "0.25", env=env)["config"]["lr"], 0.25)
            self.call("train", "--lr", "0,25", env=env, code=2)
            losses = self.train("--hidden", "4", "--trace", "-", env=env).stdout
            self.assertRegex(losses, r"\A(\d\.\d+\n)+\Z")
            made[locale] = {}
            for name in os.listdir(self.path(locale)):
                with open(self.path(locale, name), "rb") as file:
                    made[locale][name] = file.read()
        self.assertEqual(made["de"], made["C"])
        self.assertIn("index.html", made["C"])

    def on_terminal(self, *args, **env):
        """What a terminal gets."""
        ours, theirs = pty.openpty()
        kept = {k: v for k, v in environment().items() if not k.startswith(("LC_", "LANG", "TERM", "NO_COLOR"))}
        child = subprocess.Popen([PROGRAM, *args], cwd=self.folder, env={**kept, **env}, stdin=theirs, stdout=theirs,
                                 stderr=theirs)
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        self.assertEqual(child.wait(timeout=60), 0, text)
        return text

    def test_terminals(self):
        commands = (("train", *SHORT), ("experiment", *SHORT, "--output", "out"), ("info", "--no-peaks"),
                    ("bench", *ROW), ("train", "--help"), ("check", "--isa", "scalar", "--exact", "--filter", "f32/relu/relu_f"))
        for args in commands:
            with self.subTest(args=args):
                plain = self.on_terminal(*args, LC_ALL="C", TERM="dumb")
                self.assertTrue(plain.isascii(), plain)
                self.assertNotIn(b"\033", plain)
        rich = self.on_terminal("train", *SHORT, LC_ALL="C.UTF-8", TERM="xterm")
        self.assertIn("\u2500", rich.decode())
        self.assertIn(b"\033[1m", rich)
        self.assertNotIn(b"\033[1m", self.on_terminal("train", *SHORT, LC_ALL="C.UTF-8", TERM="xterm", NO_COLOR="1"))


class Powers(Case):
    ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

    @unittest.skipUnless(shutil.which("nm"), "no nm")
    def test_program_can_start_no_shell(self):
        """Nor make a temporary file that another could have made before, nor let the locale change a number."""
        done = subprocess.run(["nm", "-D", "--undefined-only", PROGRAM], stdout=subprocess.PIPE, text=True, check=True)
        used = {line.split()[-1].split("@")[0] for line in done.stdout.splitlines()}
        self.assertIn("posix_spawnp", used)
        for name in ("system", "popen", "execl", "execlp", "execle", "mktemp", "tmpnam", "tempnam", "tmpfile", "gets",
                     "setlocale", "wordexp"):
            self.assertNotIn(name, used)

    def sources(self, *endings):
        for folder in ("bench", "src", "script", "tests"):
            for where, _, names in os.walk(os.path.join(self.ROOT, folder)):
                for name in names:
                    if name.endswith(endings) or (folder == "script" and "." not in name):
                        with open(os.path.join(where, name), encoding="utf-8") as file:
                            yield os.path.join(where, name), file.read()

    def test_scripts_evaluate_nothing(self):
        found = 0
        for path, text in self.sources(".py"):
            found += 1
            if os.path.basename(path) != os.path.basename(__file__):
                self.assertIsNone(re.search(r"shell=True|os\.(system|popen)\(|(?<![\w.])(eval|exec)\(|pickle", text), path)
        for path, text in self.sources(".sh"):
            found += 1
            self.assertIsNone(re.search(r"(?m)^[^#\n]*(\beval\b|curl[^\n|]*\|\s*(ba)?sh\b|/tmp/)", text), path)
        self.assertGreater(found, 20)


if __name__ == "__main__":
    unittest.main()
