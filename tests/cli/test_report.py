#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""normbench report: the same bytes from the same records, and the page."""
import copy
import os
import random
import re
import shutil
import struct
import subprocess
import unittest
import zlib

import study_records
from report_case import ReportCase


def first_pixel(path):
    """The first pixel of a PNG with 8 bits for each colour: what comes first is never filtered."""
    with open(path, "rb") as file:
        data, at, packed = file.read(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompressobj().decompress(packed, 16)[1:4])


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
                self.assertIn("Settings: mnist-sample, 1000 training and 500 test rows, 784-8-10, SGD, f32", caption)
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

    def test_pictures_that_are_none(self):
        """The page is not made of whatever a program called gnuplot leaves behind."""
        os.mkdir(self.path("bin"))
        for content, says in (("<svg/>", "not gnuplot's"), ("", "it is empty")):
            with open(self.path("bin", "gnuplot"), "w") as file:
                file.write("#!/bin/sh\nprintf '%s' >\"${2%%.gp}.svg\"\nprintf x >\"${2%%.gp}.png\"\n" % content)
            os.chmod(self.path("bin", "gnuplot"), 0o755)
            folder = self.report(self.real, env={"PATH": self.path("bin")}, code=1)
            self.assertRegex(self.made.stderr, r"cannot read the picture '[^\n]*\.svg': %s; run the command again\n" % says)
            self.assertFalse(os.path.exists(os.path.join(folder, "index.html")))

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


if __name__ == "__main__":
    unittest.main()
