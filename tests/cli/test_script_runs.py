#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts that build and run the program, with stand-ins for their parts: what they ask of these, and in which order."""

import os
import unittest

from scripts_case import Scripts, read, write


class Experiment(Scripts):
    """script/experiment with stand-ins for its parts: what it asks of them."""

    def setUp(self):
        super().setUp()
        self.stand_in("setup", folder="script")
        self.stand_in("build", 'cd "${0%/*}/../b" && pwd', folder="script")
        self.stand_in("fetch-data", folder="script")
        self.stand_in("normbench", "exit 42", folder="b/src")

    def experiment(self, *args, **env):
        result = self.run_script("experiment", *args, **env)
        self.assert_exit(result, 42)
        return [line.replace(self.top, "TOP") for line in self.logged("")]

    def test_plain(self):
        self.assertEqual(self.experiment("--epochs", "1", "--hidden", "a b"),
                         ["setup ", "build ", "fetch-data mnist",
                          "normbench experiment --output TOP/b/experiment --epochs 1 --hidden a b"])

    def test_data_set_by_option_or_environment(self):
        for args, env in ((["--dataset", "fashion-mnist"], {}), (["--dataset=fashion-mnist"], {}),
                          ([], {"NORMBENCH_DATASET": "fashion-mnist"}),
                          (["--dataset", "fashion-mnist"], {"NORMBENCH_DATASET": "mnist"})):
            write(self.log, b"")
            self.assertIn("fetch-data fashion-mnist", self.experiment(*args, **env))

    def test_own_data_is_not_fetched(self):
        for args, env in ((["--data-dir", "x"], {}), (["--data-dir=x"], {}), ([], {"NORMBENCH_DATA_DIR": "x"})):
            write(self.log, b"")
            self.assertNotIn("fetch-data", " ".join(self.experiment(*args, **env)))

    def test_a_failing_part_ends_it(self):
        self.stand_in("fetch-data", "exit 3", folder="script")
        self.assert_exit(self.run_script("experiment"), 3)
        self.assertEqual(self.logged("normbench"), [])

    def test_help_does_nothing(self):
        result = self.run_script("experiment", "--help")
        self.assert_exit(result, 0)
        self.assertIn("usage: script/experiment", result.stdout)
        self.assertEqual(self.logged(""), [])


