# SPDX-License-Identifier: MIT
"""Where output goes, for every command that writes: streams that are closed, disks that are full or read-only, places found
to be bad before the work and not after it."""
import os
import resource
import shutil
import signal
import subprocess
import unittest

import study_records
from case import DATA, PROGRAM, Case, environment, strict_json

SHORT = ("--data-dir", DATA, "--epochs", "1", "--hidden", "4", "--threads", "1")
ROW = ("--problems", "relu_forward:4x8", "--isas", "scalar", "--threads", "1", "--peers", "none", "--samples", "3",
       "--time", "0.01", "--no-ceilings")
LONG = {"--epochs": "1000000", "--time": "100000", "--samples": "100000"}


def writers(place):
    """Every command that writes, with its outputs inside `place`."""
    return {
        "train": ("train", *SHORT, "--json", place + "/run.json", "--trace", place + "/trace"),
        "experiment": ("experiment", *SHORT, "--output", place + "/experiment"),
        "sweep": ("sweep", *SHORT, "--norms", "layer", "--batch-sizes", "100", "--lrs", "0.1", "--seeds", "1",
                  "--timing-epochs", "0", "--output", place + "/sweep"),
        "report": ("report", "study", "--output", place + "/report"),
        "bench": ("bench", *ROW, "--json", place + "/bench.json", "--output", place + "/bench"),
        "results": ("bench", *ROW, "--results", place + "/results"),
        "verify": ("verify", "--filter", "adam", "--isa", "scalar", "--threads", "1", "--json", place + "/verify.json"),
        "info": ("info", "--no-peaks", "--json", place + "/info.json"),
        "compare": ("compare", "a.json", "a.json", "--json", place + "/c.json", "--csv", place + "/c.csv"),
    }


