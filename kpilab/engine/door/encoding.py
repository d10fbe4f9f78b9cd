"""Which characters the bytes of a text file stand for: by their mark, by what they can be."""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from kpilab.engine.door.reading import wanted
from kpilab.errors import BadInput

HEAD, CHUNK = 1 << 18, 1 << 20
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
         codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip
WIDE = re.compile(rb"(?:[\x81-\xfe][\x30-\x39][\x81-\xfe][\x30-\x39]|[\x80-\xff][\x40-\xff]?)")
COMMON = re.compile(
    rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]"
)  # signs, full-width letters, the 3,755 common characters
# Codecs of names and of programs' texts.
NO_FILES = {"idna", "punycode", "undefined", "unicode-escape", "unicode_escape",
            "raw-unicode-escape", "raw_unicode_escape", "mbcs", "oem"}  # fmt: skip
KANA = re.compile("[\u3040-\u30ff]")
# Signs of cp1252 that stand inside a word only where another code page was meant.
ODD = re.compile(
    r"(?<=[^\W\d_])[\x80-\xbf¡-¿×÷‚ƒ„…†‡ˆ‰‹•˜™›Ÿ](?=[^\W\d_])|[\x80-\x9f]"
    r"|[£¥¤¯¸¹³¼¾](?=[^\W\d_])|(?<=[a-zß-ÿ])[À-ÞŸŠŽŒ£¥¹³¼¾]"
)
LETTER = re.compile(r"[^\x00-\x7f]")
ENOUGH, FOUR = 0.9, 4
MEND = (
    "name it in `encoding` (gb18030, big5, shift_jis, cp1250, cp1251 …), or save the file as UTF-8"
)


def raw(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked."""
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def sniffed(path: Path, given: str | None, table: str, *, doubted: bool = False) -> str:
    """The name of a file's encoding; "utf-8" where the engine can read it as it is.

    Args:
        given: the encoding as the case names it.
        doubted: the file is not what its beginning looks like: all of it is looked at.

    Raises:
        BadInput: an encoding nobody knows, or bytes that could be several.
    """
    with raw(path) as file:
        head = file.read(HEAD)
    if given is not None:
        try:
            "a".encode(given)  # a codec of bytes is none of text
            if codecs.lookup(given).name in NO_FILES:
                raise LookupError
            codecs.getincrementaldecoder(given)(errors="replace").decode(head)
            return (
                "utf-8-sig"
                if given.lower() in ("utf-8", "utf8") and head.startswith(codecs.BOM_UTF8)
                else given
            )
        except UnicodeError as error:
            what = f"{path.name!r} is no {given} text: {error}"
            raise wanted(table, "encoding", what, MEND) from None
        except (LookupError, ValueError):
            mend = "e.g. gb18030, utf-16, cp1252"
            raise wanted(table, "encoding", f"no encoding is called {given[:40]!r}", mend) from None
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked:
        return marked
    zeros = (head[1::2].count(0), head[::2].count(0))
    if max(zeros) > len(head) * 0.2:
        return "utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"
    if _decodes(head, "utf-8") and not doubted:
        return "utf-8"
    return _of_bytes(path, table)


def _of_bytes(path: Path, table: str) -> str:
    """The encoding of a file by all of its bytes beyond ASCII."""
    decoder, high = codecs.getincrementaldecoder("utf-8")(), bytearray()
    sound = True
    with raw(path) as file:
        while chunk := file.read(CHUNK):
            if sound:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    sound = False
            if len(high) < HEAD and not chunk.isascii():
                high += b"\n".join(line for line in chunk.split(b"\n") if not line.isascii())[:HEAD]
    if sound:
        return "utf-8"
    if _chinese(bytes(high)):
        return "gb18030"
    if _western(bytes(high)):
        return "cp1252"
    at = next(i for i, b in enumerate(high) if b > 127)
    seen = bytes(high[max(0, at - 12) : at + 12])
    raise wanted(
        table,
        "encoding",
        f"{path.name!r} is not UTF-8 text, and may be of several encodings: {seen!r}",
        MEND,
    )


def _decodes(head: bytes, name: str) -> bool:
    try:
        codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _chinese(lines: bytes) -> bool:
    """Whether nearly all characters beyond ASCII are common ones of GB 2312."""
    pairs = [p for p in WIDE.findall(lines) if len(p) < FOUR]  # those are signs of money and such
    if sum(COMMON.fullmatch(p) is not None for p in pairs) < ENOUGH * len(pairs) or not _decodes(
        lines, "gb18030"
    ):
        return False
    text = lines.decode("gb18030", errors="ignore")
    return len(KANA.findall(text)) < 0.1 * len(pairs)


def _western(lines: bytes) -> bool:
    """Whether characters beyond ASCII are letters among letters, or signs beside words."""
    try:
        text = lines.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = LETTER.findall(text)
    runs = re.findall(r"[^\x00-\x7f]+", text)
    return len(ODD.findall(text)) <= 0.05 * len(high) and len(high) < 1.7 * len(runs)


def decoded(path: Path, encoding: str, table: str) -> Iterator[str]:
    """The text of a file in parts, line ends as they are.

    Raises:
        BadInput: bytes that the encoding has no character for.
    """
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 1
    with raw(path) as file:
        while True:
            chunk = file.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                row = lines + error.object[: error.start].count(b"\n")
                wrong = error.object[error.start : error.end]
                what = f"{path.name!r} is not {encoding} text in row {row:,}: {wrong!r}"
                raise BadInput(what, f"table {table!r}, key 'encoding'", MEND) from None
            lines += text.count("\n")
            yield text
            if not chunk:
                return


def head(path: Path, encoding: str) -> str:
    """The beginning of a file as text, without a mark in front."""
    with raw(path) as file:
        text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(file.read(HEAD))
    return text.removeprefix("\ufeff")
