# SPDX-License-Identifier: MIT
"""SIGINT and SIGTERM: the first keeps what was reached, the second ends the program."""
import os
import re
import signal
import subprocess
import unittest

from case import Case, DATA, PROGRAM, environment, strict_json


class Interrupt(Case):
    def start(self, *args):
        def default_signals():  # a test run in the background may have them ignored
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        child = subprocess.Popen([PROGRAM, *args, "--epochs", "1000000"], cwd=self.folder, env=environment(),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=default_signals)
        self.addCleanup(child.kill)
        return child

    def finish(self, child):
        """Returns code, stdout, stderr. Not communicate(): it forgets what readline() has read ahead."""
        out, err = child.stdout.read(), child.stderr.read()
        child.stdout.close()
        child.stderr.close()
        return child.wait(timeout=60), out, err

    def interrupt(self, signals, args):
        """Starts a run of very many short epochs, waits for three, sends the signals. Returns code, stdout, stderr."""
        child = self.start(*args, "--data-dir", DATA, "--hidden", "8")
        rows = 0
        while rows < 3:
            line = child.stdout.readline()
            self.assertNotEqual(line, "", "the run ended by itself")
            rows += bool(re.match(r" +\d", line))
        for number in signals:
            child.send_signal(number)
        return self.finish(child)

    def test_first_signal_keeps_the_record(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                returned, out, err = self.interrupt([number], ["train", "--json", "run.json", "--trace", "losses"])
                self.assertEqual(returned, code, err)
                with open(self.path("run.json")) as file:
                    record = strict_json(file.read())
                self.assertEqual(record["status"], "interrupted")
                self.assertIn("interrupted at step %d\n" % record["steps"], err)
                with open(self.path("losses")) as file:
                    self.assertEqual(len(file.readlines()), record["steps"])
                finished = [epoch for epoch in record["epochs"] if epoch["train_loss"] is not None]
                self.assertGreaterEqual(len(finished), 3)
                self.assertLessEqual(len(record["epochs"]) - len(finished), 1)
                self.assertNotIn("nan", out)
                self.assertIn(record["weights_digest"], out)
                self.assertFolder("run.json", "losses")

    def test_a_long_epoch_is_not_waited_for(self):
        rows = 100000
        self.write_data(rows, 10)
        child = self.start("train", "--data-dir", self.folder, "--norm", "layer", "--hidden", "256,256",
                           "--batch-size", "2", "--json", "run.json", "--trace", "-")
        first = child.stdout.readline()
        child.send_signal(signal.SIGINT)
        returned, out, err = self.finish(child)
        self.assertEqual(returned, 130, err)
        with open(self.path("run.json")) as file:
            record = strict_json(file.read())
        self.assertEqual(record["status"], "interrupted")
        self.assertLess(record["steps"], rows // 2)
        self.assertEqual((first + out).count("\n"), record["steps"])
        epoch, = record["epochs"]
        self.assertEqual((epoch["train_loss"], epoch["test_loss"], epoch["test_correct"]), (None, None, None))
        self.assertAlmostEqual(epoch["samples_per_second"] * epoch["seconds"], 2 * record["steps"], delta=1e-3)

    def test_experiment_writes_what_was_reached(self):
        returned, out, err = self.interrupt([signal.SIGINT], ["experiment", "--output", "out"])
        self.assertEqual(returned, 130, err)
        with open(self.path("out", "records.jsonl")) as file:
            records = [strict_json(line) for line in file]
        self.assertEqual([record["status"] for record in records], ["interrupted"] * 2)
        with open(self.path("out", "epochs.csv")) as file:
            self.assertGreaterEqual(len(file.readlines()), 1 + 2 * 3)

    def test_second_signal_ends_at_once(self):
        # Both are waiting when the stopped process goes on, so no step can end between them. One thread: of several,
        # one may take the second signal while another writes what the first one asked for.
        returned, _, _ = self.interrupt([signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT],
                                        ["train", "--threads", "1", "--json", "run.json"])
        self.assertIn(returned, (130, 143))
        self.assertFalse(os.path.exists(self.path("run.json")))


if __name__ == "__main__":
    unittest.main()