class Places(Case):
    @classmethod
    def setUpClass(cls):
        cls.records = [study_records.convergence(PROGRAM, norm, 100, seed, 1, "--hidden", "4")
                       for norm in ("batch", "layer") for seed in (1, 2)]

    def setUp(self):
        super().setUp()
        study_records.write(self.path("study"), self.records)
        self.call("bench", *ROW, "--json", "a.json")
        os.mkdir(self.path("out"))

    def run_program(self, args, **more):
        env = environment(PATH="/nowhere")
        return subprocess.run([PROGRAM, *args], cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, **more)

    def assertWhole(self, folder):
        """No half of a file is there."""
        for where, _, names in os.walk(folder):
            for name in names:
                self.assertFalse(name.endswith(".tmp") or name.startswith("."), name)
                with open(os.path.join(where, name), encoding="utf-8") as file:
                    text = file.read()
                if name.endswith(".json"):
                    strict_json(text)
                for line in text.splitlines() if name.endswith(".jsonl") else ():
                    strict_json(line)
                if name.endswith(".html"):
                    self.assertTrue(text.endswith("</html>\n"))

    def assertFailed(self, done, reason, name):
        self.assertEqual(done.returncode, 1, (name, done.stderr))
        self.assertRegex(done.stderr, r"(?m)^normbench[ a-z]*: [^\n]*%s; [^\n]+\n\Z" % reason)

    def test_streams_that_are_closed(self):
        """Output files are not written into in place of a stream, and a stream that takes nothing is told by the exit code."""
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            for name, args in writers("out").items():
                with self.subTest(closed=closed, command=name):
                    def close():
                        for descriptor in closed:
                            os.close(descriptor)
                    done = self.run_program(args, preexec_fn=close)
                    self.assertEqual(done.returncode, int(1 in closed), done.stderr)
                    if closed == (1,):
                        self.assertIn("normbench: cannot write to standard output", done.stderr)
                    self.assertWhole(self.path("out"))
                    self.assertTrue(os.listdir(self.path("out")))
                    shutil.rmtree(self.path("out"))
                    os.mkdir(self.path("out"))

    def test_reader_of_one_line(self):
        """As `| head -1`: the rest of the work is done, and the exit code says that nobody read it."""
        for name, args in writers("out").items():
            with self.subTest(command=name):
                read, write = os.pipe()
                os.close(read)
                with os.fdopen(write, "w") as pipe:
                    done = subprocess.run([PROGRAM, *args], cwd=self.folder, env=environment(PATH="/nowhere"), stdout=pipe,
                                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("normbench: cannot write to standard output: ", done.stderr)
        self.assertWhole(self.path("out"))

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_standard_output_that_is_full(self):
        for name, args in {**writers("out"), "check": ("check", "--isa", "scalar", "--exact", "--filter", "f32/relu/relu_forward"),
                           "list": ("bench", "--list", *ROW), "help": ("--help",), "version": ("--version",)}.items():
            with self.subTest(command=name), open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *args], cwd=self.folder, env=environment(PATH="/nowhere"), stdout=full,
                                      stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("normbench: cannot write to standard output: ", done.stderr)

    def test_limit_of_the_file_size(self):
        for name, args in writers("out").items():
            for size in (0, 100, 1500):
                with self.subTest(command=name, size=size):
                    def limit():
                        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
                    done = self.run_program(args, preexec_fn=limit)
                    if (name, size) != ("compare", 1500):
                        self.assertFailed(done, "File too large", name)
                    self.assertWhole(self.path("out"))

    def mounted(self, options, args, prepare=":"):
        """Runs the program where `place` is a file system of its own, and then keeps what is there in `copy`."""
        script = ('mount -t tmpfs -o "$1" tmpfs place || exit 77; cd place && eval "$2" && cd .. || exit 77; shift 2; '
                  '"$@"; code=$?; rm -f place/filler; cp -r place copy; exit $code')
        shutil.rmtree(self.path("copy"), ignore_errors=True)
        os.makedirs(self.path("place"), exist_ok=True)
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", options, prepare,
                               PROGRAM, *args], cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        if done.returncode == 77 or "unshare:" in done.stderr:
            self.skipTest("this system lets nobody mount: " + done.stderr.strip())
        return done

    @unittest.skipUnless(shutil.which("unshare"), "no unshare")
    def test_disk_that_is_full(self):
        for name, args in writers("place").items():
            for kibibytes in (0, 8):
                with self.subTest(command=name, kibibytes=kibibytes):
                    fill = "head -c %dk /dev/zero > filler" % (256 - kibibytes)
                    done = self.mounted("size=256k", args, fill)
                    if done.returncode != 0 or kibibytes == 0:
                        self.assertFailed(done, "No space left on device", name)
                    self.assertWhole(self.path("copy"))

    @unittest.skipUnless(shutil.which("unshare"), "no unshare")
    def test_disk_that_is_read_only(self):
        """Found before the work, which would take hours, whether the folder is there or not."""
        there = 'mkdir experiment sweep report bench results && mount -o remount,ro "$PWD"'
        for name, args in writers("place").items():
            longer = [LONG.get(args[i - 1], word) for i, word in enumerate(args)]
            for options, prepare in (("ro", ":"), ("size=256k", there)):
                with self.subTest(command=name, options=options):
                    self.assertFailed(self.mounted(options, longer, prepare), "Read-only file system", name)

    def test_bad_places_are_found_before_the_work(self):
        """The work would take hours."""
        with open(self.path("file"), "w"):
            pass
        for name, args in writers("file").items():
            if name in ("info", "verify", "compare"):
                continue
            with self.subTest(command=name):
                longer = [LONG.get(args[i - 1], word) for i, word in enumerate(args)]
                self.assertFailed(self.run_program(longer), "Not a directory", name)
        done = self.run_program(("verify", "--full", "--data-dir", "/nowhere", "--json", "file/verify.json"))
        self.assertFailed(done, "Not a directory", "verify")

    def test_two_outputs_in_one_file(self):
        """Also where the paths look different."""
        os.symlink("out", self.path("link"))
        for other in ("./out/x", "out/../out//x", "link/x"):
            done = self.run_program(("train", *SHORT, "--json", "out/x", "--trace", other))
            self.assertEqual(done.returncode, 2)
            self.assertIn("--json and --trace both go to 'out/x'; give them different files", done.stderr)
            done = self.run_program(("compare", "a.json", "a.json", "--json", "out/x", "--csv", other))
            self.assertEqual(done.returncode, 2)
        self.assertEqual(os.listdir(self.path("out")), [])

    def test_nothing_is_left_of_a_killed_run(self):
        child = subprocess.Popen([PROGRAM, "train", *SHORT, "--epochs", "1000000", "--json", "out/run.json", "--trace",
                                  "out/trace"], cwd=self.folder, env=environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(child.stdout.close)
        while not child.stdout.readline().lstrip().startswith(b"2 "):
            pass
        child.kill()
        child.wait()
        left = os.listdir(self.path("out"))
        if any(name.endswith(".tmp") for name in left):
            self.skipTest("this file system has no files without a name")
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