class Results(Scripts):
    """script/results with stand-ins for its parts: what it asks of them, and in which folder."""

    BENCH = '''
        [ "$3" != avx512 ] || exit 2
        mkdir "$3/a-cpu-2" && : >"$3/a-cpu-2/machine.json" && echo '{}' >"$3/a-cpu-2/bench.json"
        '''
    WITH_AVX512 = '''
        [ "$3" != avx512 ] || exit 0
        [ "$2" != --output ] || { mkdir "$3"; for i in bench.json bench.csv; do : >"$3/$i"; done; exit; }
        '''

    def setUp(self):
        super().setUp()
        for name in ("setup", "fetch-data", "bench-programs", "goals"):
            self.stand_in(name, folder="script")
        self.stand_in("build", 'cd "${0%/*}/../b" && pwd', folder="script")
        self.stand_in("normbench", self.BENCH, folder="b/src")
        write(os.path.join(self.top, "results", "a-cpu", "machine.json"), b"{}")

    def test_every_part_in_its_turn_and_in_the_new_folder(self):
        self.assert_exit(self.run_script("results"), 0)
        self.assertEqual([line.replace(self.top, "TOP") for line in self.logged("")], [
            "setup base extra peers pytorch programs",
            "build -Dopenblas=enabled -Dblis=enabled -Donednn=enabled -Dlibxsmm=enabled",
            "fetch-data mnist",
            "normbench bench --results TOP/results --peers all",
            "bench-programs --program TOP/b/src/normbench --only epochs --rounds 3 --norms batch,layer "
            "--output TOP/results/a-cpu-2/programs",
            "normbench bench --isas avx512 --list",
            "goals TOP/results/a-cpu-2"])
        self.assertEqual(sorted(os.listdir(os.path.join(self.top, "results", "a-cpu-2"))),
                         ["bench.json.gz", "machine.json"])

    def test_avx2_beside_its_like_where_there_is_avx512(self):
        self.stand_in("normbench", self.WITH_AVX512 + self.BENCH, folder="b/src")
        self.assert_exit(self.run_script("results"), 0)
        held = "TOP/results/a-cpu-2/held-to-avx2"
        self.assertEqual([line.replace(self.top, "TOP") for line in self.logged("")][6:], [
            "normbench bench --output %s --peers all --peers-isa avx2 --isas avx2,autovec --dtypes f32 "
            "--caches hot" % held,
            "bench-programs --program TOP/b/src/normbench --only epochs --rounds 3 --norms batch,layer "
            "--output %s/programs --isas avx2 --peers-isa avx2" % held,
            "goals TOP/results/a-cpu-2"])
        self.assertEqual(sorted(os.listdir(held.replace("TOP", self.top))), ["bench.csv", "bench.json.gz"])

    def test_a_folder_that_is_new(self):
        self.assert_exit(self.run_script("results", os.path.join(self.top, "else where")), 0)
        self.assertEqual(self.logged("goals"), ["goals %s/else where/a-cpu-2" % self.top])

    def test_a_failing_part_ends_it(self):
        self.stand_in("normbench", self.BENCH + "exit 130", folder="b/src")
        self.assert_exit(self.run_script("results"), 130)
        self.assertEqual(self.logged("bench-programs") + self.logged("goals"), [])

    def test_libraries_are_not_held_to_a_core(self):
        names = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "BLIS_ARCH_TYPE", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
                 "LIBXSMM_TARGET", "ATEN_CPU_CAPABILITY")
        self.stand_in("normbench", 'echo "%s" >"$0.env"' % "".join("${%s-}" % name for name in names) + self.BENCH,
                      folder="b/src")
        result = self.run_script("results", **dict.fromkeys(names, "Haswell"))
        self.assert_exit(result, 0)
        for name in names:
            self.assertIn(f"{name}=Haswell is not heeded", result.stderr)
        self.assertEqual(read(os.path.join(self.top, "b", "src", "normbench.env")), b"\n")

    def test_help_and_mistakes_do_nothing(self):
        for args, code, text in ((["--help"], 0, "usage: script/results"), (["--fast"], 2, "no option '--fast'"),
                                 (["a", "b"], 2, "one folder at most")):
            result = self.run_script("results", *args)
            self.assert_exit(result, code)
            self.assertIn(text, result.stdout + result.stderr)
        self.assertEqual(self.logged(""), [])


class Build(Scripts):
    def test_configures_once_and_prints_the_folder(self):
        self.stand_in("meson", 'echo noise; [ "$1" = configure ] || { mkdir -p "$2" && : >"$2/build.ninja"; }')
        self.stand_in("ninja", "echo noise")
        folder = os.path.join(self.top, "the build")
        for run in (1, 2):
            result = self.run_script("build", BUILD_DIR="the build")
            self.assert_exit(result, 0)
            self.assertEqual(result.stdout, folder + "\n")
            self.assertNotIn("noise", result.stderr)
            self.assertEqual(self.logged("meson"), ["meson setup " + folder])
        self.run_script("build", "-Dtests=enabled", BUILD_DIR=folder)
        self.assertEqual(self.logged("meson")[1:], [f"meson configure {folder} -Dtests=enabled"])

    def test_a_failing_build_shows_its_output(self):
        self.stand_in("meson")
        self.stand_in("ninja", "echo error: no such header; exit 1")
        result = self.run_script("build")
        self.assert_exit(result, 1)
        self.assertIn("error: no such header", result.stderr)
        self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
