# SPDX-License-Identifier: MIT
"""script/bench-programs on the sample of MNIST: what it measures, leaves out and refuses, and its files."""
import csv
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

from case import DATA, PROGRAM, Case, environment, strict_json

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "programs"))
from output import Folder, markdown  # noqa: E402
from pytorch import find_python, settings  # noqa: E402

TORCH, WITHOUT_TORCH = find_python()

# A hyperfine that runs each command once and writes what it was told, and a figure.
HYPERFINE = """#!%s
import json, shlex, subprocess, sys
if sys.argv[1] == "--version":
    print("hyperfine 0.0.0")
    sys.exit()
options = dict(word.split("=", 1) for word in sys.argv[1:] if word.startswith("--") and "=" in word)
assert options == {"--shell": "none", "--style": "basic", "--warmup": "1", "--runs": "2"}, options
rest = [word for word in sys.argv[1:] if not (word.startswith("--") and "=" in word)]
assert rest[0] == "--export-json" and rest[2] == "--export-markdown"
names, commands = rest[5::3], rest[6::3]
assert set(rest[4::3]) == {"--command-name"}
for command in commands:
    subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL)
with open(rest[1], "w") as file:
    json.dump({"results": [{"command": name, "ran": command} for name, command in zip(names, commands)]}, file)
with open(rest[3], "w") as file:
    file.writelines("| `%%s` |\\n" %% name for name in names)
"""


