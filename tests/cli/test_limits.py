# SPDX-License-Identifier: MIT
"""Sizes, numbers and texts beyond all bounds: each is refused in one line with the remedy, before any memory is asked for."""
import gzip
import json
import os
import struct
import unittest

from case import Case, DATA

LONG = "x" * 100000
GRID = ["sweep", "--data-dir", DATA, "--dry-run", "--output", "out"]


class Limits(Case):
    def assertRefused(self, *args, code=2, words=(), env=None):
        done = self.call(*args, code=code, env=env)
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), done.stderr)
        self.assertLess(len(done.stderr), 1200)
        self.assertTrue(done.stderr[:-1].isprintable(), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFolder(*self.there)

    def setUp(self):
        super().setUp()
        self.there = ()

    def test_sizes_of_training(self):
        for option, values in (
                ("--hidden", ("2147483648", "4294967297", "1048577", "18446744073709551617", ",".join(["4"] * 1000))),
                ("--batch-size", ("1000000000000", "2147483648", "18446744073709551744", "0", "-1")),
                ("--epochs", ("1000000000000000000", "18446744073709551617")),
                ("--threads", ("1000000000", "4294967297")),
                ("--train-rows", ("99999999999999999999", "-1")),
                ("--classes", ("4294967306",))):
            for value in values:
                with self.subTest(option=option, value=value):
                    self.assertRefused("train", "--data-dir", DATA, option, value, words=[option])

    def test_numbers(self):
        for value in ("1e400", "1e-400", "nan", "inf", "-inf", "0x10", " 5", "5 ", "5e", "", "1,5", "1" * 100000, LONG):
            for option in ("--lr", "--weight-decay", "--batch-size", "--seed"):
                with self.subTest(option=option, value=value[:20]):
                    self.assertRefused("train", "--data-dir", DATA, option, value, words=[option])

    def test_large_settings_that_are_fine(self):
        for args in (["--batch-size", "2147483647"], ["--hidden", ",".join(["2"] * 16)],
                     ["--lr", "0." + "1" * 100000], ["--seed", "0" * 100000 + "1"]):
            with self.subTest(args=args[0]):
                self.assertEqual(self.record("--hidden", "4", "--threads", "1", *args)["status"], "ok")

    def test_grids(self):
        many = ["--batch-sizes", "2..257", "--seeds", "1..256"]
        for args, words in ((many, ["the limit is 20000", "shorten them"]),
                            ([*many, "--lrs", ",".join("0.%d" % i for i in range(1, 257))], ["--lrs"]),
                            (["--seeds", "1..18446744073709551615"], ["--seeds"]),
                            (["--seeds", "0..4294967295"], ["--seeds", "at most 256"]),
                            (["--jobs", "1000000000"], ["--jobs"])):
            with self.subTest(args=args):
                self.assertRefused(*GRID, *args, words=words)

    def test_problems_of_bench(self):
        for problem, words in (("matmul_nn:1099511627776x1099511627776x1099511627776", ["more than half of the memory"]),
                               ("matmul_nn:18446744073709551615x18446744073709551615x2", []),
                               ("relu_forward:4294967296x4294967296", ["more than half of the memory"]),
                               ("sgd_step:18446744073709551616", ["a size is a number"]),
                               ("relu_forward:1..1000000000000x1..100000000", ["more than 256 values"])):
            with self.subTest(problem=problem):
                self.assertRefused("bench", "--peers", "none", "--problems", problem, words=words)
        self.assertRefused("bench", "--threads", "1000000000", words=["--threads"])
        self.assertRefused("bench", "--samples", "99999999999", words=["--samples"])
        self.assertRefused("bench", "--output", LONG, "--peers", "none", words=["--output", "is too long"])

    def test_texts(self):
        """A long text leaves the message its beginning and its end; what would move a terminal's cursor is not shown."""
        for text in (LONG, "a\nb", "\033[31m\r\b", "x" * 300):
            for args, code in ((["train", "--data-dir"], 3), (["train", "--isa"], 2), (["train", "--hidden"], 2),
                               (["train", "--dataset"], 2), (["bench", "--problems"], 2), (["bench", "--peers"], 2),
                               (["bench", "--filter"], 2), (["check", "--filter"], 2), (["verify", "--filter"], 2),
                               (["verify", "--list-file"], 3), (["sweep"], 2), (["report"], 3), (["compare", text], 3), ([], 2)):
                with self.subTest(text=text[:9], args=args):
                    done = self.call(*args, text, code=code)
                    self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
                    self.assertTrue(done.stderr[:-1].isprintable(), done.stderr)
                    self.assertRegex(done.stderr, r"; [^;]+\n\Z")
                    self.assertFolder()

    def test_names_of_outputs(self):
        for args in (["train", "--json"], ["train", "--trace"], ["bench", "--peers", "none", "--json"], ["verify", "--json"],
                     ["info", "--json"]):
            for name in ("x" * 256, LONG, "y/" * 3000 + "x"):
                with self.subTest(args=args, name=name[:9]):
                    more = ["--data-dir", DATA] if args[0] == "train" else []
                    self.assertRefused(*args, name, *more, code=1, words=["File name too long; choose a shorter name"])
        name = "a\nb\u00e9\"'$(x)`x`;&|<>*?.json"
        done = self.train("--hidden", "4", "--json", name)
        self.assertFolder(name)
        self.assertEqual(done.returncode, 0)

    def test_variables(self):
        for name, value in (("LR", LONG), ("LR", ""), ("BATCH_SIZE", "1e3"), ("DATA_DIR", ""), ("JSON", ""), ("ISA", LONG),
                            ("HIDDEN", "," * 100000)):
            with self.subTest(name=name):
                self.assertRefused("train", env={"NORMBENCH_" + name: value}, words=["NORMBENCH_" + name])
        for value in ("", LONG):
            self.assertRefused("bench", "--list", env={"NORMBENCH_BENCH": value}, words=["NORMBENCH_BENCH"])
        self.assertRefused("train", env={"XDG_CACHE_HOME": LONG, "HOME": LONG}, code=3, words=["script/fetch-data"])
        self.assertRefused("bench", "--peers", "pytorch", env={"NORMBENCH_PYTHON": LONG}, words=["--peers"])

    def test_headers_of_data(self):
        """What a header says costs no memory that the file cannot fill."""
        self.write_data(8, 4)
        name = "train-images-idx3-ubyte.gz"
        self.there = sorted(os.listdir(self.folder))
        for dims in ((1000000000, 1, 1), (0xffffffff, 0xffffffff, 0xffffffff), (0x80000000, 2, 1), (65536, 65536, 65536),
                     (1, 0xffffffff, 0xffffffff)):
            with self.subTest(dims=dims), gzip.open(self.path(name), "wb") as file:
                file.write(struct.pack(">4I", 0x803, *dims) + bytes(32))
            self.assertRefused("train", "--data-dir", self.folder, code=3, words=[name, "script/fetch-data"])

    def bomb(self, name, start, mebibytes):
        with gzip.open(self.path(name), "wb", compresslevel=1) as file:
            file.write(start)
            for _ in range(mebibytes):
                file.write(bytes(1 << 20))

    def test_bombs(self):
        """A small file that unpacks to a large one is refused before it is unpacked."""
        self.write_data(8, 4)
        name = "train-images-idx3-ubyte.gz"
        self.bomb(name, struct.pack(">4I", 0x803, 8, 2, 2), 64)
        self.there = sorted(os.listdir(self.folder))
        self.assertRefused("train", "--data-dir", self.folder, code=3, words=["trailing bytes", "script/fetch-data"])
        self.bomb("bench.json.gz", b'{"context": "', 20)
        self.there = sorted(os.listdir(self.folder))
        self.assertRefused("compare", "bench.json.gz", "bench.json.gz", code=3, words=["more than 100 times its size"])

    def test_deep_and_long_json(self):
        for content in ("[" * 1000000, '{"a":' * 1000000, json.dumps({"context": {}, "benchmarks": [[]] * 10}),
                        '{"context": {}, "benchmarks": [{"name": "' + LONG + '"}]}'):
            with open(self.path("bench.json"), "w") as file:
                file.write(content)
            os.makedirs(self.path("study"), exist_ok=True)
            with open(self.path("study", "records.jsonl"), "w") as file:
                file.write(content + "\n")
            self.there = ("bench.json", "study")
            self.assertRefused("compare", "bench.json", "bench.json", code=3, words=["bench.json"])
            self.assertRefused("report", "study", code=3, words=["records.jsonl"])


if __name__ == "__main__":
    unittest.main()
