"""The pages: self-contained, accessible, one A4 page a camera, the same words in HTML and PDF."""

import re
import shutil
import subprocess
from functools import cache
from html.parser import HTMLParser

import cv2
import numpy as np
import pypdfium2
import pytest

from calibration.certificate.certify import certify_floor
from calibration.certificate.content import INKS, centimetres
from calibration.certificate.html import html_of
from calibration.certificate.limits import Limits
from calibration.certificate.pdf import pdf_of
from calibration.certificate.pictures import RED, draw_view, picture_of
from tests.calibration.certificate.hall import hall, of_plain, plain, solved, square, with_wrong

A4_POINTS = (595.3, 841.9)


@cache
def floor_and_certificate(many_zones=False):
    _, camera, good = of_plain(12)
    strips = [square(f"Shop {k}", 2 + k, 5, 3 + k, 14) for k in range(12)] if many_zones else []
    floor = hall(*strips, walls=([[0, 14.5], [20, 14.5]],), cameras=(camera,))
    solution = solved(camera, with_wrong(good.pairs, 4, (0.6, 0.6)))
    return floor, certify_floor("site", floor, {"cam": solution}, Limits(), "2026-01-31T12:00:00.000Z")


def still():
    rows = np.linspace(0, 255, 720).astype(np.uint8)
    return np.repeat(np.repeat(rows[:, None, None], 1280, 1), 3, 2)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def luminance(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_page_needs_no_network_and_names_its_pictures():
    floor, certificate = floor_and_certificate()
    page = html_of(certificate, floor, {"cam": still()})
    tags = Tags(page).found
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    assert len(pictures) == 3
    assert all(each["src"].startswith("data:image/") and len(each["alt"]) > 20 for each in pictures)
    assert not [tag for tag, _ in tags if tag in {"script", "link", "iframe"}]
    assert not re.search(r"(https?:)?//|@import|url\(", re.sub(r'src="data:[^"]*"', "", page))
    assert ("html", {"lang": "en"}) in tags
    assert [tag for tag, _ in tags].count("h1") == 1


def test_words_stand_out_from_their_ground():
    assert min(contrast(ink, "#ffffff") for ink in (*INKS.values(), RED, "#525c6b")) > 4.5


def test_names_are_escaped():
    camera = plain()
    floor = hall(square("<b>Zara & Co</b>", 2, 5, 18, 14), cameras=(camera,))
    page = html_of(certify_floor("s", floor, {}, Limits(), "2026-01-31T12:00:00.000Z"), floor, {})
    assert "<b>" not in page
    assert "&lt;b&gt;Zara &amp; Co&lt;/b&gt;" in page


@pytest.mark.parametrize("many_zones", [False, True])
def test_the_pdf_is_one_a4_page_with_the_same_words(many_zones):
    floor, certificate = floor_and_certificate(many_zones)
    document = pypdfium2.PdfDocument(pdf_of(certificate, floor, {"cam": still()}))
    try:
        assert len(document) == 1
        assert document[0].get_size() == pytest.approx(A4_POINTS, abs=0.5)
        text = " ".join(document[0].get_textpage().get_text_bounded().split())
    finally:
        document.close()
    camera = certificate.cameras[0]
    page = html_of(certificate, floor, {})
    for words in (camera.pairs[4].said, "PASS WITH REMARKS", centimetres(camera.error_cm), "2026-01-31T12:00:00.000Z"):
        assert words in text
        assert words in page
    for zone in camera.zones:
        assert zone.name in text, "all of them fit"


def test_the_wrong_pair_is_red_in_the_picture():
    floor, certificate = floor_and_certificate()
    camera = certificate.cameras[0]
    content = picture_of(lambda axes: draw_view(axes, camera, floor, certificate.limits, still()), 4.0, 2.25)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1].astype(int)
    u, v = np.array(camera.pairs[4].pixel_px) * image.shape[1] / 1280
    around = image[int(v) - 9 : int(v) + 10, int(u) - 9 : int(u) + 10].reshape(-1, 3)
    wanted = np.array([int(RED[k : k + 2], 16) for k in (1, 3, 5)])
    assert (np.abs(around - wanted).max(1) < 30).sum() > 20


def test_the_page_prints_on_one_sheet_a_camera(tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine: the printed page is not checked")
    floor, certificate = floor_and_certificate(many_zones=True)
    source, target = tmp_path / "page.html", tmp_path / "page.pdf"
    source.write_text(html_of(certificate, floor, {"cam": still()}), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run(
        [*command, "--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri()],
        check=True,
        capture_output=True,
        timeout=200,
    )
    document = pypdfium2.PdfDocument(target)
    try:
        assert len(document) == 1
    finally:
        document.close()
