# SPDX-License-Identifier: MIT
"""Trains epochs on request, for bench/programs/epochs.py: worker.py FOLDER THREADS.

Its first line says what it is. Then each line that it reads is a JSON object, the settings of a run and `steps`, null for
a whole epoch; it answers with the seconds of training and the first 50 losses. It ends with its input.
"""
import json
import sys

import torch

from resident import Data, Resident, blas_library

SHOWN = 50


def answer(**what):
    print(json.dumps(what), flush=True)


def main():
    folder, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    data = Data(folder)
    answer(torch=torch.__version__, blas=blas_library(), threads=torch.get_num_threads())
    for line in sys.stdin:
        settings = json.loads(line)
        seconds, losses = Resident(settings, data).train_epoch(settings["steps"])
        answer(seconds=seconds, losses=losses[:SHOWN])


if __name__ == "__main__":
    main()
