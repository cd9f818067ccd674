# SPDX-License-Identifier: MIT
"""normbench check from outside; the tester itself is tested by test_check.c."""
import re
import unittest

from case import Case

QUICK = "/f32/relu/"


class Check(Case):
    def check(self, *args, **more):
        return self.call("check", "--isa", "scalar", *args, **more)

    def test_lines_and_totals(self):
        lines = self.check("--filter", QUICK, "--seed", "5").stdout.splitlines()
        self.assertEqual(lines[0], "seed 5")
        self.assertRegex(lines[1], r"\Ascalar   f32  relu +\d+ calls +[1-9]\d* exact .* ok\Z")
        self.assertRegex(lines[2], r"\A2 kernels, [1-9]\d* calls, .*: 0 failures\Z")
        self.assertEqual(len(lines), 3)

    def test_exact_asks_no_reference_where_bits_are_promised(self):
        for args, bounded in (([], r"[1-9]\d*"), (["--exact"], "0")):
            lines = self.check("--filter", QUICK, *args).stdout.splitlines()
            self.assertRegex(lines[1], r" [1-9]\d* exact +%s bounded " % bounded)

    def test_autovec_has_bounds_for_bits(self):
        for args in ([], ["--exact"]):
            lines = self.call("check", "--isa", "autovec", "--filter", QUICK, *args).stdout.splitlines()
            self.assertRegex(lines[1], r"\Aautovec  f32  relu .* 0 exact +[1-9]\d* bounded .* ok\Z")

    def test_seed_repeats_a_run(self):
        outputs = [self.check("--filter", "f32/layernorm/layernorm_forward", "--seed", seed).stdout
                   for seed in ("7", "7", "8")]
        self.assertEqual(outputs[0], outputs[1])
        self.assertNotEqual(outputs[0].splitlines()[1:], outputs[2].splitlines()[1:])

    def test_seed_differs_each_time_and_is_printed(self):
        seeds = {self.check("--filter", QUICK).stdout.splitlines()[0] for _ in range(3)}
        self.assertGreater(len(seeds), 1)
        for seed in seeds:
            self.assertRegex(seed, r"\Aseed \d+\Z")

    def test_all_isas(self):
        lines = self.call("check", "--filter", QUICK, "--seed", "1").stdout.splitlines()[1:-1]
        for line in lines:
            self.assertRegex(line, r"\A\w+ +(f32 .* ok|skipped: \w.*)\Z")
        self.assertTrue(lines[0].startswith("autovec "))

    def test_wrong_usage(self):
        self.refused(" check: --filter: 'wombat' is in no kernel's name of these ISAs, such as "
                     "scalar/f32/matmul/matmul_nn; see normbench check --help", "check", "--filter", "wombat")
        for isa in ("sse9", "scalar,sse9", "scalar,", "neon,avx2"):
            done = self.call("check", "--isa", isa, code=2)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, r"\Anormbench check: --isa: '%s' is not usable here; choose all, or a list "
                                          r"out of auto, .*scalar.*; see normbench check --help\n\Z" % re.escape(isa))
        self.refused(" check: --seed: '-1' is not a whole number from 0 to 9223372036854775807; "
                     "see normbench check --help", "check", "--seed=-1")


if __name__ == "__main__":
    unittest.main()
