"""Documents and settings that are text, for magika_expected.py."""

DOCUMENTS = {
    "order.json": '''{
  "id": 4711,
  "customer": {"name": "Ada", "tags": ["new", "vip"]},
  "lines": [{"sku": "A-1", "count": 2, "price": 9.5}, {"sku": "B-7", "count": 1, "price": 120}],
  "paid": false
}
''',
    "events.jsonl": '{"at": 1, "event": "start"}\n{"at": 2, "event": "load", "ms": 12.5}\n{"at": 3, "event": "stop"}\n' * 8,
    "people.csv": "id,name,city,age\n1,Ada,London,36\n2,Grace,New York,85\n3,Alan,Wilmslow,41\n4,Edsger,Nuenen,72\n",
    "people.tsv": "id\tname\tcity\tage\n1\tAda\tLondon\t36\n2\tGrace\tNew York\t85\n3\tAlan\tWilmslow\t41\n",
    "feed.xml": '''<?xml version="1.0" encoding="UTF-8"?>
<catalog>
  <book id="b1"><title>Mills</title><price>12.00</price></book>
  <book id="b2"><title>Races</title><price>9.95</price></book>
</catalog>
''',
    "index.html": '''<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Mill</title><link rel="stylesheet" href="style.css"></head>
<body>
  <h1>Water</h1>
  <p>A <a href="race.html">race</a> leads it to the wheel.</p>
</body>
</html>
''',
    "README.md": '''# Millrace

A *race* leads water to the wheel.

## Install

1. Download it
2. Run `make install`

```sh
make install
```

| key | meaning |
|-----|---------|
| `a` | first   |

See [the docs](https://example.org/docs).
''',
    "style.css": '''body { margin: 0; font-family: sans-serif; color: #333; }
.card > h2:hover { background: rgba(0, 0, 0, 0.1); transition: all 0.2s ease-in-out; }
@media (max-width: 600px) { .card { display: none; } }
''',
    "config.yaml": '''version: "3"
services:
  web:
    image: nginx:latest
    ports: ["80:80"]
    environment:
      - MODE=production
  db:
    image: postgres:16
''',
    "config.toml": '''[package]
name = "mill"
version = "0.1.0"
edition = "2021"

[dependencies]
serde = { version = "1.0", features = ["derive"] }
''',
    "settings.ini": "[server]\nhost = localhost\nport = 8080\n\n; storage\n[storage]\npath = /var/lib/mill\ncache = yes\n",
    "logo.svg": '''<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100" viewBox="0 0 100 100">
  <circle cx="50" cy="50" r="40" fill="none" stroke="black"/>
  <path d="M10 10 L90 90 Z"/>
</svg>
''',
    "paper.tex": '''\\documentclass{article}
\\usepackage{amsmath}
\\begin{document}
\\section{Mills}
The power is \\begin{equation} P = \\rho g h Q \\end{equation} as \\cite{smeaton} found.
\\end{document}
''',
    "Dockerfile": '''FROM node:20-slim
WORKDIR /app
COPY package.json ./
RUN npm ci --omit=dev
COPY . .
EXPOSE 8000
CMD ["node", "dist/main.js", "serve"]
''',
    "Makefile": "CC = gcc\nOBJS = main.o list.o\n\nall: mill\n\nmill: $(OBJS)\n\t$(CC) -o $@ $^\n\nclean:\n\trm -f $(OBJS) mill\n\n.PHONY: all clean\n",
    "change.diff": '''diff --git a/list.c b/list.c
index 3b18e51..a4c5f2d 100644
--- a/list.c
+++ b/list.c
@@ -1,4 +1,4 @@
 #include <stdio.h>
-int main() {
+int main(void) {
     return 0;
 }
''',
    "letter.eml": '''From: ada@example.org
To: grace@example.org
Subject: The mill
Date: Mon, 1 Jan 2024 10:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear Grace,

the wheel turns again.
''',
    "film.srt": "1\n00:00:01,000 --> 00:00:03,500\nThe wheel turns.\n\n2\n00:00:04,000 --> 00:00:06,000\nAnd turns.\n",
    "note.rtf": r"{\rtf1\ansi\deff0 {\fonttbl {\f0 Times New Roman;}}\f0\fs24 The wheel \b turns\b0 again.\par}",
    "story.txt": "The miller rose before the sun. He opened the gate, and the water came down the race to the wheel. "
    "By noon the sacks were full, and nobody had noticed that the clock had stopped.\n",
    "japanese.txt": "粉屋は日の出前に起きた。水門を開けると、水が水車へと流れた。昼には袋がいっぱいになった。\n" * 3,
    "list.txt": "milk\nbread\n12 eggs\n",
    "few-words.txt": "hello world",
}
