#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""normbench report: the same bytes from the same records, the page, odd and damaged records."""
import copy
import csv
import html.parser
import json
import os
import random
import re
import shutil
import struct
import subprocess
import unittest
import zlib

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


def first_pixel(path):
    """The first pixel of a PNG with 8 bits for each colour: what comes first is never filtered."""
    with open(path, "rb") as file:
        data, at, packed = file.read(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompressobj().decompress(packed, 16)[1:4])


class ReportCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.real = [study_records.convergence(PROGRAM, norm, batch, seed, 2)
                    for norm in ("batch", "layer") for batch in (100, 500) for seed in SEEDS]
        cls.real += [study_records.timing(PROGRAM, norm, batch, isa, threads)
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


class Bytes(ReportCase):
    def test_same_records_same_bytes(self):
        """Whatever the time zone, the language, the folder and the order of the lines."""
        first = self.report(self.real, env={"TZ": "UTC", "LANG": "C"}, output=self.path("first"), pictures=True)
        shuffled = list(self.real)
        random.Random(1).shuffle(shuffled)
        env = {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "COLUMNS": "40"}
        second = self.report(shuffled, env=env, output=self.path("a", "second"), pictures=True)
        names = sorted(os.listdir(first))
        self.assertEqual(sorted(os.listdir(second)), names)
        self.assertIn("index.html", names)
        if shutil.which("gnuplot"):
            self.assertTrue(any(name.endswith(".png") for name in names))
        for name in names:
            with open(os.path.join(first, name), "rb") as one, open(os.path.join(second, name), "rb") as two:
                self.assertEqual(one.read(), two.read(), name)
        self.assertEqual(sorted(self.made.stdout.split()), sorted(os.path.join(second, name) for name in names))

    def test_other_records_other_bytes(self):
        first = self.report(self.real, output=self.path("first"))
        changed = copy.deepcopy(self.real)
        changed[0]["epochs"][-1]["train_loss"] *= 1.5
        second = self.report(changed, output=self.path("second"))
        self.assertNotEqual(self.rows(first, "differences"), self.rows(second, "differences"))

    def test_output_is_beside_the_records(self):
        study_records.write(self.path("study"), self.real[:10])
        self.call("report", "study")
        self.assertTrue(os.path.exists(self.path("study", "report", "index.html")))


class ThePage(ReportCase):
    def test_needs_nothing_else(self):
        folder = self.report(self.real, pictures=True)
        page = self.page(folder)
        self.assertEqual(page.all("script") + page.all("link") + page.all("img"), [])
        for _, attributes, _ in page.elements:
            self.assertNotIn("src", attributes)
            for key in attributes:
                self.assertFalse(key.startswith("on"), attributes)
            target = attributes.get("href") or attributes.get("xlink:href") or "#main"
            if target.startswith("#"):
                self.assertIn(target[1:], [a.get("id") for _, a, _ in page.elements])
            else:
                self.assertTrue(os.path.exists(os.path.join(folder, target)), target)
        with open(os.path.join(folder, "index.html"), encoding="utf-8") as file:
            text = file.read()
        for outside in re.findall(r"https?://[^\"' <]*|@import|url\((?!#)", text):
            self.assertIn(outside, ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"))

    def test_is_for_everybody(self):
        page = self.page(self.report(self.real, pictures=True))
        ids = [a["id"] for _, a, _ in page.elements if "id" in a]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(page.all("html"), [{"lang": "en"}])
        self.assertEqual(page.elements[[e[0] for e in page.elements].index("a")][1], {"class": "skip", "href": "#main"})
        levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        self.assertEqual(levels[0], 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels)
        self.assertTrue(all(a.get("scope") in ("col", "row") for a in page.all("th")))
        self.assertEqual(len(page.all("table")), len(page.all("caption")))
        self.assertEqual(len(page.all("figure")), len(page.all("figcaption")))
        self.assertEqual(len([a for a in page.all("div") if a.get("tabindex") == "0" and a["role"] == "region"]),
                         len(page.all("table")))
        if shutil.which("gnuplot"):
            self.assertGreater(len(page.all("svg")), 8)
        for picture in page.all("svg"):
            self.assertEqual(picture["role"], "img")
            self.assertIn(picture["aria-labelledby"], ids)

    def test_every_caption_has_the_settings_and_the_data(self):
        with open(os.path.join(self.report(self.real, pictures=True), "index.html"), encoding="utf-8") as file:
            text = file.read()
        captions = re.findall(r"<(?:fig)?caption.*?</(?:fig)?caption>", text, re.S)
        self.assertGreater(len(captions), 10)
        for caption in captions:
            self.assertRegex(caption, r'href="[^"]+\.csv"')
            if "Claims" not in caption:
                self.assertIn("Settings: mnist-sample, 1000 training and 500 test rows, 784-256-10, SGD, f32", caption)
                self.assertIn("learning rate 0.1, 2 epochs, seeds 1 to 5", caption)

    def test_text_is_only_text(self):
        evil = "<script>alert(1)</script>&\"'|`$(x)_*\u00e9"
        records = copy.deepcopy(self.real)
        for record in records:
            record["config"]["dataset"] = record["machine"]["cpu"] = evil
        records.append(study_records.impossible(self.craft("batch", 1, 1, [1, 1], [0, 0], base=records[0]), evil))
        folder = self.report(records, pictures=True)
        page = self.page(folder)
        self.assertEqual(page.all("script"), [])
        self.assertIn("Study on " + evil, page.text)
        self.assertIn("batch size 1: " + evil, page.text)
        with open(os.path.join(folder, "report.md"), encoding="utf-8") as file:
            self.assertNotIn("<script", file.read().replace("\\<", ""))

    def test_without_gnuplot(self):
        folder = self.report(self.real)
        self.assertEqual(self.made.stderr.count("\n"), 1)
        self.assertIn("gnuplot is not installed", self.made.stderr)
        page = self.page(folder)
        self.assertEqual(page.all("svg"), [])
        self.assertEqual(page.text.count("This report has no pictures"), 1)
        self.assertFalse([name for name in os.listdir(folder) if name.endswith((".svg", ".png"))])
        self.assertEqual(len(self.rows(folder, "summary")), 2)

    def chromium(self, *args):
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if browser is None:
            self.skipTest("chromium is not installed")
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                               "--user-data-dir=" + self.path("profile"), *args],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_in_chromium(self):
        url = "file://" + os.path.join(self.report(self.real, pictures=True), "index.html")
        for scheme, corner in (("1", (255, 255, 255)), ("0", (26, 26, 26))):
            picture = self.path(scheme + ".png")
            self.chromium("--blink-settings=preferredColorScheme=" + scheme, "--window-size=800,600",
                          "--screenshot=" + picture, url)
            self.assertEqual(first_pixel(picture), corner)
        self.chromium("--print-to-pdf=" + self.path("page.pdf"), url)
        with open(self.path("page.pdf"), "rb") as file:
            self.assertTrue(file.read().startswith(b"%PDF"))
        # On a narrow screen tables and pictures scroll or shrink; the page itself does not scroll sideways.
        with open(self.path("narrow.html"), "w", encoding="utf-8") as file:
            file.write('<iframe id="f" style="border:0;width:360px;height:600px" src="%s"></iframe><script>onload = () => {'
                       'const d = f.contentDocument.documentElement; document.title = d.scrollWidth + " of " + d.clientWidth'
                       '}</script>' % url)
        dom = self.chromium("--allow-file-access-from-files", "--dump-dom", "file://" + self.path("narrow.html"))
        self.assertIn("<title>360 of 360</title>", dom)


class Odd(ReportCase):
    def test_one_seed(self):
        folder = self.report([r for r in self.real if r["config"]["seed"] == 1])
        rows = self.rows(folder, "summary")
        self.assertEqual([row["pairs"] for row in rows], ["1", "1"])
        self.assertEqual({row["loss_ahead"] for row in rows}, {"too few seeds"})
        self.assertEqual({row["verdict"] for row in self.rows(folder, "claims")}, {"undecided"})

    def test_one_norm(self):
        folder = self.report([r for r in self.real if r["config"]["norm"] == "layer"])
        self.assertIn("BatchNorm and LayerNorm are not both among the records", self.page(folder).text)
        self.assertFalse(os.path.exists(os.path.join(folder, "summary.csv")))
        self.assertEqual({row["verdict"] for row in self.rows(folder, "claims")}, {"undecided"})

    def test_no_timing_cells(self):
        folder = self.report([r for r in self.real if r["purpose"] == "convergence"])
        self.assertIn("nothing is said of its speed", self.page(folder).text)
        self.assertFalse(os.path.exists(os.path.join(folder, "speed.csv")))

    def test_only_timing_cells(self):
        folder = self.report([r for r in self.real if r["purpose"] == "timing"])
        self.assertIn("(times only)", self.page(folder).text)
        self.assertEqual(len(self.rows(folder, "speed")), 16)

    def test_seconds_of_cells_side_by_side_are_no_speeds(self):
        records = [dict(r, alone=False) for r in self.real]
        self.assertFalse(os.path.exists(os.path.join(self.report(records), "speed.csv")))

    def test_diverged(self):
        records = [study_records.diverged(r) if r["config"]["norm"] == "batch" and r["config"]["batch_size"] == 100
                   and r["purpose"] == "convergence" else r for r in self.real]
        folder = self.report(records)
        row = self.rows(folder, "training-loss")[0]
        self.assertEqual((row["norm"], row["ok"], row["diverged"], row["median"], row["iqm"]), ("batch", "0", "5", "", ""))
        row = self.rows(folder, "summary")[0]
        self.assertEqual((row["pairs"], row["loss_difference"], row["loss_ahead"]), ("0", "", "LayerNorm"))
        self.assertIn("5 diverged", self.page(folder).text)
        reached = [r for r in self.rows(folder, "epochs-to-accuracy") if r["norm"] == "batch" and r["batch_size"] == "100"]
        self.assertEqual((reached[0]["reached"], reached[0]["epochs"]), ("0", ""))

    def test_impossible(self):
        records = self.real + [study_records.impossible(self.craft("batch", 1, seed, [1, 1], [0, 0]), "needs two rows")
                               for seed in SEEDS]
        folder = self.report(records)
        row = self.rows(folder, "accuracy")[0]
        self.assertEqual((row["batch_size"], row["ok"], row["impossible"], row["median"]), ("1", "0", "5", ""))
        self.assertIn("Impossible: batch norm with batch size 1: needs two rows.", self.page(folder).text)
        self.assertIn("5 cannot exist", self.page(folder).text)

    def test_several_machines_are_not_mixed(self):
        other = copy.deepcopy(self.real)
        for record in other:
            record["machine"]["cpu"] = "Another CPU"
        folder = self.report(self.real + other)
        text = self.page(folder).text
        self.assertIn("The records are of 2 kinds", text)
        self.assertIn("Part 2: mnist-sample", text)
        self.assertEqual(self.rows(folder, "differences"), self.rows(folder, "2-differences"))

    def test_learning_rates_are_not_mixed(self):
        other = copy.deepcopy(self.real)
        for record in other:
            record["config"]["lr"] = record["lr_base"] = 0.2
        folder = self.report(self.real + [r for r in other if r["purpose"] == "convergence"])
        self.assertEqual({row["lr"] for row in self.rows(folder, "accuracy")}, {"0.1"})
        self.assertEqual({row["lr"] for row in self.rows(folder, "2-accuracy")}, {"0.2"})

    def test_digests_that_differ_are_named(self):
        records = copy.deepcopy(self.real[:10])
        for record in records:
            record["digests"] = ["sha256:" + "0" * 64] * 2
        twin = dict(copy.deepcopy(records[0]), purpose="timing", digests=["sha256:" + "1" * 64] * 2)
        self.assertIn("WARNING: 1 of 1 pairs", self.page(self.report(records + [twin])).text)
        twin["digests"] = records[0]["digests"]
        self.assertIn("1 pairs of runs of the same computation", self.page(self.report(records + [twin])).text)

    def test_targets(self):
        folder = self.report(self.real, "--target-accuracy", "0.5", "--target-loss", "5")
        row = self.rows(folder, "epochs-to-loss")[0]
        self.assertEqual((row["reached"], row["epochs"], row["steps"], row["samples"]), ("5", "1", "10", "1000"))
        self.assertIn("a test accuracy of 0.5 or more", self.page(folder).text)
        speed = self.rows(folder, "speed")[0]
        self.assertEqual(float(speed["seconds_to_loss"]), float(speed["seconds"]))
        self.refused(" report: --target-accuracy: '2' is not a number from 0 to 1; see normbench report --help",
                     "report", "--target-accuracy", "2", "study", code=2)


class Claims(ReportCase):
    def test_batch_norm_is_faster(self):
        records = self.pair(2, 0.9, 0.1) + self.pair(32, 0.1, 0.2) + self.pair(64, 0.1, 0.2)
        self.assertEqual(self.verdicts(records)[0], "undecided")  # two large batch sizes
        self.assertEqual(self.verdicts(records + self.pair(128, 0.1, 0.2))[0], "supported")
        self.assertEqual(self.verdicts(records + self.pair(128, 0.2, 0.1))[0], "supported")
        equal = self.pair(128, 0.1, 0.101) + self.pair(256, 0.1, 0.101)  # neither is ahead
        self.assertEqual(self.verdicts(records + equal)[0], "undecided")
        slower = self.pair(32, 0.2, 0.1) + self.pair(64, 0.2, 0.1) + self.pair(128, 0.1, 0.2)
        self.assertEqual(self.verdicts(slower)[0], "not supported")

    def test_layer_norm_is_stable(self):
        def study(batch, layer):
            return [r for size, *accuracies in zip((2, 32, 128), batch, layer) for r in self.pair(size, 0.1, 0.2, *accuracies)]
        self.assertEqual(self.verdicts(study((0.5, 0.8, 0.9), (0.85, 0.9, 0.9)))[1], "supported")
        self.assertEqual(self.verdicts(study((0.85, 0.9, 0.9), (0.5, 0.8, 0.9)))[1], "not supported")
        self.assertEqual(self.verdicts(study((0.8, 0.9, 0.9), (0.8, 0.9, 0.9)))[1], "undecided")
        records = study((0.85, 0.9, 0.9), (0.5, 0.8, 0.9))
        records[0] = study_records.diverged(records[0])
        self.assertEqual(self.verdicts(records)[1], "supported")

    def test_dynamics_differ(self):
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.2))[2], "supported")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.1))[2], "supported")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.101) + self.pair(64, 0.1, 0.101))[2], "not supported")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.2, 0.8, 0.9))[2], "undecided")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.2, 0.9, 0.8))[2], "undecided")

    def test_paper(self):
        base = copy.deepcopy(self.real[0])
        base["config"].update(hidden=[1000, 1000], optimizer="adam")
        base["data"]["rows"] = 55000
        small, large = (lambda *a: self.pair(4, *a, base=base)), (lambda *a: self.pair(128, *a, base=base))
        self.assertEqual(self.verdicts(small(0.3, 0.1, 0.5, 0.9) + large(0.2, 0.1))[3], "supported")
        self.assertEqual(self.verdicts(small(0.3, 0.1, 0.5, 0.9) + large(0.1, 0.2))[3], "not supported")
        self.assertEqual(self.verdicts(small(0.3, 0.1) + large(0.2, 0.1))[3], "undecided")
        folder = self.report(small(0.3, 0.1, 0.5, 0.9) + large(0.2, 0.1))
        self.assertIn("Curves, in the form of the paper's figure 6", self.page(folder).text)
        for name in ("loss-b4", "error-b4", "loss-b128", "error-b128"):
            self.assertTrue(os.path.exists(os.path.join(folder, name + ".csv")))
        # The other claims are about other networks.
        self.assertEqual([row["section"] for row in self.rows(folder, "claims")][:3], ["", "", ""])


