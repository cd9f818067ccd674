#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: loops.py PROGRAM [BINUTILS]

What the innermost loops of a program's kernels cost, by llvm-mca's models of CPUs: for machines that are not at hand. The models
know the pipes, the latencies and the width of a CPU; they miss no cache and guess every branch. BINUTILS stands before the
names objdump and readelf, "aarch64-linux-gnu-" for instance.

A row is a loop on a core, per iteration. `busy` is the share of the cycles in which the FMA pipes work; `by` is what binds: a unit
of the core and what most of its work is, the width of issue, or latency, if the loop waits for its own results.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys

from program import Program, is_jump

HERE = os.path.dirname(os.path.abspath(__file__))
TILES = ("tiles_by_rows", "tiles_by_columns")
# Other kernels whose loops are shown.
OTHERS = ("row_moments", "column_sum", "column_moments", "layernorm_forward", "layernorm_backward", "batchnorm_apply",
          "batchnorm_sums", "batchnorm_dx")

# How to read machine code: a fused multiply-add, any arithmetic on whole registers, a load of whole registers, the stack, and
# among operands the register of a result.
Machine = collections.namedtuple("Machine", "triple fma packed whole_load stack destination")
AARCH64 = Machine("aarch64", re.compile(r"fml[as] v"), re.compile(r"f(add|sub|mul|div|sqrt|ml[as])\w* v\d+\.\d"),
                  re.compile(r"ld[pr] (q\d+, )+\["), re.compile(r"\[sp"), re.compile(r"^(v\d+)"))
X86_64 = Machine("x86_64", re.compile(r"vfn?madd\d+p[sd] "), re.compile(r"v(add|sub|mul|div|sqrt|fn?madd\d+)p[sd] "),
                 re.compile(r"v(movup|maskmovp)[sd] \S*\(.*\),(%ymm\d+,)?%[yz]mm\d+(\{\S+)?$"), re.compile(r"\(%rsp\b|-0x\w+\(%rbp\b"),
                 re.compile(r"(%[xyz]mm\d+)(?:\{\S+)?$"))

# ISA -> its machine, and cores as llvm-mca calls them -> how the units of a model that is really theirs are called: LLVM gives
# a core that it has no model of the one of another core.
ISAS = {
    "neon": (AARCH64, {"neoverse-n1": "N1Unit", "neoverse-v1": "V1Unit", "ampere1": "Ampere1Unit", "tsv110": "TSV110Unit"}),
    "avx2": (X86_64, {"znver3": "Zn3", "znver4": "Zn4"}),
    "avx512": (X86_64, {"znver4": "Zn4"}),
}

# Of one iteration: cycles, the share of them in which the FMA pipes work, what it is bound by, loads and stores.
Cost = collections.namedtuple("Cost", "cycles busy bound loads stores")


