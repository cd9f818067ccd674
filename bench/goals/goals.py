# SPDX-License-Identifier: MIT
"""What normbench aims at, and whether figures reach it. A goal is held against each vector ISA and number of threads."""
import re
from typing import Callable, NamedTuple

from figures import Figure


class Goal(NamedTuple):
    name: str
    wanted: float
    figures: Callable  # of (results, isa, threads): those that should be as large as wanted
    enough: float = 1  # the share of the figures that must be
    several: float = None  # what is wanted of several threads, where that differs
    peers: bool = False  # whether it is about other libraries, or autovec, which may be held to an ISA

    def wanted_of(self, threads):
        return self.wanted if threads == 1 or self.several is None else self.several


class Verdict(NamedTuple):
    goal: Goal
    peers: str  # "best": other libraries ran their best code; else the ISA that they were held to
    isa: str
    threads: int
    least: Figure
    met: int
    count: int

    @property
    def wanted(self):
        return self.goal.wanted_of(self.threads)

    @property
    def reached(self):
        return self.met >= self.goal.enough * self.count

    def text(self):
        """What is wanted."""
        return "%.2f%s" % (self.wanted, " of %.0f %%" % (100 * self.goal.enough) if self.goal.enough < 1 else "")


def peers(problems):
    """Times of the best peer over ours, of problems whose whole name matches."""
    return lambda results, isa, threads: results.against_peers(isa, threads, re.compile(problems).fullmatch)


def mean(family, name):
    return lambda results, isa, threads: results.mean(isa, threads, family, name)


def of_fma(problems, least_rows=0, square=False):
    """Shares of the FMA peak of products m x n x k; `least_rows` is about the batch: m, and k of a gradient."""
    def wants(problem):
        if not re.fullmatch(problems, problem):
            return False
        m, n, k = map(int, problem.split(":")[1].split("x"))
        return (k if problem.startswith("matmul_tn") else m) >= least_rows and (m == n == k) == square
    return lambda results, isa, threads: results.of_ceiling(isa, threads, "FMA", "gflops", wants)


def of_copy(problems):
    """Shares of the bandwidth of copying memory."""
    return lambda results, isa, threads: results.of_ceiling(isa, threads, "memory copy", "gbytes",
                                                            re.compile(problems).fullmatch)


def epoch(batch_size):
    return lambda results, isa, threads: results.epoch_ratios(isa, threads, batch_size)


def epochs_of_peak(*batch_sizes):
    return lambda results, isa, threads: [figure for batch_size in batch_sizes
                                          for figure in results.epoch_shares(isa, threads, batch_size)]


IN_CACHE = r"(_relu)?_(forward|backward):((32|128|512|2048)x256|128x1000)"
FROM_MEMORY = ".*:8192x10(00|24)"

# In the order of the page.
GOALS = [
    Goal("matmul: mean against the best peer", 1, mean("matmul", "vs_best_peer"), peers=True),
    Goal("matmul: mean against OpenBLAS", 1.15, mean("matmul", "openblas"), peers=True),
    Goal("matmul: mean against BLIS", 1.15, mean("matmul", "blis"), peers=True),
    Goal("matmul: not behind the best peer", 1, peers("matmul_.*"), 0.9, peers=True),
    Goal("matmul: never far behind the best peer", 0.95, peers("matmul_.*"), peers=True),
    # Heads of ten columns fill no register, and a hidden layer's dX is no forward product.
    Goal("matmul: forward from batch 4, of the FMA peak", 0.95,
         of_fma(r"matmul_nn_panels:\d+x(256x784|1000x784|1000x1000)", 4)),
    Goal("matmul: gradients from batch 32, of the FMA peak", 0.92,
         of_fma(r"matmul_tn:(784x256|784x1000|1000x1000)x\d+", 32)),
    Goal("matmul: squares from 256, of the FMA peak", 0.92, of_fma(r"matmul_nn:.*", 256, square=True)),
    Goal("BatchNorm: in cache against the best peer", 2, peers("batchnorm" + IN_CACHE), peers=True),
    Goal("LayerNorm: in cache against the best peer", 2, peers("layernorm" + IN_CACHE), peers=True),
    Goal("BatchNorm: from memory, of the copy", 0.85, of_copy("batchnorm_" + FROM_MEMORY)),
    Goal("LayerNorm: from memory, of the copy", 0.85, of_copy("layernorm_" + FROM_MEMORY)),
    Goal("reductions: from memory, of the copy", 0.85, of_copy("(row|column)_" + FROM_MEMORY)),
    *(Goal("epoch: batch %d, against PyTorch" % batch_size, one, epoch(batch_size), several=several, peers=True)
      for batch_size, one, several in ((4, 9, 12), (32, 2.6, 3.5), (128, 1.6, 1.9), (512, 1.5, 1.75), (2048, 1.35, 1.5))),
    Goal("epoch: from batch 128, of the FMA peak", 0.9, epochs_of_peak(128, 512, 2048), several=0.88),
    Goal("all kernels: the contract is free, against autovec", 1,
         lambda results, isa, threads: results.against(isa, threads, "autovec"), peers=True),
]


def judge(results, peers="best"):
    """Verdicts, goal by goal, of all that the results have figures for; of others that are held to an ISA only where these
    matter."""
    verdicts = []
    for goal in GOALS:
        for isa, threads in results.settings() if goal.peers or peers == "best" else ():
            figures = goal.figures(results, isa, threads)
            if figures:
                met = sum(figure.value >= goal.wanted_of(threads) for figure in figures)
                verdicts.append(Verdict(goal, peers, isa, threads, min(figures), met, len(figures)))
    return verdicts
