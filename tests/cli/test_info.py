# SPDX-License-Identifier: MIT
"""normbench info, for people and as JSON."""
import os
import re
import unittest

from case import Case, strict_json


class Info(Case):
    def test_text(self):
        done = self.call("info", "--no-peaks")
        for part in ("CPU:", "Caches:", "Cores:", "ISAs:", "Compiler:", "Libraries:", "scalar"):
            self.assertIn(part, done.stdout)
        self.assertNotIn("Peaks", done.stdout)

    def test_json(self):
        info = strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)
        self.assertEqual(list(info), ["machine", "isas", "default_isa", "default_threads", "libraries", "peers",
                                      "peer_variables", "peaks"])
        self.assertEqual(info["peaks"], [])
        self.assertGreaterEqual(info["default_threads"], 1)
        names = [isa["name"] for isa in info["isas"]]
        self.assertIn("scalar", names)
        for isa in info["isas"]:
            self.assertEqual(isa["usable"], isa["obstacle"] is None)
            self.assertTrue(isa["built"] or not isa["usable"])
        self.assertEqual([isa["name"] for isa in info["isas"] if not isa["exact"]], ["autovec"])
        self.assertIn(info["default_isa"], [isa["name"] for isa in info["isas"] if isa["usable"] and isa["exact"]])

    def test_cores_of_peers(self):
        """They are named, and are those that the variables ask for; what the user has set stays."""
        def ask(**env):
            info = strict_json(self.call("info", "--no-peaks", "--json", "-", env=env).stdout)
            return info, info["peers"], info["peer_variables"]
        cores = {"openblas": "OPENBLAS_CORETYPE", "blis": "BLIS_ARCH_TYPE"}
        def held(name, env):
            return f" (held by {cores[name]})" if cores[name] in env else ""
        info, peers, found = ask()
        for name in set(cores) & set(peers):
            self.assertRegex(peers[name], r"^[0-9]+\.[0-9.]+ [A-Za-z0-9_]+" + re.escape(held(name, os.environ)) + "$")
        # What is not set is tried again, and where two cores are as quick, the other may win.
        _, peers_again, found_again = ask(**found)
        self.assertLessEqual(found.items(), found_again.items())
        for name, variable in cores.items():
            if variable in found and name in peers:
                self.assertEqual(peers_again[name], peers[name].partition(" (")[0] + held(name, found))
        if "OPENBLAS_CORETYPE" in found and "openblas" in peers:
            self.assertEqual(peers["openblas"].split()[1], found["OPENBLAS_CORETYPE"])
        if "openblas" not in peers or "avx2" not in [isa["name"] for isa in info["isas"] if isa["usable"]]:
            self.skipTest("no OpenBLAS in this build, or no AVX2, without which it has no core to ask for")
        for core in ("Haswell", "Nehalem"):
            _, peers, found = ask(OPENBLAS_CORETYPE=core)
            self.assertEqual(peers["openblas"].split(maxsplit=1)[1], f"{core} (held by OPENBLAS_CORETYPE)")
            self.assertEqual(found["OPENBLAS_CORETYPE"], core)
            for chosen in ("openblas", "none"):
                done = self.call("bench", "--problems", "matmul_nn:4x4x4", "--dry-run", "--isas", "scalar", "--peers", chosen,
                                 env={"OPENBLAS_CORETYPE": core})
                self.assertEqual("OPENBLAS_CORETYPE is set: openblas runs" in done.stderr, chosen == "openblas")

    def test_peers_that_are_held_to_avx2(self):
        info = strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)
        if "avx2" not in [isa["name"] for isa in info["isas"] if isa["usable"]]:
            done = self.call("info", "--no-peaks", "--peers-isa", "avx2", code=2)
            self.assertIn("--peers-isa: this computer cannot run avx2", done.stderr)
            return
        env = {"OPENBLAS_CORETYPE": "Nehalem", "LIBXSMM_TARGET": "snb"}  # the option wins
        held = strict_json(self.call("info", "--no-peaks", "--json", "-", "--peers-isa", "avx2", env=env).stdout)
        self.assertEqual(set(held["peers"]), set(info["peers"]))
        for name, core, variable in (("openblas", " Haswell", "OPENBLAS_CORETYPE"), ("blis", " haswell", "BLIS_ARCH_TYPE"),
                                     ("onednn", "", "ONEDNN_MAX_CPU_ISA"), ("onednn-packed", "", "ONEDNN_MAX_CPU_ISA"),
                                     ("libxsmm", "", "LIBXSMM_TARGET"), ("pytorch", "", "ATEN_CPU_CAPABILITY")):
            if name in held["peers"]:
                self.assertRegex(held["peers"][name], r"^[0-9]+\.[0-9.a]+%s \(held by %s\)$" % (core, variable))
                self.assertIn(variable, held["peer_variables"])
        self.assertEqual(held["peer_variables"]["LIBXSMM_TARGET"], "hsw")

    def test_rows_beside_peers_that_are_held(self):
        """Of the same ISA, unless others are named; nobody is told to unset what the option has set."""
        if "avx2" not in [isa["name"] for isa in strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)["isas"]
                          if isa["usable"]]:
            self.skipTest("no AVX2 on this CPU")
        args = ("bench", "--problems", "matmul_nn:4x4x4", "--peers", "none", "--threads", "1")
        for more, isas in ((), ["avx2"]), (("--isas", "scalar"), ["scalar"]):
            done = self.call(*args, "--list", "--peers-isa", "avx2", *more)
            self.assertEqual([line.split("/")[2] for line in done.stdout.splitlines()], isas)
        self.assertIn("autovec", self.call(*args, "--list", "--peers-isa", "best").stdout)
        done = self.call("bench", "--problems", "matmul_nn:4x4x4", "--dry-run", "--peers-isa", "avx2", "--threads", "1")
        self.assertNotIn("is set:", done.stderr)

    def test_places_of_openmp(self):
        """Where OpenMP ties threads to places, the one that asks may run on its own place only; the process on all."""
        def usable(**env):
            machine = strict_json(self.call("info", "--no-peaks", "--json", "-", env=env).stdout)["machine"]
            return machine["usable_cpus"], machine["usable_cores"]
        free = usable()
        for env in ({"OMP_PROC_BIND": "true"}, {"OMP_PLACES": "cores"}, {"OMP_PLACES": "threads", "OMP_PROC_BIND": "spread"}):
            with self.subTest(env=env):
                self.assertEqual(usable(**env), free)

    def test_peaks(self):
        done = self.call("info", "--json", "info.json")
        self.assertIn("Peaks", done.stdout)
        with open(self.path("info.json")) as file:
            peaks = strict_json(file.read())["peaks"]
        self.assertTrue(peaks)
        for peak in peaks:
            for name in ("f32_flops_per_second", "f64_flops_per_second", "triad_bytes_per_second"):
                self.assertGreater(peak[name], 0)


if __name__ == "__main__":
    unittest.main()
