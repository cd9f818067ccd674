# SPDX-License-Identifier: MIT
"""Help, wrong usage, the environment, data that is not there: messages and exit codes."""
import unittest

from case import Case, DATA, strict_json


class Usage(Case):
    def test_help(self):
        for args in (["--help"], ["-h"]):
            done = self.call(*args)
            self.assertEqual(done.stderr, "")
            for command in ("info", "train", "experiment", "check", "verify", "compare"):
                self.assertRegex(done.stdout, r"(?m)^  %s " % command)

    def test_help_of_commands(self):
        for command, option in (("info", "json"), ("train", "json"), ("experiment", "output"), ("check", "filter"),
                                ("verify", "json"), ("compare", "json")):
            done = self.call(command, "--help")
            self.assertEqual(done.stderr, "")
            self.assertTrue(done.stdout.startswith("Usage: normbench %s " % command))
            for part in ("Examples:", "NORMBENCH_", "--help", "--" + option):
                self.assertIn(part, done.stdout)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 84, line)

    def test_help_wins_over_what_is_wrong_around_it(self):
        self.call("train", "--lr", "x", "--help", env={"NORMBENCH_EPOCHS": "x"})

    def test_version(self):
        for args in (["--version"], ["-V"], ["train", "--version"]):
            done = self.call(*args)
            self.assertRegex(done.stdout, r"\Anormbench \d+\.\d+\.\d+\n\Z")

    def test_commands(self):
        self.refused(": a command is missing; see normbench --help")
        self.refused(": unknown command 'trian'; did you mean train?; see normbench --help", "trian")
        self.refused(": unknown command 'wombat'; see normbench --help", "wombat")
        self.refused(": unknown command ''; see normbench --help", "")
        self.refused(": unknown option '--fast'; see normbench --help", "--fast")

    def test_options(self):
        for args, message in (
                (["--batch-size", "12x"], "--batch-size: '12x' is not a whole number from 1 to 2147483647"),
                (["--lr", "nan"], "--lr: 'nan' is not a number above 0"),
                (["--lr", "0,1"], "--lr: '0,1' is not a number above 0"),
                (["--lr="], "--lr: is empty; it takes a number above 0"),
                (["--norm", "group"], "--norm: 'group' is not one of none, batch, layer"),
                (["--bach-size", "1"], "unknown option '--bach-size'; did you mean --batch-size?"),
                (["--epochs"], "--epochs: needs a value"),
                (["fast"], "unexpected argument 'fast'"),
                (["--nesterov"], "--nesterov needs SGD with a momentum: add --momentum 0.9"),
                (["--optimizer", "adam", "--momentum", "0.9"],
                 "--momentum belongs to SGD: leave it out, or use --optimizer sgd"),
                (["--json", "x", "--trace", "x"], "--json and --trace both go to 'x'; give them different files"),
                (["--json", "-", "--trace", "-"], "--json and --trace both go to '-'; give them different files"),
        ):
            with self.subTest(args=args):
                self.refused(" train: %s; see normbench train --help" % message, "train", "--data-dir", DATA, *args)
                self.assertFolder()

    def test_isa(self):
        for args, env, source in ((["--isa", "sse9"], {}, "--isa"), ([], {"NORMBENCH_ISA": "sse9"}, "NORMBENCH_ISA")):
            done = self.call("train", *args, env=env, code=2)
            self.assertRegex(done.stderr, r"\Anormbench train: %s: 'sse9' is not usable here; choose one of auto, autovec, "
                                          r"scalar.*; see normbench train --help\n\Z" % source)

    def test_environment(self):
        env = {"NORMBENCH_DATA_DIR": DATA, "NORMBENCH_EPOCHS": "2", "NORMBENCH_BATCH_SIZE": "100",
               "NORMBENCH_JSON": "-", "NORMBENCH_NORM": "layer", "NORMBENCH_HIDDEN": "8,4"}
        record = strict_json(self.call("train", env=env).stdout)
        self.assertEqual((len(record["epochs"]), record["steps"]), (2, 20))
        self.assertEqual((record["config"]["norm"], record["config"]["hidden"]), ("layer", [8, 4]))
        record = strict_json(self.call("train", "--epochs", "1", "--norm=none", env=env).stdout)
        self.assertEqual((record["steps"], record["config"]["norm"]), (10, "none"))
        self.refused(" train: NORMBENCH_BATCH_SIZE: is empty; it takes a whole number from 1 to 2147483647; "
                     "see normbench train --help", "train", env={"NORMBENCH_BATCH_SIZE": ""})
        self.refused(" train: NORMBENCH_LR: 'fast' is not a number above 0; see normbench train --help",
                     "train", "--lr", "0.1", env={"NORMBENCH_LR": "fast"})

    def test_locale_changes_no_number(self):
        for locale in ("C", "de_DE.UTF-8"):
            record = self.record("--lr", "0.25", env={"LC_ALL": locale})
            self.assertEqual(record["config"]["lr"], 0.25)

    def test_batchnorm_needs_two_rows(self):
        start = " train: expected more than 1 value per channel when training: batch norm cannot train on "
        self.refused(start + "batches of one row; use --batch-size 2 or more, or layer norm; "
                     "see normbench train --help", "train", "--data-dir", DATA, "--batch-size", "1")
        self.refused(start + "the last batch, which has one row (1000 rows in batches of 27); use another "
                     "--batch-size, or layer norm; see normbench train --help",
                     "train", "--data-dir", DATA, "--batch-size", "27")
        self.refused(start.replace(" train:", " experiment:", 1) + "batches of one row; use --batch-size 2 or more, "
                     "or layer norm; see normbench experiment --help",
                     "experiment", "--data-dir", DATA, "--batch-size", "1")
        self.assertFolder()
        for norm in ("layer", "none"):
            self.assertEqual(self.record("--norm", norm, "--batch-size", "27", "--hidden", "8")["steps"], 38)
        self.assertEqual(self.record("--batch-size", "27", "--hidden", "none")["status"], "ok")

    def test_missing_and_damaged_data(self):
        done = self.call("train", "--data-dir", self.path("nothing"), code=3)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("nothing", done.stderr)
        self.write_data(20, 10)
        with open(self.path("train-images-idx3-ubyte.gz"), "wb") as file:
            file.write(b"<!DOCTYPE html>")
        done = self.call("train", "--data-dir", self.folder, code=3)
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))


if __name__ == "__main__":
    unittest.main()
