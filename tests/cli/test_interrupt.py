# SPDX-License-Identifier: MIT
"""SIGINT and SIGTERM: the first keeps what was reached, the second ends the program."""
import os
import re
import signal
import subprocess
import unittest

from case import Case, DATA, PROGRAM, environment, strict_json


class Interrupt(Case):
    def interrupt(self, signals, args):
        """Starts a run of very many epochs, waits until it trains, sends the signals. Returns code, stdout, stderr."""
        def default_signals():  # a test run in the background may have them ignored
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        child = subprocess.Popen([PROGRAM, *args, "--data-dir", DATA, "--epochs", "1000000", "--hidden", "8"],
                                 cwd=self.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, preexec_fn=default_signals)
        self.addCleanup(child.kill)
        rows = 0
        while rows < 3:  # the head of the table and an epoch
            line = child.stdout.readline()
            self.assertNotEqual(line, "", "the run ended by itself")
            rows += bool(re.match(r" +\d", line))
        for number in signals:
            child.send_signal(number)
        out, err = child.communicate(timeout=60)
        return child.returncode, out, err

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

    def test_experiment_writes_what_was_reached(self):
        returned, out, err = self.interrupt([signal.SIGINT], ["experiment", "--output", "out"])
        self.assertEqual(returned, 130, err)
        with open(self.path("out", "records.jsonl")) as file:
            records = [strict_json(line) for line in file]
        self.assertEqual([record["status"] for record in records], ["interrupted"] * 2)
        with open(self.path("out", "epochs.csv")) as file:
            self.assertGreaterEqual(len(file.readlines()), 1 + 2 * 3)

    def test_second_signal_ends_at_once(self):
        # Both are waiting when the stopped process goes on, so no step can end between them.
        returned, _, _ = self.interrupt([signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT],
                                        ["train", "--json", "run.json"])
        self.assertIn(returned, (130, 143))
        self.assertFalse(os.path.exists(self.path("run.json")))


if __name__ == "__main__":
    unittest.main()