class Damaged(ReportCase):
    def refuse(self, text, says):
        os.makedirs(self.path("study"), exist_ok=True)
        with open(self.path("study", "records.jsonl"), "w", encoding="utf-8") as file:
            file.write(text)
        done = self.call("report", "study", code=3)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(os.listdir(self.path("study")), ["records.jsonl"])

    def test_lines(self):
        good = "".join(json.dumps(record) + "\n" for record in self.real[:2])
        third = json.dumps(self.real[2])
        self.refuse("", "holds no records")
        self.refuse(good + third, "line 3: the line is cut")
        self.refuse(good + third[:len(third) // 2] + "\n", "line 3: damaged")
        self.refuse(good + "\n", "line 3: damaged")
        self.refuse(good + "[1]\n", "line 3: damaged")
        self.refuse(good + third.replace('"epochs": [', '"epochs": [NaN, ', 1) + "\n", "line 3: damaged")
        self.refuse(good + json.dumps(self.real[0]) + "\n", "line 3: the same setting and seed as line 1")

    def test_fields(self):
        def changed(change):
            record = copy.deepcopy(self.real[0])
            change(record)
            return json.dumps(record) + "\n"
        for says, change in (
                ("schema 1", lambda r: r.update(schema=2)),
                ("purpose", lambda r: r.pop("purpose")),
                ("status", lambda r: r.update(status="fine")),
                ("config.norm", lambda r: r["config"].update(norm="group")),
                ("config.batch_size", lambda r: r["config"].update(batch_size=-1)),
                ("config.seed", lambda r: r["config"].update(seed="1")),
                ("config.lr", lambda r: r["config"].update(lr=None)),
                ("data.rows", lambda r: r.pop("data")),
                ("effective.isa", lambda r: r["effective"].update(isa="sse9")),
                ("effective.threads", lambda r: r["effective"].pop("threads")),
                ("1 of 2 epochs", lambda r: r["epochs"].pop()),
                ("epoch 2 is missing", lambda r: r["epochs"][1].update(epoch=3)),
                ("epoch 1 of a run that ended well lacks", lambda r: r["epochs"][0].update(train_loss=None))):
            self.refuse(changed(change), "line 1: ")
            self.refuse(changed(change), says)

    def test_no_file(self):
        self.refused(" report: cannot read 'nowhere/records.jsonl': No such file or directory; name the folder of a sweep",
                     "report", "nowhere", code=3)


if __name__ == "__main__":
    unittest.main()
