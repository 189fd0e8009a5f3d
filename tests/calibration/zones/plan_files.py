"""Plans as architects send them: PDF, SVG and PNG, sound and otherwise."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size} viewBox="0 0 420 297">'
    '<rect x="10" y="10" width="100" height="50" fill="black"/>{more}</svg>'
)
A3 = 'width="420mm" height="297mm"'


def svg(size: str = A3, more: str = "") -> bytes:
    return SVG.format(size=size, more=more).encode()


def png(size: tuple[int, int] = (400, 300), mode: str = "RGB", dpi: float | None = None) -> bytes:
    picture = Image.new(mode, size, (255, 255, 255, 0)[: len(mode)] if mode in {"RGB", "RGBA"} else 65535)
    if mode in {"RGB", "RGBA"}:
        ImageDraw.Draw(picture).rectangle((10, 10, 60, 40), fill=(0, 0, 0, 255)[: len(mode)])
    out = io.BytesIO()
    picture.save(out, "PNG", **({} if dpi is None else {"dpi": (dpi, dpi)}))
    return out.getvalue()


def pdf(pages: int = 1, *, locked: bool = False, points: tuple[float, float] = (1190.55, 841.89)) -> bytes:
    """A3 sheets with a black rectangle 100 x 50 points at 20, 20 from the lower left."""
    kids = " ".join(f"{5 + place} 0 R" for place in range(pages))
    drawn = b"0 g 20 20 100 50 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <%s> /U <%s> >>" % (b"11" * 32, b"22" * 32),
    ]
    sheet = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {points[0]} {points[1]}] /Contents 3 0 R /Resources << >> >>"
    objects += [sheet.encode()] * pages
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    lock = b" /Encrypt 4 0 R /ID [<00> <00>]" if locked else b""
    return out + b"trailer << /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, lock, table)
