#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Manual pages and completions know every option of every command, and shells complete with them.

NORMBENCH is the program, SHARE the folder that holds what share/meson.build makes, MANUAL that of the manual pages in the
sources. man, mandoc, zsh and fish are asked where they are.
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

SHARE = os.environ["SHARE"]
COMMANDS = ["bench", "check", "compare", "experiment", "info", "report", "sweep", "train", "verify"]

# Sources the script, asks for the completion of its arguments as if they had been typed, prints what bash would offer.
ASK_BASH = """
source "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_normbench
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""

# A terminal in which a user types each of the arguments and asks for its completion. Offers are caught where they are added.
ASK_ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=(${(q)${0:h}} \\$fpath); autoload -U compinit; compinit -u -D; LISTMAX=9999
compadd() { builtin compadd -O offers \\"\\$@\\"; print -rl -- \\$offers >>offers; builtin compadd \\"\\$@\\"; }
ask() { zle complete-word; print done >done; }
zle -N ask; bindkey '^X' ask; print ready >ready"
for ((i = 0; i < 200; i++)) { [[ -e ready ]] && break; sleep 0.1 }
for line; do
    rm -f done
    zpty -w -n shell $'\\x15'"$line"$'\\x18'
    for ((i = 0; i < 200; i++)) { [[ -e done ]] && break; sleep 0.05 }
    print -- ---- >>offers
done
zpty -d shell
cat offers
"""


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Descriptions(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="normbench-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, "a folder"))
        for name in ("a file", "results.json"):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8"):
                pass

    def run_command(self, *command, **env):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NORMBENCH_")}
        return subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**clean, **env}, check=True)

    def options(self, command):
        """{name: what --help calls its value}."""
        output = self.run_command(os.environ["NORMBENCH"], command, "--help").stdout
        found = re.findall(r"(?m)^  (?:-\w, )?--([\w-]+)(?: ([A-Z]+))?(?:  .*)?$", output)
        self.assertGreater(len(found), 2)
        return dict(found)

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program):
                self.skipTest("there is no " + program)

    def pages(self):
        return [os.path.join(SHARE, "normbench.1"), os.path.join(os.environ["MANUAL"], "normbench-gbench.1"),
                *(os.path.join(SHARE, "normbench-%s.1" % command) for command in COMMANDS)]

    def test_commands(self):
        output = self.run_command(os.environ["NORMBENCH"], "--help").stdout
        commands = re.search(r"(?s)Commands:\n(.*?)\n\n", output)[1]
        self.assertEqual(sorted(re.findall(r"(?m)^  (\w+)", commands)), COMMANDS)
        page = read(SHARE, "normbench.1")
        for command in COMMANDS:
            self.assertIn("\\fBnormbench\\-%s\\fR(1)" % command, page)
        self.assertEqual(self.bash(""), sorted([*COMMANDS, "--help", "--version"]))

    def test_pages_hold_every_option(self):
        for command in COMMANDS:
            page = read(SHARE, "normbench-%s.1" % command)
            for name, value in self.options(command).items():
                escaped = "\\fB\\-\\-" + name.replace("-", "\\-") + "\\fR" + (" \\fI%s\\fR" % value if value else "")
                self.assertIn(escaped + "\n", page, command)
                if name not in ("help", "version"):
                    self.assertIn("[environment: NORMBENCH_%s]" % name.upper().replace("-", "_"), page, command)

    def test_pages_show_their_text(self):
        """What people read in the help is what they read in the page: same words, nothing eaten by the typesetter."""
        self.need("man")
        for command in COMMANDS:
            output = self.run_command(os.environ["NORMBENCH"], command, "--help").stdout
            shown = self.run_command("man", "-l", os.path.join(SHARE, "normbench-%s.1" % command), MANWIDTH="1000",
                                     LC_ALL="C.UTF-8", MANPAGER="cat").stdout
            about = re.search(r"(?s)\A[^\n]*\n\n(.*?)\n\n[A-Z]\w+[^\n]*:\n", output)[1]
            examples = re.search(r"(?s)\nExamples:\n(.*)", output)[1]
            words = re.sub(r"\s+", " ", shown)
            for text in (*about.split("\n\n"), *examples.splitlines()):
                self.assertIn(re.sub(r"\s+", " ", text).strip(), words)

    def test_pages_have_no_warnings(self):
        for page in self.pages():
            if shutil.which("man"):
                self.assertEqual(self.run_command("man", "--warnings", "-l", page, MANWIDTH="80", LC_ALL="C.UTF-8").stderr, "")
            if shutil.which("mandoc"):
                found = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], stdout=subprocess.PIPE, text=True, check=False)
                # A date would make every build another one.
                self.assertEqual([line for line in found.stdout.splitlines() if "missing date" not in line], [])

    def bash(self, *words):
        """What bash offers for the last word, sorted."""
        return sorted(self.run_command("bash", "-c", ASK_BASH, os.path.join(SHARE, "normbench"), "normbench",
                                       *words).stdout.splitlines())

    def test_bash_options(self):
        self.need("bash")
        for command in COMMANDS:
            self.assertEqual(self.bash(command, "--"), sorted("--" + name for name in self.options(command)))

    def test_bash_values(self):
        self.need("bash")
        norms, isas = ["batch", "layer", "none"], ["autovec", "avx2", "avx512", "neon", "scalar"]
        for words, expected in (
                (["train", "--norm", ""], norms),
                (["train", "--norm", "=", "l"], ["layer"]),
                (["train", "--norm", "="], norms),
                (["train", "--isa", ""], sorted(["auto", *isas])),
                (["train", "--dataset", "m"], ["mnist", "mnist-sample"]),
                (["train", "--lr", ""], []),
                (["train", "--nesterov", "="], ["no", "yes"]),
                (["train", "--nesterov", "--opt"], ["--optimizer"]),
                (["train", "--json", ""], ["a file", "a folder", "results.json"]),
                (["train", "--data-dir", "a"], ["a folder"]),
                (["experiment", "--norms", ""], norms),
                (["experiment", "--norms", "batch,n"], ["batch,none"]),
                (["sweep", "--isas", "scalar,avx"], ["scalar,avx2", "scalar,avx512"]),
                (["sweep", ""], ["a file", "a folder", "ba2016", "default", "full", "results.json", "smoke"]),
                (["compare", "--alpha", "0.1", "r"], ["results.json"]),
                (["report", ""], ["a folder"]),
                (["info", ""], []),
                (["tr"], ["train"])):
            self.assertEqual(self.bash(*words), expected, words)

    def fish(self, line):
        script = "source '%s'; complete -C '%s'" % (os.path.join(SHARE, "normbench.fish"), line)
        output = self.run_command("fish", "--no-config", "-c", script, HOME=self.folder).stdout
        return sorted({offer.split("\t")[0] for offer in output.splitlines()})

    def test_fish(self):
        self.need("fish")
        self.assertEqual([word for word in self.fish("normbench ") if word in COMMANDS], COMMANDS)
        for command in COMMANDS:
            self.assertLessEqual({"--" + name for name in self.options(command)},
                                 {word.rstrip("=") for word in self.fish("normbench %s --" % command)})
        self.assertEqual(self.fish("normbench train --norm "), ["batch", "layer", "none"])
        self.assertEqual(self.fish("normbench experiment --norms batch,n"), ["batch,none"])
        self.assertEqual(self.fish("normbench train --data-dir a"), ["a folder/"])
        self.assertIn("results.json", self.fish("normbench compare r"))
        self.assertLessEqual({"smoke", "results.json"}, set(self.fish("normbench sweep ")))

    def zsh(self, *lines):
        """What zsh offers at the end of each line."""
        output = self.run_command("zsh", "-f", "-c", ASK_ZSH, os.path.join(SHARE, "_normbench"), *lines, HOME=self.folder,
                                  TERM="dumb").stdout
        return [set(offers.split("\n")) - {""} for offers in output.split("----\n")[:-1]]

    def test_zsh(self):
        self.need("zsh")
        self.run_command("zsh", "-n", os.path.join(SHARE, "_normbench"))
        commands, norms, sweep, *options = self.zsh(
            "normbench ", "normbench train --norm ", "normbench sweep ",
            *("normbench %s --" % command for command in COMMANDS))
        self.assertLessEqual(set(COMMANDS), commands)
        self.assertEqual(norms, {"batch", "layer", "none"})
        self.assertLessEqual({"smoke", "results.json"}, sweep)
        for command, offered in zip(COMMANDS, options):
            self.assertLessEqual({"--" + name for name in self.options(command)}, {word.rstrip("=-") for word in offered},
                                 command)


if __name__ == "__main__":
    unittest.main()
