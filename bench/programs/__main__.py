# SPDX-License-Identifier: MIT
"""script/bench-programs: what normbench and PyTorch need for one epoch, in training and as whole programs."""
import argparse
import json
import os
import signal
import subprocess
import sys

from epochs import Epochs
from output import Failure, Folder
from pytorch import find_python
from whole import Whole

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BASELINES = ("scalar", "autovec")  # slow and of no interest beside PyTorch
NORMS = ("batch", "layer", "none")


def a_number(least):
    def parse(text):
        if not text.isascii() or not text.isdigit() or not least <= int(text) < 10**9:
            raise argparse.ArgumentTypeError("'%s' is no whole number from %d up" % (text, least))
        return int(text)
    return parse


def a_list(parse):
    def parse_all(text):
        values = [parse(item) for item in text.split(",")]
        if len(set(values)) < len(values):
            raise argparse.ArgumentTypeError("'%s' names something twice" % text)
        return values
    return parse_all


def a_norm(text):
    if text not in NORMS:
        raise argparse.ArgumentTypeError("'%s' is no norm: choose from %s" % (text, ", ".join(NORMS)))
    return text


def parse_options():
    parser = argparse.ArgumentParser(
        prog="bench-programs", allow_abbrev=False,
        description="Times one epoch of `normbench train` and of the same experiment in PyTorch: the training alone, in "
        "turn, and the whole programs by hyperfine. What is missing is named and left out. Defaults are in brackets.")
    add = parser.add_argument
    add("--only", choices=("epochs", "whole"), help="only the training, or only the whole programs [both]")
    add("--batch-sizes", metavar="LIST", type=a_list(a_number(1)), default=[4, 32, 128, 512, 2048],
        help="[4,32,128,512,2048]")
    add("--norms", metavar="LIST", type=a_list(a_norm), default=list(NORMS),
        help="whole programs run the first [%s]" % ",".join(NORMS))
    add("--isas", metavar="LIST", type=a_list(str), help="[whole programs: all usable; training: all but %s]"
        % " and ".join(BASELINES))
    add("--peers-isa", metavar="NAME", default="best", help="avx2: PyTorch and its libraries are held to AVX2, so that --isas "
        "avx2 is compared with its like [best]")
    add("--threads", metavar="LIST", type=a_list(a_number(1)), help="[1 and all physical cores]")
    add("--rounds", metavar="N", type=a_number(1), default=5, help="epochs that each program trains [5]")
    add("--runs", metavar="N", type=a_number(2), default=5, help="runs of each whole program [5]")
    add("--seed", metavar="N", type=a_number(0), default=0, help="of the order within a round [0]")
    add("--no-peaks", action="store_true", help="do not measure the FMA peaks that training is held against")
    add("--data-dir", metavar="DIR", help="the folder that holds MNIST's four files, with or without .gz; without it "
        "they are searched where `normbench train` searches them")
    add("--program", metavar="FILE", default=os.path.join(os.environ.get("BUILD_DIR", os.path.join(TOP, "build")), "src",
        "normbench"), help="[normbench of the build folder]")
    where = parser.add_mutually_exclusive_group()
    add = where.add_argument
    add("--output", metavar="DIR", help="the folder of the files [programs in the build folder]")
    add("--results", metavar="DIR", help="make the files in programs/ of this day's newest results in DIR, as "
        "`normbench bench --results` names them")
    return parser, parser.parse_args()


def ask(options, *arguments):
    """What `normbench info` says."""
    command = [options.program, "info", "--json", "-", "--peers-isa", options.peers_isa, *arguments]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError:
        done = None
    if done and done.returncode == 2 and "--peers-isa" in done.stderr:
        raise Failure(done.stderr.strip().splitlines()[-1].partition(": ")[2], 2)
    try:
        return json.loads(done.stdout)
    except (AttributeError, ValueError):
        raise Failure("'%s' is not a normbench that runs; script/build builds it, --program names another"
                      % options.program, 2)


