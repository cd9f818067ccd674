# SPDX-License-Identifier: MIT
"""normbench sweep: what it records, and that nothing that ends it costs more than the cells under way."""
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

from case import Case, DIGEST, PROGRAM, environment, strict_json

GRID = ("--datasets", "mnist-sample", "--hidden", "8", "--norms", "batch,layer,none", "--batch-sizes", "1,2,64",
        "--seeds", "1..3", "--epochs", "2", "--isas", "auto,scalar", "--threads", "1", "--timing-epochs", "2")
CELLS = 3 * 3 * 3 + (3 * 3 - 1)  # and the timing cells of the best ISA; those of scalar where that is another


def bare(record):
    """What must be the same in every sweep with these options: all but times and what the machine was doing."""
    record = {k: v for k, v in record.items() if k not in ("started", "host_load", "alone")}
    record["machine"] = {k: v for k, v in record["machine"].items() if k != "load"}
    record["epochs"] = [{k: v for k, v in epoch.items() if k not in ("seconds", "samples_per_second")}
                        for epoch in record["epochs"]]
    return record


class SweepCase(Case):
    def sweep(self, *args, **more):
        return self.call("sweep", *args, "--output", self.path("out"), **more)

    def lines(self, folder="out"):
        with open(self.path(folder, "records.jsonl"), "rb") as file:
            return file.read().decode("ascii").splitlines(keepends=True)

    def records(self, folder="out"):
        """The records by their cell; every line is whole, and no cell is there twice."""
        records = {}
        for line in self.lines(folder):
            self.assertTrue(line.endswith("\n"))
            record = strict_json(line)
            self.assertNotIn(record["cell"], records)
            records[record["cell"]] = record
        return records

    def start(self, *args, **more):
        def default_signals():  # a test run in the background may have them ignored
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        child = subprocess.Popen([PROGRAM, "sweep", *args, "--output", self.path("out")], cwd=self.folder,
                                 env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True, preexec_fn=default_signals, **more)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def wait_for_lines(self, child, count):
        for _ in range(6000):
            if os.path.exists(self.path("out", "records.jsonl")) and len(self.lines()) >= count:
                return
            self.assertIsNone(child.poll(), "the sweep has ended")
            time.sleep(0.01)
        self.fail("the sweep records nothing")