class Loop:
    """A loop without another one in it. `path` is what an iteration runs: one that has a branch forward copies a panel of b
    in the first of many tiles, and the others jump over that."""

    def __init__(self, machine, instructions):
        self.machine, self.all = machine, instructions
        self.skips = [i for i in instructions[:-1] if is_jump(i.mnemonic)]
        end = max((i.target for i in self.skips if i.target), default=0)
        start = min((i.address for i in self.skips), default=0)
        self.path = [i for i in instructions if not start < i.address < end]
        self.fma = self.count(machine.fma)
        self.packed = self.count(machine.packed)
        # Where the loop ends may be compared with the stack: that waits for nothing, and no sum goes through it.
        self.spills = sum(machine.stack.search(i.operands) is not None for i in instructions if i.mnemonic != "cmp")

    def count(self, wanted):
        return sum(wanted.match(str(i)) is not None for i in self.path)

    def tile(self):
        """(rows, registers) of a loop over k in a tile of a product. Some take two or four k in a turn: each accumulator is then
        the destination of as many multiplications."""
        loads = sum(len(re.findall(r"\bq\d+|%[yz]mm\d+(?:\{\S+)?$", i.operands)) for i in self.path
                    if self.machine.whole_load.match(str(i)) and not self.machine.stack.search(i.operands))
        accumulators = {self.machine.destination.search(i.operands)[1] for i in self.path if self.machine.fma.match(str(i))}
        turns = next((k for k in (4, 2) if k * len(accumulators) == self.fma), 1)
        vecs, fma = loads // turns, self.fma // turns
        return (fma // vecs, vecs) if vecs and loads % turns == 0 and fma % vecs == 0 else None

    def assembly(self):
        lines = [re.sub(r"\b[0-9a-f]+ <.*", "loop", re.sub(r" *(//|#(?= )).*", "", str(i))) for i in self.path]
        return "loop:\n%s\n" % "\n".join(lines)


def innermost(machine, function):
    found = {(loop[0].address, loop[-1].address): loop for loop in function.loops()}
    for (start, end), loop in sorted(found.items()):
        if not any((start, end) != (s, e) and start <= s and e <= end for s, e in found):
            yield Loop(machine, loop)


def newest_tool():
    """llvm-mca of the newest LLVM here, or None."""
    folders = os.environ["PATH"].split(os.pathsep)
    found = [path for folder in folders for path in glob.glob(os.path.join(folder, "llvm-mca*"))
             if re.search(r"llvm-mca(-\d+)?$", path)]
    return max(found, key=lambda path: int(re.search(r"llvm-mca-?(\d*)$", path)[1] or 0), default=None)


def simulate(tool, core, units, loop, iterations=200):
    """What an iteration costs on this core; None where LLVM has no model of it, one whose units have such names."""
    machine = loop.machine
    run = subprocess.run([tool, "-mtriple=" + machine.triple, "-mcpu=" + core, "-iterations=%d" % iterations, "-json"],
                         input=loop.assembly(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if "not a recognized processor" in run.stderr:
        return None
    if run.returncode != 0:
        raise ValueError("%s -mcpu=%s: %s" % (tool, core, run.stderr.strip()))
    answer = json.loads(run.stdout)
    if not answer["TargetInfo"]["Resources"][0].startswith(units):
        return None
    region = answer["CodeRegions"][0]
    summary, each = region["SummaryView"], region["InstructionInfoView"]["InstructionList"]
    cycles = summary["TotalCycles"] / iterations
    busy = sum(info["RThroughput"] for i, info in zip(loop.path, each) if machine.fma.match(str(i))) / cycles
    return Cost(cycles, busy, bound(cycles, summary, each, region["ResourcePressureView"]["ResourcePressureInfo"]),
                sum(info["mayLoad"] for info in each), sum(info["mayStore"] for info in each))


def bound(cycles, summary, each, pressures):
    """What takes as long as the iteration does: the unit under most pressure, by what most of its work is, or the width at which
    instructions are issued; if neither does, they wait for one another."""
    units = collections.defaultdict(collections.Counter)
    for use in pressures:
        if use["InstructionIndex"] < len(each):
            info = each[use["InstructionIndex"]]
            kind = "stores" if info["mayStore"] else "loads" if info["mayLoad"] else "arithmetic"
            units[use["ResourceIndex"]][kind] += use["ResourceUsage"]
    busiest = max(units.values(), key=lambda kinds: sum(kinds.values()))
    pressure, issue = sum(busiest.values()), summary["TotaluOps"] / summary["Iterations"] / summary["DispatchWidth"]
    if cycles > 1.15 * max(pressure, issue):
        return "latency"
    return "issue" if issue > pressure else busiest.most_common(1)[0][0]


class Analysis:
    def __init__(self, path, binutils, tool):
        self.tool = tool
        with open(os.path.join(HERE, "..", "..", "kernels", "kernel_list.h"), encoding="utf-8") as file:
            kernels = re.findall(r"^ +K\(\w+, (\w+),", file.read(), re.MULTILINE)
        program = Program(path, binutils + "objdump", binutils + "readelf")
        self.functions = {table.name: set().union(*map(program.reached_from, table.kernels.values()))
                          for table in program.tables(kernels) if table.isa in ISAS}

    def loops(self, table, name):
        """The innermost loops of a function whose columns fill their registers: those of parts of one branch for that."""
        for function in self.functions[table]:
            if function.name == name:
                yield from (loop for loop in innermost(ISAS[table[4:]][0], function) if len(loop.skips) <= 1)

    def tiles(self, table, name):
        """(rows, registers) -> the loop over k of such a tile: of several that with most k in a turn, and without a branch."""
        found = {}
        for loop in self.loops(table, name):
            tile = loop.fma > 0 and loop.tile()
            if tile and (tile not in found or (-loop.fma, len(loop.path)) < (-found[tile].fma, len(found[tile].path))):
                found[tile] = loop
        return found

    def costs(self, table, loop):
        """Core -> what an iteration costs there, of all cores that LLVM has a model of."""
        costs = {core: simulate(self.tool, core, units, loop) for core, units in ISAS[table[4:]][1].items()}
        return {core: cost for core, cost in costs.items() if cost}

    def rows(self):
        """(table, function, tile or nothing, loop) of all products, and of what other kernels do to four registers or more."""
        for table in sorted(self.functions):
            for name in TILES:
                for tile, loop in sorted(self.tiles(table, name).items(), key=lambda found: -found[1].fma):
                    yield table, name, "%dx%d" % tile, loop
            for name in OTHERS:
                seen = set()
                for loop in self.loops(table, name):
                    alike = tuple(i.mnemonic for i in loop.all)
                    if loop.packed >= 4 and not loop.skips and alike not in seen:
                        seen.add(alike)
                        yield table, name, "-", loop


def main(path, binutils=""):
    tool = newest_tool()
    if not tool:
        sys.exit("loops.py: llvm-mca is not here; install LLVM (Debian: llvm)")
    analysis = Analysis(path, binutils, tool)
    print(subprocess.run([tool, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0].strip())
    row = "%-10s %-18s %4s %12s %4s %5s %6s %6s  %-11s %6s %4s  %s"
    print(row % ("table", "function", "tile", "instructions", "fma", "loads", "stores", "spills", "core", "cycles", "busy", "by"))
    for table, name, tile, loop in analysis.rows():
        for core, cost in analysis.costs(table, loop).items():
            print(row % (table, name, tile, len(loop.path), loop.fma, cost.loads, cost.stores, loop.spills, core,
                         "%.1f" % cost.cycles, "%.2f" % cost.busy, cost.bound))


if __name__ == "__main__":
    main(*sys.argv[1:3])
