"""Put the fonts of an SVG into it, cut down to the signs it uses, so that it looks alike anywhere.

Text stays text: it can be edited, searched and copied.
"""

import base64
import html
import io
import re

from inspector.export.paper import TEXT, font_of

_TEXT = re.compile(r"<text [^>]*>([^<]*)</text>")
_DRAWING_BEGINS = re.compile(r"<defs>")


def embed_fonts(svg: str) -> str:
    """Add a style sheet with the regular and the bold font, as data, to an SVG of matplotlib."""
    signs = "".join(sorted(set(html.unescape("".join(_TEXT.findall(svg))))))
    faces = "".join(_face(signs, bold=bold) for bold in (False, True))
    sheet = f'<defs>\n  <style type="text/css">\n{faces}  </style>\n </defs>\n <defs>'
    return _DRAWING_BEGINS.sub(lambda _: sheet, svg, count=1)


def _face(signs: str, *, bold: bool) -> str:
    data = base64.b64encode(_cut_down(str(font_of(TEXT, bold=bold).get_file()), signs)).decode()
    return (
        f"@font-face {{ font-family: 'DejaVu Sans'; font-weight: {'bold' if bold else 'normal'}; "
        f"src: url(data:font/woff;base64,{data}) format('woff'); }}\n"
    )


def _cut_down(file: str, signs: str) -> bytes:
    """The glyphs of `signs` alone, as WOFF; the same bytes every time."""
    from fontTools import subset

    options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True)
    options.drop_tables += ["FFTM", "MATH"]
    stream = io.BytesIO()
    with subset.load_font(file, options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=signs)
        cutter.subset(font)
        subset.save_font(font, stream, options)
    return stream.getvalue()
