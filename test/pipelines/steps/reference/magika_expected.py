"""Writes magika-expected.json: small files of many kinds, and what the Python package says of each.

    pip install magika==1.0.3 pillow
    python test/pipelines/steps/reference/magika_expected.py

A file is written as its parts, each a text or base64 and how often it is repeated, so that the test has exactly the
bytes that the package saw, whatever an encoder of another version would make.
"""

import base64
import gzip
import io
import json
import lzma
import bz2
import random
import sqlite3
import struct
import tarfile
import wave
import zipfile
import zlib
from pathlib import Path

from magika import Magika
from PIL import Image

from magika_documents import DOCUMENTS
from magika_programs import PROGRAMS
from magika_scripts import SCRIPTS

FILE = Path(__file__).with_name("magika-expected.json")
STORY = DOCUMENTS["story.txt"]
CODE = PROGRAMS | SCRIPTS
numbers = random.Random(42)


def noise(size: int) -> bytes:
    return bytes(numbers.randrange(256) for _ in range(size))


def image(kind: str, **options: object) -> bytes:
    picture = Image.new("RGB", (24, 16))
    picture.putdata([(x * 10 % 256, y * 16 % 256, x * y % 256) for y in range(16) for x in range(24)])
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def zipped(entries: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()


def tarred(entries: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(b"".join(struct.pack("<h", (at * 997) % 20000 - 10000) for at in range(1500)))
    return file.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as db:
        db.execute("PRAGMA page_size = 1024")
        db.execute("CREATE TABLE mills (name TEXT, wheels INTEGER)")
        db.executemany("INSERT INTO mills VALUES (?, ?)", [("upper", 1), ("lower", 2)])
        db.commit()
        return db.serialize()


ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 64, 0, 0, 64, 56, 1, 64, 0, 0)
PDF = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\n"
    b"endobj\nxref\n0 3\n0000000000 65535 f \ntrailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n110\n%%EOF\n"
)

BINARY = {
    "story.gz": gzip.compress(STORY.encode(), mtime=0),
    "story.bz2": bz2.compress(STORY.encode()),
    "story.xz": lzma.compress(STORY.encode()),
    "story.zlib": zlib.compress(STORY.encode() * 4),
    "files.zip": zipped({"a.txt": STORY, "b/c.txt": "x" * 100}),
    "mill.jar": zipped({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nMain-Class: Mill\n", "Mill.class": STORY}),
    "files.tar": tarred({"a.txt": STORY, "b.txt": "x" * 100}),
    "picture.png": image("PNG"),
    "picture.jpg": image("JPEG"),
    "picture.gif": image("GIF"),
    "picture.bmp": image("BMP"),
    "picture.webp": image("WEBP"),
    "picture.tiff": image("TIFF"),
    "picture.ico": image("ICO", sizes=[(16, 16)]),
    "tone.wav": sound(),
    "mills.sqlite": database(),
    "program.elf": ELF + bytes(200) + b"\x55\x48\x89\xe5\xb8\x2a\x00\x00\x00\x5d\xc3" * 40 + b"\x00.symtab\x00.strtab\x00.shstrtab\x00.text\x00",
    "paper.pdf": PDF,
    "noise-2000": noise(2000),
    "noise-9": noise(9),
    "zeros-100": bytes(100),
    "zeros-8": bytes(8),
    "with-nul.txt": STORY.encode()[:60] + b"\x00\x00" + STORY.encode()[60:],
    "utf-16le.txt": b"\xff\xfe" + STORY.encode("utf-16-le"),
    "utf-16be.txt": b"\xfe\xff" + STORY.encode("utf-16-be"),
    "latin-1.txt": ("Der Müller öffnete früh das Wehr. " * 6).encode("latin-1"),
    "utf-8-bom.csv": b"\xef\xbb\xbf" + DOCUMENTS["people.csv"].encode(),
}

SMALL = {
    "empty": b"",
    "1-letter": b"a",
    "1-byte": b"\xff",
    "1-space": b" ",
    "7-letters": b"letters",
    "7-bytes": b"\x00\x01\x02\xfd\xfe\xff\x80",
    "7-bytes-utf-8": "mühle!".encode(),
    "cut-utf-8": "mühle€".encode()[:-1],
    "surrogate": b"ab\xed\xa0\x80",
    "overlong": b"ab\xc0\xaf",
    "bom-alone": b"\xef\xbb\xbf",
    "8-letters": b"letters!",
    "8-bytes": b"\x00\x01\x02\xfd\xfe\xff\x80\x81",
    "spaces-100": b" " * 100,
    "all-white-space": b" \t\n\r\v\f" * 3,
    "8-after-stripping": b"\n\n  letters!",
    "7-after-stripping": b"\n\n  letters",
    "7-and-a-space-after": b"\n\n  letters ",
    "white-space-that-is-not-stripped": "\u00a0\u2003\u0085abc".encode() + b"\x1c\x1d",
    "unit-separators": b"\x1f\x1e" * 3 + b"\x00",
}

# Parts and how often each is repeated.
LONG = {
    "code-after-3000-spaces": [(b" " * 100, 30), (CODE["bank.py"].encode(), 1)],
    "code-after-5000-spaces": [(b" " * 100, 50), (CODE["bank.py"].encode(), 1)],
    "7-bytes-in-the-first-block": [(b"\n" * 1, 4089), (b"letters", 1), (CODE["list.c"].encode(), 20)],
    "8-bytes-in-the-first-block": [(b"\n" * 1, 4088), (b"letters!", 1), (CODE["list.c"].encode(), 20)],
    "utf-8-cut-by-the-block": [(b" ", 4095), ("€".encode(), 1), (STORY.encode(), 20)],
    "code-before-5000-spaces": [(CODE["bank.py"].encode(), 1), (b" " * 100, 50)],
    "long-story": [(STORY.encode(), 60)],
    "long-csv": [(DOCUMENTS["people.csv"].encode(), 120)],
    "html-then-noise": [(DOCUMENTS["index.html"].encode(), 30), (BINARY["noise-2000"], 5)],
    "exactly-a-block": [(CODE["server.go"].encode().ljust(256, b"\n"), 16)],
    "1024-letters": [(b"abcdefgh", 128)],
    "1025-letters": [(b"abcdefgh", 128), (b"!", 1)],
}


def part(content: bytes, times: int) -> dict[str, object]:
    try:
        body: dict[str, object] = {"text": content.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(content).decode()}
    return body if times == 1 else {**body, "times": times}


magika = Magika()
whole = {name: [(text.encode(), 1)] for name, text in (CODE | DOCUMENTS).items()}
whole |= {name: [(content, 1)] for name, content in (BINARY | SMALL).items()}
rows = []
for name, parts in (whole | LONG).items():
    prediction = magika.identify_bytes(b"".join(content * times for content, times in parts)).prediction
    said = {"label": str(prediction.output.label), "score": round(prediction.score, 5), "model": str(prediction.dl.label)}
    mime = {"mime_type": prediction.output.mime_type, "description": prediction.output.description}
    rows.append({"name": name, **said, **mime, "parts": [part(*each) for each in parts]})

FILE.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
print(f"{len(rows)} files, {len({row['label'] for row in rows})} labels")
