#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""script/goals on folders of results whose figures are known, and on those of this project."""
import csv
import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIELDS = ("family problem dtype isa threads cache median gflops gbytes share ceiling vs_best_peer").split()
MACHINE = {"cpu": "A CPU", "build": {"commit": "abc", "dirty": True}}


def row(problem, best_peer="", median=1.0, gflops="", gbytes="", share="", ceiling="", **more):
    return {"family": problem.split("_")[0], "problem": problem, "dtype": "f32", "isa": "avx2", "threads": 1,
            "cache": "hot", "median": median, "gflops": gflops, "gbytes": gbytes, "share": share, "ceiling": ceiling,
            "vs_best_peer": best_peer, **more}


def cell(program, batch_size, median, threads=1, norm="batch", **more):
    return {"program": program, "batch_size": batch_size, "median": median, "threads": threads, "norm": norm, **more}


class Goals(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="normbench goals ")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def rows(self, name, rows, fields=FIELDS):
        self.write(name, "\n".join([",".join(fields)] + [",".join(str(r[f]) for f in fields) for r in rows]) + "\n")

    def goals(self, folder=None, code=0):
        done = subprocess.run([os.path.join(ROOT, "script", "goals"), folder or self.folder], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def verdicts(self, peers="best"):
        """Rows of goals.csv, by goal and number of threads."""
        self.goals()
        with open(os.path.join(self.folder, "goals.csv"), newline="") as file:
            return {(r["goal"], r["threads"]): r for r in csv.DictReader(file) if r["peers"] == peers}

    def assert_verdict(self, verdict, least, at, met, of, reached):
        self.assertAlmostEqual(float(verdict["least"]), least)
        self.assertEqual((verdict["at"], verdict["met"], verdict["of"], verdict["reached"]),
                         (at, str(met), str(of), str(int(reached))))

    def test_ratios_to_the_best_peer(self):
        ratios = [0.96] + [1.0] * 5 + [1.2] * 4  # 90 %, just so
        others = [row("matmul_nn:1x1x1", 0.1, dtype="f64"), row("matmul_nn:1x1x1", 0.1, cache="cold"),
                  row("matmul_nn:1x1x1", 0.1, isa="scalar"), row("matmul_nn:1x1x1", 0.1, isa="openblas"),
                  row("matmul_nn:9x9x9")]
        self.rows("bench.csv", [row("matmul_nn:%dx1x1" % i, ratio) for i, ratio in enumerate(ratios)] + others)
        verdicts = self.verdicts()
        self.assert_verdict(verdicts["matmul: not behind the best peer", "1"], 0.96, "matmul_nn:0x1x1", 9, 10, True)
        self.assert_verdict(verdicts["matmul: never far behind the best peer", "1"], 0.96, "matmul_nn:0x1x1", 10, 10, True)
        self.assertEqual(len(verdicts), 2, "what a folder has no figures for is no goal of it")

    def test_one_that_is_behind_is_enough_to_miss(self):
        self.rows("bench.csv", [row("batchnorm_relu_forward:32x256", 1.99), row("batchnorm_backward:128x1000", 2.5),
                                row("batchnorm_infer:32x256", 0.1), row("batchnorm_forward:8192x256", 0.1)])
        self.assert_verdict(self.verdicts()["BatchNorm: in cache against the best peer", "1"],
                            1.99, "batchnorm_relu_forward:32x256", 1, 2, False)

    def test_shares_of_ceilings_are_of_the_one_that_is_named(self):
        self.rows("bench.csv", [
            row("matmul_nn_panels:32x256x784", gflops=95, share=0.95, ceiling="FMA"),  # so the peak is 100
            row("matmul_nn_panels:4x1000x784", gflops=60, share=1.5, ceiling="L3 read"),
            row("matmul_nn:4x1000x784", gflops=50, share=1.2, ceiling="L3 read"),  # as training does not keep weights
            row("matmul_nn_panels:1x256x784", gflops=5, share=0.5, ceiling="L2 read"),
            row("matmul_nn:512x512x512", gflops=92, share=0.92, ceiling="FMA"),
            row("matmul_tn:784x256x128", gflops=91, share=0.91, ceiling="FMA"),
            row("matmul_tn:784x256x4", gflops=5, share=0.05, ceiling="FMA"),
            row("layernorm_forward:8192x1000", gbytes=18, share=0.9, ceiling="memory copy"),  # so a copy is 20
            row("row_sum:8192x1000", gbytes=17, share=0.5, ceiling="L3 read"),
            row("row_sum:8192x1024", gbytes=16, share=0.5, ceiling="L3 read"),
            row("row_sum:8192x256", gbytes=1, share=0.5, ceiling="L3 read")])
        verdicts = self.verdicts()
        self.assert_verdict(verdicts["matmul: forward from batch 4, of the FMA peak", "1"],
                            0.6, "matmul_nn_panels:4x1000x784", 1, 2, False)
        self.assert_verdict(verdicts["matmul: squares from 256, of the FMA peak", "1"],
                            0.92, "matmul_nn:512x512x512", 1, 1, True)
        self.assert_verdict(verdicts["matmul: gradients from batch 32, of the FMA peak", "1"],
                            0.91, "matmul_tn:784x256x128", 0, 1, False)
        self.assert_verdict(verdicts["LayerNorm: from memory, of the copy", "1"],
                            0.9, "layernorm_forward:8192x1000", 1, 1, True)
        self.assert_verdict(verdicts["reductions: from memory, of the copy", "1"],
                            0.8, "row_sum:8192x1024", 1, 2, False)

    def test_what_is_not_reached_is_said_with_its_ceiling(self):
        self.rows("bench.csv", [row("matmul_nn:1x1x1", 0.9, share=0.96, ceiling="L3 read"),
                                row("layernorm_forward:32x256", 1.9, share=0.5, ceiling="L2 copy"),
                                row("batchnorm_forward:32x256", 2.5, share=0.5, ceiling="L2 copy"),
                                row("batchnorm_forward:128x256", 2.0)])
        verdict = self.verdicts()["LayerNorm: in cache against the best peer", "1"]
        self.assertEqual((verdict["ceiling"], float(verdict["share"])), ("L2 copy", 0.5))
        with open(os.path.join(self.folder, "goals.md")) as file:
            page = file.read().split("## What is not reached")[1]
        lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.split("\n") if line.startswith("| ")]
        self.assertEqual(lines[2:], [
            ["matmul: not behind the best peer", "avx2, 1", "0.90", "1.00", "matmul_nn:1x1x1", "L3 read", "96 %", "**0.94**"],
            ["matmul: never far behind the best peer", "avx2, 1", "0.90", "0.95", "matmul_nn:1x1x1", "L3 read", "96 %",
             "**0.94**"],
            ["LayerNorm: in cache against the best peer", "avx2, 1", "1.90", "2.00", "layernorm_forward:32x256", "L2 copy",
             "50 %", "3.80"]])
        self.rows("bench.csv", [row("matmul_nn:1x1x1", 1.5)])
        self.goals()
        with open(os.path.join(self.folder, "goals.md")) as file:
            self.assertNotIn("not reached", file.read())

    def test_autovec_is_held_against_the_same_problem(self):
        self.rows("bench.csv", [row("relu_forward:4x4", median=2.0), row("relu_forward:4x4", median=3.0, isa="autovec"),
                                row("relu_forward:8x8", median=4.0), row("relu_forward:8x8", median=3.0, isa="autovec"),
                                row("relu_forward:8x8", median=1.0, isa="autovec", threads=2)])
        self.assert_verdict(self.verdicts()["all kernels: the contract is free, against autovec", "1"],
                            0.75, "relu_forward:8x8", 1, 2, False)

    def test_means_are_those_of_the_standing(self):
        fields = "family dtype isa threads cache vs_best_peer openblas blis".split()
        self.rows("standing.csv", [dict(zip(fields, ("matmul", "f32", "avx2", 2, "hot", 1.01, 1.14, "")))], fields)
        self.rows("bench.csv", [row("matmul_nn:1x1x1", 1.0, threads=2)])
        verdicts = self.verdicts()
        self.assert_verdict(verdicts["matmul: mean against the best peer", "2"], 1.01, "all problems", 1, 1, True)
        self.assert_verdict(verdicts["matmul: mean against OpenBLAS", "2"], 1.14, "all problems", 0, 1, False)
        self.assertNotIn(("matmul: mean against BLIS", "2"), verdicts)

    def test_epochs_against_the_best_setting_with_as_many_threads(self):
        cells = [cell("normbench", 512, 1.0, isa="avx2"), cell("normbench", 512, 0.5, threads=2, isa="avx2"),
                 cell("normbench", 512, 0.1, norm="none", isa="avx2"), cell("normbench", 512, 9.0, isa="autovec"),
                 cell("pytorch", 512, 1.6), cell("pytorch", 512, 1.5), cell("pytorch", 512, 0.8, threads=2)]
        peaks = [{"isa": "avx2", "threads": 1, "f32_flops_per_second": 100.0}]
        self.write("programs/epochs.json", json.dumps(
            {"status": "interrupted", "cells": cells, "peaks": peaks, "flop": 90}))
        self.write("machine.json", json.dumps(MACHINE))
        verdicts = self.verdicts()
        self.assert_verdict(verdicts["epoch: batch 512, against PyTorch", "1"], 1.5, "batch", 1, 1, True)
        self.assert_verdict(verdicts["epoch: batch 512, against PyTorch", "2"], 1.6, "batch", 0, 1, False)
        self.assert_verdict(verdicts["epoch: from batch 128, of the FMA peak", "1"], 0.9, "batch, batch 512", 1, 1, True)
        self.assertEqual(len(verdicts), 3)
        with open(os.path.join(self.folder, "goals.md")) as file:
            page = file.read()
        self.assertIn("A CPU, commit abc with changes", page)
        self.assertRegex(page, r"\| epoch: batch 512, against PyTorch +\| 1.50 / 1.75 \| \*\*1.50\*\* \| +1.60 \|")
        self.assertIn("2 of 3 are reached.", page)
        self.assertIn("Not in this folder: bench.csv, standing.csv, some epochs (status: interrupted).", page)

    def test_peers_that_are_held_to_an_isa_have_columns_of_their_own(self):
        self.rows("bench.csv", [row("matmul_nn:1x1x1", 0.5), row("layernorm_forward:32x256", 1.1)])
        self.write("machine.json", json.dumps(MACHINE))
        self.rows("held-to-avx2/bench.csv", [
            row("matmul_nn:1x1x1", 1.5, median=2.0), row("matmul_nn:1x1x1", median=2.5, isa="autovec"),
            row("matmul_tn:784x256x128", gflops=91, share=0.91, ceiling="FMA")])
        best, held = self.verdicts(), self.verdicts("avx2")
        self.assert_verdict(best["matmul: never far behind the best peer", "1"], 0.5, "matmul_nn:1x1x1", 0, 1, False)
        self.assert_verdict(held["matmul: never far behind the best peer", "1"], 1.5, "matmul_nn:1x1x1", 1, 1, True)
        self.assert_verdict(held["all kernels: the contract is free, against autovec", "1"],
                            1.25, "matmul_nn:1x1x1", 1, 1, True)
        self.assertEqual((len(best), len(held)), (3, 3), "what is not about others is no matter of theirs")
        with open(os.path.join(self.folder, "goals.md")) as file:
            page = file.read()
        self.assertRegex(page, r"\| goal +\| +wanted \| +avx2, 1 \| avx2 against avx2, 1 \|")
        self.assertRegex(page, r"\| matmul: never far behind the best peer +\| +0.95 \| +0.50 \| +\*\*1.50\*\* \|")
        self.assertIn("\n0 of 3 are reached.", page)
        self.assertIn("held to that ISA (`held-to-avx2/`), and 3 of 3 are reached.", page)
        self.assertIn("held-to-avx2/standing.csv, held-to-avx2/programs/epochs.json.", page)

    def test_what_is_no_folder_of_results_is_refused(self):
        for name, text, message in ((None, "", "neither bench.csv nor programs/epochs.json with figures; script/results makes"),
                                    ("programs/epochs.json", "{", "programs/epochs.json': Expecting"),
                                    ("programs/epochs.json", "[]", "programs/epochs.json"),
                                    ("programs/epochs.json", json.dumps(
                                        {"status": "ok", "cells": [cell("normbench", 4, "soon")], "peaks": [], "flop": 1}),
                                     "could not convert"),
                                    ("bench.csv", ",".join(FIELDS) + "\n" + "a,b,f32,avx2,1,hot,0" + "," * 5 + "\n",
                                     "'0' is no time"),
                                    ("bench.csv", "a,b\n1,2\n", "it has no 'dtype'"),
                                    ("bench.csv", ",".join(FIELDS) + "\n", "neither bench.csv nor")):
            with self.subTest(name=name, text=text):
                if name:
                    self.write(name, text)
                done = self.goals(code=3)
                self.assertRegex(done.stderr, r"^goals: [^\n]*\n$")
                self.assertIn(message, done.stderr)
                self.assertFalse(glob.glob(os.path.join(self.folder, "goals*")))
                if name:
                    os.remove(os.path.join(self.folder, name))
        self.goals(folder=os.path.join(self.folder, "nowhere"), code=3)

    def test_those_of_this_project_are_of_their_rows(self):
        folders = [os.path.dirname(path) for path in glob.glob(os.path.join(ROOT, "results", "*", "goals.csv"))]
        self.assertTrue(folders)
        for number, folder in enumerate(folders):
            copy = os.path.join(self.folder, str(number))
            os.makedirs(os.path.join(copy, "programs"))
            for name in ("bench.csv", "standing.csv", "machine.json", "programs/epochs.json"):
                shutil.copy(os.path.join(folder, name), os.path.join(copy, name))
            if os.path.isdir(os.path.join(folder, "held-to-avx2")):
                shutil.copytree(os.path.join(folder, "held-to-avx2"), os.path.join(copy, "held-to-avx2"))
            self.goals(folder=copy)
            for name in ("goals.csv", "goals.md"):
                with open(os.path.join(folder, name)) as was, open(os.path.join(copy, name)) as now:
                    self.assertEqual(was.read(), now.read(), "%s: script/goals %s makes it anew" % (name, folder))


if __name__ == "__main__":
    unittest.main()
