# SPDX-License-Identifier: MIT
"""Outputs that cannot be written: found early, reported, and never half there."""
import os
import resource
import signal
import subprocess
import unittest

from case import Case, DATA, PROGRAM, SANITIZED, environment, strict_json


class Output(Case):
    def test_unwritable_is_found_before_the_run(self):
        os.mkdir(self.path("folder"))
        for option in ("--json", "--trace"):
            for path, reason in (("no/such/run", "No such file or directory; make its folder first"),
                                 ("folder", "Is a directory; name a file inside it")):
                done = self.train("--epochs", "1000000", option, path, code=1)
                self.assertEqual(done.stdout, "")
                self.assertEqual(done.stderr, "normbench train: cannot write '%s': %s\n" % (path, reason))
        with open(self.path("file"), "w"):
            pass
        for folder in ("file", "file/sub"):
            done = self.call("experiment", "--data-dir", DATA, "--epochs", "1000000", "--output", folder, code=1)
            self.assertRegex(done.stderr, r"\Anormbench experiment: cannot make the folder '%s': Not a directory; "
                                          r"choose another place\n\Z" % folder)
        self.assertFolder("file", "folder")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_no_permission(self):
        os.mkdir(self.path("folder"), 0o500)
        done = self.train("--json", "folder/run.json", code=1)
        self.assertIn("Permission denied; choose a place that you may write to", done.stderr)

    def test_closed_stdout(self):
        for args in (["--help"], ["info", "--no-peaks"], ["train", "--data-dir", DATA, "--epochs", "1", "--json", "r"]):
            with self.subTest(args=args):
                done = subprocess.run([PROGRAM, *args], cwd=self.folder, env=environment(), stderr=subprocess.PIPE,
                                      text=True, preexec_fn=lambda: os.close(1), timeout=60)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"(?m)^normbench: cannot write to standard output: ")
        with open(self.path("r")) as file:  # the table did not get into it
            self.assertEqual(strict_json(file.read())["status"], "ok")

    def test_reader_that_goes_away(self):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            done = self.train("--json", "run.json", stdout=pipe, code=1)
        self.assertIn("cannot write to standard output: Broken pipe", done.stderr)
        with open(self.path("run.json")) as file:
            self.assertEqual(strict_json(file.read())["status"], "ok")

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_full_disk(self):
        for option in ("--json", "--trace"):
            done = self.train(option, "/dev/full", code=1)
            self.assertIn("cannot write '/dev/full': No space left on device", done.stderr)
        with open("/dev/full", "w") as full:
            self.assertIn("cannot write to standard output", self.train(stdout=full, code=1).stderr)
            self.assertIn("No space left on device", self.train("--json", "-", stdout=full, code=1).stderr)
        self.assertTrue(os.path.exists("/dev/full"))

    @unittest.skipIf(SANITIZED, "Clang's OpenMP cannot start under such a limit, and crashes")
    def test_limit_of_the_file_size(self):
        """A write that fails in the middle leaves the old file as it was."""
        with open(self.path("trace"), "w") as file:
            file.write("old")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        done = self.train("--trace", "trace", preexec_fn=limit, code=1)
        self.assertIn("cannot write", done.stderr)
        with open(self.path("trace")) as file:
            self.assertEqual(file.read(), "old")
        self.assertFolder("trace")

    def test_no_colour_and_no_bar_without_a_terminal(self):
        done = self.train(env={"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        self.assertNotIn("\033", done.stdout + done.stderr)
        self.assertNotIn("\r", done.stdout + done.stderr)
        self.assertTrue(done.stdout.isascii())


if __name__ == "__main__":
    unittest.main()
