# SPDX-License-Identifier: MIT
"""The program on an emulated CPU that lacks what this one may have.

An instruction that the emulated CPU does not know ends the program with SIGILL, so that it gets through says that no code
outside of the chosen kernels needs a newer CPU. Exits with 77 where there is no qemu-user.
"""
import shutil
import sys
import unittest

from case import Case, strict_json


class OldCpu(Case):
    """One of 2008: SSE4.2, but no AVX and no FMA."""
    EMULATOR = ("qemu-x86_64", "-cpu", "Nehalem")

    def test_info_says_what_is_usable(self):
        info = strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)
        self.assertEqual([isa["name"] for isa in info["isas"] if isa["usable"] and isa["name"] in ("scalar", "avx2", "avx512")],
                         ["scalar"])
        for isa in info["isas"]:
            if isa["name"] in ("avx2", "avx512"):
                self.assertEqual((isa["built"], isa["obstacle"]),
                                 (True, "this CPU or operating system does not have it"))
        self.assertEqual(info["default_isa"], "scalar")
        self.assertRegex(self.call("info", "--no-peaks").stdout, "avx2 .* - this CPU or operating system does not have it")

    def test_scalar_gives_the_same_bits(self):
        """Without an FMA instruction scalar is other code than on this CPU, and the same numbers."""
        for args in (["--norm", "batch"], ["--norm", "layer", "--threads", "3"], ["--norm", "none"],
                     ["--norm", "batch", "--dtype", "f64", "--threads", "2"],
                     ["--norm", "layer", "--dtype", "f64", "--optimizer", "adam", "--lr", "0.001"]):
            args = ["--hidden", "6", "--batch-size", "64", *args]
            record = self.record(*args)  # which ISA is left to the program
            self.assertEqual(record["effective"]["isa"], "scalar")
            for isa in ("auto", "scalar"):
                native = self.record("--isa", isa, *args, emulator=())
                for digest in ("init_digest", "weights_digest"):
                    self.assertEqual(record[digest], native[digest], (isa, args))

    def test_scalar_by_name(self):
        self.assertEqual(self.record("--hidden", "none", "--isa", "scalar")["effective"]["isa"], "scalar")

    def test_missing_isas_are_refused(self):
        for isa in ("avx2", "avx512"):
            done = self.train("--isa", isa, code=2)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, "--isa: '%s' is not usable here; choose one of auto, .*scalar" % isa)
            self.assertNotRegex(done.stderr, ", avx")
            self.assertEqual(self.train(env={"NORMBENCH_ISA": isa}, code=2).stdout, "")


if __name__ == "__main__":
    if not shutil.which("qemu-x86_64"):
        print("qemu-x86_64 is not here (Debian's package qemu-user, of script/setup cross)")
        sys.exit(77)
    unittest.main()