def complete(options, info, parser):
    """Fills in what depends on the machine and refuses what it cannot do."""
    usable = [isa["name"] for isa in info["isas"] if isa["usable"]]
    for isa in options.isas or ():
        if isa not in usable:
            parser.error("argument --isas: '%s' cannot run here; usable: %s" % (isa, ", ".join(usable)))
    options.epoch_isas = options.isas or [isa for isa in usable if isa not in BASELINES] or usable
    options.isas = options.isas or usable
    options.threads = sorted(options.threads or {1, info["default_threads"]})
    cpus = max(info["machine"]["usable_cpus"], 1)
    if options.threads[-1] > cpus:
        parser.error("argument --threads: %d are more than this process may use CPUs, %d" % (options.threads[-1], cpus))


def find_data(folder):
    """The folder of MNIST, searched as normbench searches it."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    named = folder or os.environ.get("NORMBENCH_DATA_DIR")
    places = [named] if named else [os.path.join(cache, "normbench", "mnist"), "/usr/share/datasets/mnist"]
    for place in places:
        if any(os.path.exists(os.path.join(place, "train-images-idx3-ubyte" + end)) for end in ("", ".gz")):
            return os.path.abspath(place)
    raise Failure("no MNIST in %s; script/fetch-data fetches it, --data-dir names another folder"
                  % " or ".join(places), 3)


def on_signal(number, frame):
    raise SystemExit(128 + number)


def measure(options, info, folder, parts):
    python, reason = find_python()
    stopped = failure = None
    epochs, whole = Epochs(options, info), Whole(options, info)
    try:
        if "epochs" in parts:
            epochs.run(python, reason)
        if "whole" in parts:
            whole.run(folder, python, reason)
    except SystemExit as what:
        stopped = what.code
    except Failure as what:
        failure = what
    page = ["# One epoch of normbench and of PyTorch", "", "Made by `script/bench-programs` on %s, %s, commit %s%s." % (
        info["machine"]["cpu"], info["machine"]["os"], info["machine"]["build"]["commit"],
        " with changes" if info["machine"]["build"]["dirty"] else ""), ""]
    if stopped or failure:
        page += ["**Partial: %s.**" % (failure or "it was interrupted"), ""]
    if "epochs" in parts:
        epochs.write(folder)
        page += ["## Training", "", epochs.page()]
    if "whole" in parts:
        page += ["## Whole programs", "", whole.page()]
    text = "\n".join(page)
    folder.write("README.md", text)
    print(text)
    print("\n".join(folder.paths))
    if failure:
        raise failure
    for line in [*epochs.skipped, *whole.skipped]:
        print("bench-programs: skipped: " + line, file=sys.stderr)
    for line in epochs.wrong:
        print("bench-programs: wrong: " + line, file=sys.stderr)
    if stopped:
        return stopped
    if parts == ("whole",) and whole.hyperfine is None:
        return 1
    return 1 if epochs.wrong else 0


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    parser, options = parse_options()
    parts = (options.only,) if options.only else ("epochs", "whole")
    try:
        options.program = os.path.abspath(options.program)
        options.data_dir = find_data(options.data_dir)
        # A user's settings of the program would change what is measured.
        for name in [name for name in os.environ if name.startswith("NORMBENCH_") and name != "NORMBENCH_PYTHON"]:
            del os.environ[name]
        info = ask(options, "--no-peaks")
        complete(options, info, parser)
        if options.peers_isa != "best":
            os.environ.update(info["peer_variables"])
        if "epochs" in parts and not options.no_peaks:
            info = ask(options)
        if options.results:
            folder = Folder.of_today(options.results, info["machine"]["cpu"])
        else:
            folder = Folder(options.output or os.path.join(os.path.dirname(os.path.dirname(options.program)), "programs"))
        return measure(options, info, folder, parts)
    except Failure as failure:
        print("bench-programs: %s" % failure, file=sys.stderr)
        return failure.code


if __name__ == "__main__":
    sys.exit(main())
