# SPDX-License-Identifier: MIT
"""What the tests of normbench report share: records, real and made up, and a reader of the page."""
import copy
import csv
import html.parser
import os

import study_records
from case import PROGRAM, Case

SEEDS = range(1, 6)


class Page(html.parser.HTMLParser):
    """What is in a page: elements with their attributes, and the text."""
    VOID = {"meta", "br", "link", "img", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text, self.faults = [], [], "", []
        self.feed(text)
        if self.open:
            self.faults.append("not closed: %s" % self.open)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append("closed out of order: %s" % tag)

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]


class ReportCase(Case):
    @classmethod
    def setUpClass(cls):
        # A small network: what a report makes of its records does not depend on it, and sanitized kernels are slow.
        small = ("--hidden", "8")
        cls.real = [study_records.convergence(PROGRAM, norm, batch, seed, 2, *small)
                    for norm in ("batch", "layer") for batch in (100, 500) for seed in SEEDS]
        cls.real += [study_records.timing(PROGRAM, norm, batch, isa, threads, 2, *small)
                     for norm in ("batch", "layer") for batch in (100, 500)
                     for isa in ("scalar", "autovec") for threads in (1, 2)]

    def report(self, records, *args, output=None, pictures=False, **more):
        """Makes the report of records in a folder of its own; its folder. Pictures take most of the time."""
        study = self.path("study")
        if not pictures:
            os.makedirs(self.path("empty"), exist_ok=True)
            more["env"] = {"PATH": self.path("empty"), **more.get("env", {})}
        study_records.write(study, records)
        output = output or os.path.join(study, "report")
        self.made = self.call("report", study, "--output", output, *args, **more)
        return output

    def page(self, folder):
        with open(os.path.join(folder, "index.html"), encoding="utf-8") as file:
            page = Page(file.read())
        self.assertEqual(page.faults, [])
        return page

    def rows(self, folder, name):
        with open(os.path.join(folder, name + ".csv"), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def craft(self, norm, batch_size, seed, losses, accuracies, base=None):
        """A record with these curves."""
        record = copy.deepcopy(base or self.real[0])
        record["config"].update(norm=norm, batch_size=batch_size, seed=seed, epochs=len(losses))
        record["cell"] = record["bits"] = "%s-%d-%d" % (norm, batch_size, seed)
        record["epochs"] = [dict(record["epochs"][0], epoch=i + 1, train_loss=loss, test_loss=loss, test_accuracy=accuracy)
                            for i, (loss, accuracy) in enumerate(zip(losses, accuracies))]
        return record

    def pair(self, batch_size, batch_loss, layer_loss, batch_accuracy=0.9, layer_accuracy=0.9, **more):
        """Five seeds of both normalizations."""
        records = []
        for seed in SEEDS:
            shift = seed / 1000
            records.append(self.craft("batch", batch_size, seed, [batch_loss + shift] * 2, [batch_accuracy + shift] * 2, **more))
            records.append(self.craft("layer", batch_size, seed, [layer_loss + 2 * shift / 3] * 2,
                                      [layer_accuracy + shift] * 2, **more))
        return records

    def verdicts(self, records):
        return [row["verdict"] for row in self.rows(self.report(records), "claims")]