class Programs(Case):
    def bench(self, *args, code=0, env=None, data=DATA):
        """Runs the script with tools of its own on the PATH; hyperfine is the stand-in, if self.stand_in made one."""
        tools = self.path("tools")
        os.makedirs(tools, exist_ok=True)
        for name in ("bash", "env", "dirname", "python3"):
            if not os.path.lexists(os.path.join(tools, name)):
                where = sys.executable if name == "python3" else next(
                    os.path.join(folder, name) for folder in ("/bin", "/usr/bin") if
                    os.path.exists(os.path.join(folder, name)))
                os.symlink(where, os.path.join(tools, name))
        command = [os.path.join(ROOT, "script", "bench-programs"), "--program", PROGRAM, "--data-dir", data,
                   "--output", self.path("out"), "--no-peaks", *args]
        done = subprocess.run(command, env=environment(**{"PATH": tools, **(env or {})}), cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def stand_in(self):
        os.makedirs(self.path("tools"))
        with open(self.path("tools", "hyperfine"), "w") as file:
            file.write(HYPERFINE % sys.executable)
        os.chmod(self.path("tools", "hyperfine"), 0o755)

    def read(self, *names):
        with open(self.path("out", *names)) as file:
            return file.read()

    def test_training_without_torch(self):
        done = self.bench("--only", "epochs", "--batch-sizes", "32,300", "--norms", "none,layer", "--threads", "1",
                          "--isas", "scalar", "--rounds", "2")
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["README.md", "epochs.csv", "epochs.json"])
        whole = strict_json(self.read("epochs.json"))
        self.assertEqual(whole["status"], "ok")
        self.assertEqual([(c["batch_size"], c["norm"], c["n"], len(c["samples"])) for c in whole["cells"]],
                         [(32, "none", 2, 2), (32, "layer", 2, 2), (300, "none", 2, 2), (300, "layer", 2, 2)])
        for cell in whole["cells"]:
            self.assertGreater(cell["min"], 0)
            self.assertLessEqual(cell["min"], cell["median"])
        # 784-256-10 forward, both gradients of the upper layer and one of the lower: 818,176 operations a row.
        self.assertEqual(whole["flop"], 1000 * (4 * 784 * 256 + 6 * 256 * 10))
        rows = list(csv.DictReader(self.read("epochs.csv").splitlines()))
        self.assertEqual([(row["norm"], row["isa"], row["program"]) for row in rows],
                         [(norm, "scalar", "normbench") for norm in ("none", "layer") * 2])
        self.assertEqual([float(row["median"]) for row in rows], [cell["median"] for cell in whole["cells"]])
        page = self.read("README.md")
        self.assertIn("Skipped: PyTorch: NORMBENCH_PYTHON=/nowhere/python3 cannot import", page)
        self.assertIn("skipped: PyTorch", done.stderr)
        self.assertTrue(done.stdout.startswith(page))
        self.assertEqual(done.stdout.splitlines()[-3:],
                         [self.path("out", name) for name in ("epochs.json", "epochs.csv", "README.md")])

    def test_whole_programs(self):
        self.stand_in()
        self.bench("--only", "whole", "--batch-sizes", "50,200", "--norms", "layer,batch", "--threads", "1",
                   "--isas", "autovec,scalar", "--runs", "2")
        names = ["whole-layer-%d.%s" % (size, kind) for size in (200, 50) for kind in ("json", "md")]
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["README.md", *names])
        results = strict_json(self.read("whole-layer-50.json"))["results"]
        self.assertEqual([result["command"] for result in results],
                         ["normbench autovec, threads: 1", "normbench scalar, threads: 1"])
        self.assertEqual(shlex.split(results[1]["ran"]),
                         [PROGRAM, "train", "--data-dir", DATA, *"--epochs 1 --norm layer --batch-size 50 --isa scalar "
                          "--threads 1".split()])
        page = self.read("README.md")
        self.assertIn(self.read("whole-layer-200.md"), page)
        self.assertIn("cannot take them in turn", page)
        self.assertIn("hyperfine 0.0.0", page)

    def test_share_of_the_peak(self):
        with open(self.path("program"), "w") as file:
            file.write("#!%s\nimport json, subprocess, sys\n"
                       "args = [arg for arg in sys.argv[1:] if arg != '--no-peaks']\n"
                       "if args[0] == 'info':\n"
                       "    info = json.loads(subprocess.run([%r, *args, '--no-peaks'], stdout=subprocess.PIPE).stdout)\n"
                       "    if '--no-peaks' not in sys.argv:\n"
                       "        info['peaks'] = [{'isa': isa, 'threads': 1, 'f32_flops_per_second': 1e15 * factor}\n"
                       "                         for isa, factor in (('autovec', 1), ('scalar', 1e-8))]\n"
                       "    print(json.dumps(info))\n"
                       "else:\n"
                       "    sys.exit(subprocess.run([%r, *args]).returncode)\n" % (sys.executable, PROGRAM, PROGRAM))
        os.chmod(self.path("program"), 0o755)
        some = ["--program", self.path("program"), "--only", "epochs", "--batch-sizes", "100", "--norms", "none",
                "--threads", "1", "--isas", "scalar", "--rounds", "1"]
        command = [sys.executable, "-B", os.path.join(ROOT, "bench", "programs"), *some, "--data-dir", DATA,
                   "--output", self.path("out")]
        done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, 0)
        cell = strict_json(self.read("epochs.json"))["cells"][0]
        speed = 818176e3 / cell["median"]
        self.assertRegex(done.stdout, r"\| +%.1f \| +%.0f \|" % (1e-9 * speed, 100 * speed / 1e7))

    def test_without_hyperfine(self):
        done = self.bench("--only", "whole", code=1)
        self.assertRegex(done.stderr, "there is no hyperfine; script/setup programs installs it\n$")
        done = self.bench("--batch-sizes", "100", "--norms", "batch", "--threads", "1", "--isas", "scalar", "--rounds", "1")
        self.assertIn("Skipped: whole programs: there is no hyperfine", self.read("README.md"))
        self.assertEqual(len(strict_json(self.read("epochs.json"))["cells"]), 1)

    def test_a_command_that_fails_leaves_no_half_file(self):
        # BatchNorm cannot train on a last batch of one row.
        self.stand_in()
        done = self.bench("--only", "whole", "--batch-sizes", "100,999", "--norms", "batch", "--threads", "1",
                          "--isas", "scalar", "--runs", "2", code=1)
        self.assertRegex(done.stderr, r"\nbench-programs: hyperfine ended with exit code \d+: what it says is above\n$")
        self.assertEqual(sorted(os.listdir(self.path("out"))),
                         ["README.md", "whole-batch-100.json", "whole-batch-100.md"])
        self.assertIn("**Partial: hyperfine ended", self.read("README.md"))
        done = self.bench("--only", "epochs", "--batch-sizes", "100,999", "--norms", "batch", "--threads", "1",
                          "--isas", "scalar", "--rounds", "1", code=2)
        self.assertRegex(done.stderr, r"\nbench-programs: normbench[^\n]*last batch[^\n]*\n$")
        whole = strict_json(self.read("epochs.json"))
        self.assertEqual((whole["status"], len(whole["cells"])), ("failed", 1))

    def test_refused(self):
        for message, args in ((r"'0' is no whole number from 1 up", ["--batch-sizes", "4,0"]),
                              (r"'4,4' names something twice", ["--batch-sizes", "4,4"]),
                              (r"'x' is no whole number", ["--rounds", "x"]),
                              (r"'1' is no whole number from 2 up", ["--runs", "1"]),
                              (r"'group' is no norm: choose from batch, layer, none", ["--norms", "batch,group"]),
                              (r"'sse' cannot run here; usable: autovec, scalar", ["--isas", "scalar,sse"]),
                              (r"more than this process may use", ["--threads", "1,100000"]),
                              (r"unrecognized arguments: --batch", ["--batch", "4"]),
                              (r"not allowed with", ["--results", "x"]),
                              (r"not a normbench that runs", ["--program", "/nowhere/normbench"])):
            with self.subTest(args=args):
                done = self.bench(*args, code=2)
                self.assertRegex(done.stderr, r"bench-programs: [^\n]*" + message)
                self.assertEqual(done.stdout, "")
        done = self.bench(data=self.path("nowhere"), code=3)
        self.assertRegex(done.stderr, r"^bench-programs: no MNIST in [^\n]*script/fetch-data[^\n]*\n$")
        self.assertFolder("tools")

    def test_interrupted(self):
        """What was measured stays."""
        command = [sys.executable, "-B", os.path.join(ROOT, "bench", "programs"), "--program", PROGRAM, "--data-dir", DATA,
                   "--output", self.path("out"), "--only", "epochs", "--batch-sizes", "100", "--norms", "none",
                   "--threads", "1", "--isas", "scalar", "--rounds", "1000", "--no-peaks"]
        for number in (signal.SIGINT, signal.SIGTERM):
            with tempfile.TemporaryFile("w+") as messages, subprocess.Popen(
                    command, env=environment(), stdout=subprocess.PIPE, stderr=messages, text=True) as process:
                for _ in range(600):
                    time.sleep(0.1)
                    messages.seek(0)
                    if "round 3 of" in messages.read():
                        break
                process.send_signal(number)
                process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + number)
            whole = strict_json(self.read("epochs.json"))
            self.assertEqual((whole["status"], len(whole["cells"])), ("interrupted", 1))
            self.assertGreaterEqual(whole["cells"][0]["n"], 2)
            self.assertIn("**Partial: it was interrupted.**", self.read("README.md"))

    def test_folder_of_the_day(self):
        def name():
            return os.path.relpath(Folder.of_today(self.folder, "An (R) CPU 1").path, self.folder)
        first = name()
        self.assertRegex(first, r"^an-r-cpu-1-\d{4}-\d\d-\d\d/programs$")
        second = name()
        self.assertEqual(second, first.replace("/", "-2/"))
        os.mkdir(self.path(first.replace("/programs", "-3")))  # as normbench bench makes it
        self.assertEqual(name(), first.replace("/", "-3/"))

    def test_table(self):
        self.assertEqual(markdown([":who", "s"], [["a", 10], ["bcde", 2]]),
                         "| who  |   s |\n| ---- | --: |\n| a    |  10 |\n| bcde |   2 |\n")

    def test_settings(self):
        """Each library of PyTorch's gets its own variable, and the name shows it."""
        variables = {"OPENBLAS_CORETYPE": "SkylakeX", "BLIS_ARCH_TYPE": "0"}
        plain = [setting.name for setting in settings(2, {"peer_variables": {}})]
        self.assertEqual(plain[:2], ["OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=%d" % threads for threads in (1, 2)])
        for user in ({}, variables):
            with unittest.mock.patch.dict(os.environ, user), self.subTest(user=user):
                for name in set(variables) - set(user):
                    os.environ.pop(name, None)
                some = settings(2, {"peer_variables": variables})
                self.assertEqual([setting.name for setting in some[:2]],
                                 [name + " OPENBLAS_CORETYPE=SkylakeX" for name in plain[:2]])
                self.assertEqual(some[0].environment()["OPENBLAS_CORETYPE"], "SkylakeX")
                for name in plain[2:]:  # BLIS, where it is installed
                    self.assertEqual([setting.name for setting in some[2:]],
                                     [name + " BLIS_ARCH_TYPE=0"] + ([] if user else [name]))
        self.assertEqual([setting.name for setting in settings(1, {"peer_variables": variables})],
                         ["OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=SkylakeX"])

    @unittest.skipIf(TORCH is None, "PyTorch: %s" % WITHOUT_TORCH)
    def test_with_torch(self):
        env = {"NORMBENCH_PYTHON": TORCH, "PATH": os.environ["PATH"]}
        self.bench("--only", "epochs", "--batch-sizes", "100", "--norms", "batch,layer", "--threads", "1", "--rounds", "1",
                   "--isas", "scalar", env=env)
        whole = strict_json(self.read("epochs.json"))
        self.assertEqual((whole["wrong"], whole["skipped"]), ([], []))
        peers = [cell for cell in whole["cells"] if cell["program"] == "pytorch"]
        self.assertEqual([(cell["norm"], cell["threads"]) for cell in peers], [("batch", 1), ("layer", 1)])
        for cell in peers:
            self.assertGreater(cell["min"], 0)
        self.assertRegex(self.read("README.md"), r"\| batch +\| +100 \| +1 \| scalar .* OMP_NUM_THREADS=1 ")

    @unittest.skipIf(TORCH is None, "PyTorch: %s" % WITHOUT_TORCH)
    def test_torch_that_computes_something_else(self):
        """It is not timed. The program under test trains with another learning rate than its record says."""
        with open(self.path("liar"), "w") as file:
            file.write("#!%s\nimport subprocess, sys\nargs = sys.argv[1:]\n"
                       "more = ['--lr', '0.11'] if args[0] == 'train' else []\n"
                       "done = subprocess.run([%r, *args, *more], stdout=subprocess.PIPE, text=True)\n"
                       "print(done.stdout.replace('0.11', '0.10'))\nsys.exit(done.returncode)\n" % (sys.executable, PROGRAM))
        os.chmod(self.path("liar"), 0o755)
        done = self.bench("--program", self.path("liar"), "--only", "epochs", "--batch-sizes", "100", "--norms", "layer",
                          "--threads", "1", "--rounds", "1", "--isas", "scalar", code=1,
                          env={"NORMBENCH_PYTHON": TORCH, "PATH": os.environ["PATH"]})
        self.assertRegex(done.stderr, r"wrong: layer norm, batch size 100, f64: the losses of PyTorch with OMP_NUM_THREADS=1 "
                         r"OPENBLAS_NUM_THREADS=1[^\n]* are not normbench's\n$")
        whole = strict_json(self.read("epochs.json"))
        self.assertEqual([cell["program"] for cell in whole["cells"]], ["normbench"])


if __name__ == "__main__":
    unittest.main()
