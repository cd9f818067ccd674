# SPDX-License-Identifier: MIT
"""normbench verify: lists of published bits, good, wrong and damaged. Test `verify` tries the whole list."""
import os
import re
import signal
import subprocess
import unittest

from case import Case, DATA, DIGEST, PROGRAM, environment, strict_json

PUBLISHED = os.path.join(os.path.dirname(DATA), "..", "src", "published.txt")
ONE = ["--filter", "layer-f32-two-layers"]
FAST = ["--isa", "auto", "--threads", "1"]
SETTING = "mine\n  train --dataset mnist-sample --norm layer --hidden 8 --epochs 1\n"


class Verify(Case):
    def write(self, text, name="list.txt"):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def verify(self, *args, **more):
        return self.call("verify", *args, **more)

    def test_one_setting(self):
        done = self.verify(*ONE, "--isa", "scalar", "--threads", "1,2,5")
        self.assertEqual(done.stderr, "")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "Each setting on scalar, each with 1, 2, 5 threads")
        self.assertRegex(lines[-3], r"\Alayer-f32-two-layers +layer +f32 +96 +momentum +1 x 3 +same bits\Z")
        self.assertEqual(lines[-1], "this machine gives the published bits (1 setting, 3 runs)")

    def test_the_list_is_the_committed_file(self):
        with open(PUBLISHED) as file:
            self.assertEqual(self.verify("--list", "--full").stdout, file.read())

    def test_the_list_covers(self):
        text = self.verify("--list").stdout
        names = re.findall(r"(?m)^[^ #\n]\S*", text)
        for norm in ("batch", "layer", "none"):
            for dtype in ("f32", "f64"):
                for what in ("batch2", "batch7", "batch128", "batch1000", "batch4096", "two-layers", "nesterov",
                             "adam"):
                    self.assertIn("-".join((norm, dtype, what)), names)
        weights = re.findall(r"(?m)^  weights  (%s)$" % DIGEST, text)
        self.assertEqual((len(weights), len(set(weights))), (len(names), len(names)))

    def test_a_setting_is_what_train_does(self):
        text = self.verify("--list", "--filter", "none-f64-adam").stdout
        options = re.search(r"(?m)^  train    (.*)$", text)[1].split()
        record = strict_json(self.call("train", *options, "--json", "-").stdout)
        for name, key in (("init_digest", "init"), ("weights_digest", "weights")):
            self.assertIn("  %-7s  %s\n" % (key, record[name]), text)

    def test_a_wrong_digest(self):
        for key, where in (("weights", "DIFFERENT in 1 of 1, first scalar, 1 thread\n"),
                           ("init", "DIFFERENT in 1 of 1, first scalar, 1 thread: initial weights\n")):
            text = self.verify("--list", "--filter", "layer-f32").stdout
            spoilt = re.sub(r"(\nlayer-f32-adam\n(?:  .*\n)*?  %s +sha256:)(.)" % key,
                            lambda m: m[1] + "%x" % (15 - int(m[2], 16)), text)
            self.assertNotEqual(spoilt, text)
            done = self.verify("--list-file", self.write(spoilt), "--isa", "scalar", "--threads", "1", code=1)
            self.assertIn(where, done.stdout)
            self.assertEqual(done.stdout.count("DIFFERENT"), 1)
            count = done.stdout.count("same bits") + 1
            self.assertTrue(done.stdout.endswith(
                "\nthis machine does NOT give the published bits: 1 of %d settings differ\n" % count))
            self.assertEqual(done.stderr, "normbench verify: 1 of %d settings differ from the published bits, first "
                                          "layer-f32-adam; normbench check finds a wrong kernel\n" % count)

    def test_another_setting_gives_other_bits(self):
        text = self.verify("--list", *ONE).stdout
        self.verify("--list-file", self.write(text.replace("--seed 1", "--seed 2")), *FAST, code=1)
        self.verify("--list-file", self.write(text.replace("--momentum 0.9", "--momentum=0.9")), *FAST)

    def test_print_makes_a_list(self):
        mine = self.write(SETTING)
        self.assertIn("mine has no digests; make them with --print", self.verify("--list-file", mine, code=3).stderr)
        printed = self.verify("--list-file", mine, *FAST, "--print").stdout
        self.assertRegex(printed, r"\A(#.*\n)+\nmine\n  train    --dataset mnist-sample --norm layer --hidden 8 "
                                  r"--epochs 1\n  init     %s\n  weights  %s\n\Z" % (DIGEST, DIGEST))
        done = self.verify("--list-file", self.write(printed), "--threads", "1,2")
        self.assertIn("this machine gives the published bits (1 setting, ", done.stdout)

    def test_what_diverges_is_not_printed(self):
        mine = self.write(SETTING.replace("--epochs 1", "--epochs 3 --lr 1e30"))
        done = self.verify("--list-file", mine, *FAST, "--print", code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("diverged", done.stderr)

    def test_json(self):
        done = self.verify(*ONE, "--isa", "scalar", "--threads", "1,2", "--json", "-")
        result = strict_json(done.stdout)
        self.assertEqual((result["count"], result["runs"], result["differing"], result["same"]), (1, 2, 0, True))
        setting, = result["settings"]
        self.assertEqual([(run["isa"], run["threads"]) for run in setting["runs"]], [("scalar", 1), ("scalar", 2)])
        for run in setting["runs"]:
            self.assertTrue(run["same"])
            for name in ("init_digest", "weights_digest"):
                self.assertEqual(run[name], setting[name])
        self.assertIn("same bits", done.stderr)
        done = self.verify(*ONE, *FAST, "--json", "verify.json")
        self.assertTrue(done.stdout.endswith("\nverify.json\n"))
        self.assertFolder("verify.json")

    def test_whole_mnist(self):
        env = {"XDG_CACHE_HOME": self.folder, "NORMBENCH_DATA_DIR": self.path("nothing")}
        self.assertIn("script/fetch-data mnist", self.verify("--full", env=env, code=3).stderr)
        done = self.verify("--full", "--data-dir", DATA, code=3)  # MNIST's format, but not MNIST
        self.assertEqual(done.stdout, "")
        self.assertIn("does not hold the published mnist; run script/fetch-data mnist", done.stderr)
        self.assertIn("need a whole data set; add --full", self.verify("--filter", "mnist-", code=2).stderr)

    def test_sample_needs_no_data(self):
        env = {"XDG_CACHE_HOME": self.folder, "NORMBENCH_DATA_DIR": self.path("nothing")}
        self.verify(*ONE, *FAST, env=env)
        self.refused(" train: mnist-sample is part of this program: leave out --data-dir and NORMBENCH_DATA_DIR; "
                     "see normbench train --help", "train", "--dataset", "mnist-sample", env=env)

    def test_a_signal_ends_it_without_a_verdict(self):
        with subprocess.Popen([PROGRAM, "verify", "--isa", "scalar", "--threads", "1,2,3"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment()) as child:
            while "same bits" not in child.stdout.readline():
                pass
            child.send_signal(signal.SIGTERM)
            stdout, stderr = child.communicate(timeout=60)
        self.assertEqual((child.returncode, stderr), (143, ""))
        self.assertNotIn("this machine", stdout)

    def test_wrong_usage(self):
        see = "; see normbench verify --help"
        self.refused(" verify: --filter: 'wombat' is in no name of the list; --list --full shows all" + see,
                     "verify", "--filter", "wombat")
        for threads in ("0", "1,1", "1,,2", "1025", "many"):
            self.refused(" verify: --threads: '%s' is not a list of at most 16 different numbers from 1 to 1024 or "
                         "auto, such as 1,2,auto%s" % (threads, see), "verify", "--threads", threads)
        self.refused(" verify: --print and --json - both go to standard output; give --json a file" + see,
                     "verify", "--print", "--json", "-")

    def test_damaged_lists(self):
        self.assertIn("cannot open it", self.verify("--list-file", "nothing", code=3).stderr)
        self.assertIn("reading fails", self.verify("--list-file", self.folder, code=3).stderr)
        digest = "sha256:" + 64 * "0"
        for text, message in (
                ("", "list.txt: names no settings"),
                ("# only this\n", "list.txt: names no settings"),
                ("  train --epochs 1\n", "line 1: comes before the first name"),
                ("a\n", "line 1: a has no line of settings"),
                ("a\nb\n train --epochs 1\n", "line 2: a has no line of settings"),
                ("a\n train --epochs 1\na\n", "line 3: a second 'a'"),
                ("a\n train --epochs x\n", "line 2: --epochs: 'x' is not a whole number"),
                ("a\n train --epochs\n", "line 2: --epochs: is empty"),
                ("a\n train epochs 1\n", "line 2: 'epochs' is no option"),
                ("a\n train --isa scalar\n", "line 2: '--isa' is no option"),
                ("a\n train --data-dir /\n", "line 2: '--data-dir' is no option"),
                ("a\n train --epochs 1\n sum 1\n", "line 3: 'sum' is not one of train, init, weights"),
                ("a\n train --epochs 1\n init sha256:0\n", "line 3: 'sha256:0' is no digest"),
                ("a\n train --epochs 1\n init %s\n" % digest, "line 3: a has one digest of two"),
                ("a\n train\0 --epochs 1\n", "line 2: is not text"),
                (SETTING.replace("layer", "batch --batch-size 27"), "mine in the list: expected more than 1 value"),
                (SETTING.replace("layer", "layer --classes 2"), "but there are 2 classes"),
        ):
            with self.subTest(text=text):
                done = self.verify("--list-file", self.write(text), "--print", code=3)
                self.assertEqual(done.stdout, "")
                self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