class Records(SweepCase):
    def test_keys_and_cells(self):
        done = self.sweep(*GRID)
        self.assertEqual(done.stdout.splitlines()[-1], self.path("out", "records.jsonl"))
        records = list(self.records().values())
        isas = {record["effective"]["isa"] for record in records}
        self.assertEqual(len(records), CELLS if isas == {"scalar"} else CELLS + 3 * 3 - 1)
        best = records[0]["effective"]["isa"]
        for record in records:
            config, timing = record["config"], record["purpose"] == "timing"
            self.assertEqual(record["schema"], 1)
            self.assertRegex(record["cell"] + record["bits"], r"\A[0-9a-f]{128}\Z")
            self.assertEqual((record["part"], record["lr_rule"], record["lr_base"]), ("sweep", "fixed", 0.1))
            self.assertRegex(record["started"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
            self.assertEqual((config["hidden"], config["lr"], config["data_dir"]), ([8], 0.1, None))
            self.assertIn(record["alone"], (True, False))
            if config["norm"] == "batch" and config["batch_size"] == 1:
                self.assertFalse(timing)
                self.assertEqual((record["status"], record["epochs"], record["digests"], record["steps"]),
                                 ("impossible", [], [], 0))
                self.assertIsNone(record["init_digest"])
                self.assertIsNone(record["weights_digest"])
                self.assertIn("batch norm cannot train on batches of one row", record["reason"])
                continue
            self.assertNotIn("reason", record)
            self.assertEqual(record["status"], "ok")
            epochs = 1 if timing and record["effective"]["isa"] == "scalar" else 2
            self.assertEqual(len(record["epochs"]), epochs)
            self.assertEqual(record["digests"][-1], record["weights_digest"])
            self.assertEqual(len(set(record["digests"])), epochs)
            for digest in record["digests"]:
                self.assertRegex(digest, r"\A%s\Z" % DIGEST)
            self.assertTrue(record["alone"] or not timing)
            if not timing:
                self.assertEqual(record["effective"], {"isa": best, "threads": 1})
        settings = {(r["config"]["norm"], r["config"]["batch_size"], r["config"]["seed"])
                    for r in records if r["purpose"] == "convergence"}
        self.assertEqual(settings, {(n, b, s) for n in ("batch", "layer", "none") for b in (1, 2, 64) for s in (1, 2, 3)})

    def test_a_cell_is_the_run_of_train(self):
        grid = ("--datasets", "mnist-sample", "--hidden", "8,6", "--optimizer", "adam", "--train-rows", "500")
        self.sweep(*grid, "--norms", "layer", "--batch-sizes", "32", "--lrs", "0.001", "--seeds", "7", "--epochs", "3",
                   "--timing-epochs", "0", "--lr-rule", "sqrt")
        cell, = self.records().values()
        single = strict_json(self.call("train", "--dataset", "mnist-sample", *grid[2:], "--norm", "layer", "--batch-size",
                                       "32", "--lr", "0.0005", "--seed", "7", "--epochs", "3", "--json", "-").stdout)
        self.assertEqual(cell["config"]["lr"], 0.0005)
        self.assertEqual((cell["data"]["rows"], cell["steps"]), (500, 3 * 16))
        for key in ("data", "parameters", "steps", "status", "init_digest", "weights_digest"):
            self.assertEqual(cell[key], single[key])
        self.assertEqual(bare(cell)["epochs"], bare(single)["epochs"])
        self.assertLessEqual(set(single), set(cell))

    def test_diverged_is_recorded_and_not_run_again(self):
        grid = ("--datasets", "mnist-sample", "--hidden", "8", "--norms", "none", "--batch-sizes", "8", "--lrs", "1e30",
                "--seeds", "1", "--isas", "all", "--threads", "1,2")
        done = self.sweep(*grid)
        self.assertIn("diverged", done.stdout)
        for record in self.records().values():
            self.assertEqual(record["status"], "diverged")
            self.assertEqual(record["digests"], [])
            self.assertIsNone(record["epochs"][-1]["test_loss"])
        before = self.lines()
        self.assertIn("to do: 0 for convergence", self.sweep(*grid).stderr)
        self.assertEqual(self.lines(), before)

    def test_side_by_side_or_alone_the_same(self):
        self.sweep(*GRID, "--timing-epochs", "0", "--jobs", "4")
        together = self.records()
        self.assertIn(False, [record["alone"] for record in together.values()])
        self.call("sweep", *GRID, "--timing-epochs", "0", "--jobs", "1", "--output", self.path("single"))
        alone = self.records("single")
        self.assertEqual({record["alone"] for record in alone.values()}, {True})
        self.assertEqual({k: bare(v) for k, v in together.items()}, {k: bare(v) for k, v in alone.items()})

    def test_a_longer_list_runs_only_what_is_new(self):
        self.sweep(*GRID)
        before = self.lines()
        done = self.sweep(*GRID, "--seeds", "1..4")
        self.assertIn("to do: 9 for convergence", done.stderr)
        self.assertEqual(self.lines()[:len(before)], before)
        self.assertEqual({strict_json(line)["config"]["seed"] for line in self.lines()[len(before):]}, {4})


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
        """The terminal sends it to the processes of cells, too."""
        child = self.start(*GRID, "--norms", "batch,layer", "--batch-sizes", "1", "--seeds", "1", "--epochs", "100",
                           "--timing-epochs", "0")
        self.wait_for_lines(child, 1)  # the cell that is impossible; the next one takes more than a second
        time.sleep(0.2)
        worker, = self.children(child)
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(worker, number)
        self.assertEqual(child.wait(), 0)
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
            self.assertIn("records.jsonl, line 2: is ", done.stderr)
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


class Usage(SweepCase):
    def test_dry_run(self):
        done = self.sweep(*GRID, "--dry-run")
        self.assertFolder()
        self.assertEqual(len(re.findall(r"(?m)^[0-9a-f]{12} convergence ", done.stdout)), 27)
        self.assertEqual(done.stdout.count("(impossible)"), 3)
        self.assertRegex(done.stdout, r"\d\.\d+ GFLOP in all\n\d+ cells, 0 of them recorded; to do: 27 for convergence, "
                                      r"\d+ at a time, and \d+ for timing; about \d")
        self.sweep(*GRID)
        done = self.sweep(*GRID, "--seeds", "1..4", "--dry-run")
        self.assertEqual(len(re.findall(r"(?m)^[0-9a-f]{12} ", done.stdout)), 9)

    def test_presets_and_files(self):
        smoke = self.sweep("smoke", "--dry-run", "--threads", "1", "--isas", "scalar").stdout
        self.assertIn(" sample ", smoke)
        self.assertIn(" linear ", smoke)
        with open(self.path("mine"), "w") as file:
            file.write("# mine\ndatasets mnist-sample\ntiming-epochs 0\nseeds 1\nnorms layer\nhidden none\nepochs 1\n"
                       "[a]\nbatch-sizes 8\n[b]\nbatch-sizes 16,32\n")
        self.sweep("mine", "--norms", "none")
        self.assertEqual([(r["part"], r["config"]["batch_size"], r["config"]["norm"]) for r in
                          sorted(self.records().values(), key=lambda r: r["config"]["batch_size"])],
                         [("a", 8, "none"), ("b", 16, "none"), ("b", 32, "none")])

    def test_environment_wins_over_the_file(self):
        done = self.sweep("smoke", "--dry-run", "--isas", "scalar", "--threads", "1", env={"NORMBENCH_SEEDS": "9"})
        self.assertEqual(set(re.findall(r"seed (\d+)", done.stdout)), {"9"})

    def test_what_is_refused(self):
        see = "; see normbench sweep --help"
        self.refused(" sweep: 'nonsense' is neither a file that can be read (No such file or directory) nor one of smoke, "
                     "default, full, ba2016" + see, "sweep", "nonsense")
        self.refused(" sweep: unexpected argument 'full'" + see, "sweep", "smoke", "full")
        self.refused(" sweep: --norms: 'group' is not a list of different words, with commas between, out of none, batch, "
                     "layer" + see, "sweep", "--norms", "group")
        for wrong in (["--batch-sizes", "4..2"], ["--lr-rule", "cubic"], ["--isas", "sse"], ["--datasets", "cifar"],
                      ["--batch-size=0"], ["--jobs", "0"], ["--threads", "1,1"], ["--seeds", "1..1000"]):
            self.call("sweep", *wrong, code=2)
        with open(self.path("mine"), "w") as file:
            file.write("epochs 1\nlrs fast\n")
        self.assertIn("mine, line 2: lrs: 'fast' is not", self.call("sweep", "mine", code=2).stderr)
        self.refused(" sweep: these lists make 196608 runs, the limit is 20000; shorten them, or make several sweeps" + see,
                     "sweep", "--seeds", "1..256", "--batch-sizes", "2..257", "--timing-epochs", "0", code=2)
        self.sweep(*GRID, "--train-rows", "1001", code=2)
        self.call("sweep", "--data-dir", self.path("nowhere"), code=3)
        self.assertFolder("mine")

    def test_an_output_that_cannot_be(self):
        with open(self.path("out"), "w"):
            pass
        self.sweep(*GRID, code=1)
        os.unlink(self.path("out"))
        os.mkdir(self.path("out"))
        with open(self.path("out", "records.jsonl"), "w") as file:
            file.write('{"some": "experiment"}\n')
        self.assertIn("line 1: is no record of a sweep", self.sweep(*GRID, code=3).stderr)


if __name__ == "__main__":
    unittest.main()
