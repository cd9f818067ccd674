# SPDX-License-Identifier: MIT
"""Whatever ends a sweep costs no more than the cells under way: kills, signals, a full disk, two at once, damage."""
import contextlib
import fcntl
import os
import random
import re
import resource
import signal
import subprocess
import tempfile
import time
import unittest

from case import PROGRAM, environment, strict_json
from sweep_case import GRID, SweepCase, bare


class Broken(SweepCase):
    """Whatever ends a sweep: started again, it ends with the records of one that nothing disturbed."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([PROGRAM, "sweep", *GRID, "--output", folder], env=environment(), check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(os.path.join(folder, "records.jsonl"), "rb") as file:
                cls.content = file.read()
        cls.whole = {record["cell"]: bare(record) for record in map(strict_json, cls.content.splitlines())}

    def assertWhole(self):
        self.assertEqual({cell: bare(record) for cell, record in self.records().items()}, self.whole)

    def write(self, content):
        os.makedirs(self.path("out"), exist_ok=True)
        with open(self.path("out", "records.jsonl"), "wb") as file:
            file.write(content)

    def recorded(self):
        path = self.path("out", "records.jsonl")
        return len(self.lines()) if os.path.exists(path) else 0

    def test_kill_at_twenty_random_moments(self):
        chance = random.Random(int(os.environ.get("NORMBENCH_TEST_SEED", "6")))
        kills, reached = 0, set()
        while kills < 20:
            child = self.start(*GRID, "--jobs", "2")
            # Before the first cell, or after some more of them; then anywhere in what follows.
            more = 0 if kills % 4 == 0 else chance.randint(1, 4)
            goal = self.recorded() + more
            while self.recorded() < goal and child.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.3 if more == 0 else 0.03))
            child.kill()
            said = child.stderr.read()
            if child.wait() == 0:  # everything was done: begin again
                self.assertWhole()
                os.unlink(self.path("out", "records.jsonl"))
                continue
            self.assertEqual(child.returncode, -signal.SIGKILL, said)
            kills += 1
            reached.add(self.recorded())
        self.assertGreater(len(reached), 10)  # they were really in the midst of it
        self.sweep(*GRID)
        self.assertWhole()

    def children(self, child):
        try:
            with open("/proc/%d/task/%d/children" % (child.pid, child.pid)) as file:
                return [int(pid) for pid in file.read().split()]
        except FileNotFoundError:
            return []

    def open_files(self, pid):
        return [os.path.realpath("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]

    def test_no_process_outlives_a_killed_sweep(self):
        child = self.start(*GRID, "--epochs", "100000", "--jobs", "3")
        workers = []
        while len(workers) < 3 and child.poll() is None:
            workers = self.children(child)
        time.sleep(0.1)
        records = os.path.realpath(self.path("out", "records.jsonl"))
        self.assertIn(records, self.open_files(child.pid))
        for worker in workers:  # what it holds open, it keeps locked
            self.assertNotIn(records, self.open_files(worker))
        child.kill()
        child.wait()
        for _ in range(500):
            if not any(os.path.exists("/proc/%d" % worker) for worker in workers):
                return
            time.sleep(0.01)
        self.fail("the processes of cells go on")

    def test_ctrl_c_is_for_the_sweep_alone(self):
        """The terminal sends it to the processes of cells, too, even in their first moment."""
        child = self.start(*GRID, "--norms", "batch,layer", "--batch-sizes", "1", "--seeds", "1", "--epochs", "100",
                           "--timing-epochs", "0")
        interrupted = set()
        while child.poll() is None:
            for worker in set(self.children(child)) - interrupted:
                interrupted.add(worker)
                with contextlib.suppress(ProcessLookupError):  # the cell that is impossible is done at once
                    for number in (signal.SIGINT, signal.SIGTERM):
                        os.kill(worker, number)
        self.assertGreater(len(interrupted), 0)
        self.assertEqual(child.returncode, 0)
        self.assertEqual([record["status"] for record in self.records().values()], ["impossible", "ok"])

    def test_cut_at_any_byte(self):
        lines = self.content.splitlines(keepends=True)
        ends = [sum(map(len, lines[:i + 1])) for i in range(len(lines))]
        chance = random.Random(1)
        # Around the ends of lines, and anywhere; tests/test_journal.c cuts at every single byte.
        for length in [0, 1, ends[0] - 1, ends[0], ends[0] + 1, ends[-1] - 1, *chance.sample(range(ends[-1]), 6)]:
            with self.subTest(length=length):
                self.write(self.content[:length])
                whole = sum(end <= length for end in ends)
                done = self.sweep(*GRID)
                self.assertEqual("was cut or damaged" in done.stderr, length not in [0, *ends])
                self.assertIn("%d of them recorded" % whole, done.stderr)
                self.assertEqual("".join(self.lines()[:whole]).encode(), b"".join(lines[:whole]))
                self.assertWhole()

    def test_damage_inside_is_refused(self):
        lines = self.content.splitlines(keepends=True)
        for damaged in (b"\0" * 100 + b"\n", b"{}\n", lines[1][:40] + b"\n", lines[1].replace(b'"bits":"', b'"bits":"x')):
            content = lines[0] + damaged + b"".join(lines[2:])
            self.write(content)
            done = self.sweep(*GRID, code=3)
            self.assertIn("records.jsonl', line 2: ", done.stderr)
            self.assertIn("remove that line", done.stderr)
            with open(self.path("out", "records.jsonl"), "rb") as file:
                self.assertEqual(file.read(), content)
        self.write(b"".join(lines[:1] + lines[2:]))  # the remedy
        self.sweep(*GRID)
        self.assertWhole()

    def test_a_difference_of_bits_is_found(self):
        lines = [strict_json(line) for line in self.content.splitlines()]
        wrong = next(r for r in lines if r["purpose"] == "timing" and r["effective"]["isa"] == "scalar")
        text = self.content.decode().splitlines(keepends=True)[lines.index(wrong)]
        other = text.replace(wrong["digests"][0], "sha256:" + "0" * 64)
        self.assertNotEqual(text, other)
        self.write(self.content.replace(text.encode(), other.encode()))
        done = self.sweep(*GRID, code=1)
        self.assertIn("different bits: ", done.stderr)
        self.assertIn("timing %s (%s, batch size %d, seed 1, scalar, 1 thread(s)), after epoch 1\n" % (
            wrong["cell"][:8], wrong["config"]["norm"], wrong["config"]["batch_size"]), done.stderr)
        self.assertIn("1 records differ in bits", done.stderr)

    def test_full_disk_as_a_limit_of_file_sizes(self):
        half = len(self.content) // 2
        done = self.sweep(*GRID, code=1, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (half, half)))
        self.assertRegex(done.stderr, r"cannot write '[^']*records.jsonl': File too large; raise the limit of file sizes "
                                      r"and start again\n\Z")
        self.assertLessEqual(set(self.records()), set(self.whole))
        self.assertGreater(len(self.records()), 5)
        self.sweep(*GRID)
        self.assertWhole()

    def test_full_disk(self):
        os.mkdir(self.path("out"))
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", self.path("out")], stderr=subprocess.DEVNULL).returncode == 0
        if not mounted:
            self.skipTest("only root can mount a small tmpfs, and not in every container")
        self.addCleanup(subprocess.run, ["umount", "-l", self.path("out")])
        done = self.sweep(*GRID, code=1)
        self.assertRegex(done.stderr, r"cannot write '[^']*records.jsonl': No space left on device; free some space and "
                                      r"start again\n\Z")
        self.assertGreater(len(self.records()), 2)
        subprocess.run(["mount", "-o", "remount,size=8m", self.path("out")], check=True)
        self.sweep(*GRID)
        self.assertWhole()

    def test_two_processes_on_one_folder(self):
        child = self.start(*GRID, "--epochs", "100000")
        self.wait_for_lines(child, 1)  # of a cell that is impossible
        before = self.lines()
        done = self.sweep(*GRID, code=2)
        self.assertRegex(done.stderr, r"\Anormbench sweep: '[^']*': another sweep is writing it; wait until that one "
                                      r"ends, or use another --output; [^\n]*\n\Z")
        self.assertIn("to do", self.sweep(*GRID, "--dry-run").stdout)  # looking is free
        self.assertEqual(self.lines(), before)
        child.kill()
        child.wait()
        os.unlink(self.path("out", "records.jsonl"))
        self.sweep(*GRID)
        self.assertWhole()

    def test_two_processes_start_together(self):
        children = [self.start(*GRID) for _ in range(2)]
        codes = sorted(child.wait() for child in children)
        self.assertIn(codes, ([0, 0], [0, 2]))  # one after the other, or one refused
        self.assertWhole()

    def test_signals_keep_what_is_recorded(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number):
                self.write(self.content[:self.content.index(b"\n") + 1])
                child = self.start(*GRID, "--seeds", "1..256", "--batch-sizes", "1,2")
                self.wait_for_lines(child, 6)
                child.send_signal(number)
                said = child.stderr.read()
                self.assertEqual(child.wait(), code, said)
                found = re.search(r"interrupted: (\d+) cells are recorded in .*records.jsonl; the same command goes on from "
                                  r"there\n\Z", said)
                self.assertEqual(int(found[1]), len(self.records()))
                self.assertEqual({r["status"] for r in self.records().values()} - {"ok", "impossible"}, set())
                with open(self.path("out", "records.jsonl")) as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody writes it any more

if __name__ == "__main__":
    unittest.main()
