"""A pseudonym is the same text on every engine: the SHA-256 of a text, in hexadecimal digits."""

from __future__ import annotations

import hashlib
import os

import ibis
import pandas as pd
import pytest

from kpilab.engine.connect import connect
from kpilab.engine.dialect import sha256

ADDRESS = os.environ.get("KPILAB_TEST_POSTGRES", "")
TEXTS = ["", "u1", "支付 成功", "O'Brien \\ x", "é" * 300]
RIGHT = [hashlib.sha256(text.encode()).hexdigest() for text in TEXTS]
PUBLISHED = (
    "abc",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
)  # FIPS 180-2, B.1


def test_on_duckdb():
    texts = ibis.memtable({"text": [*TEXTS, PUBLISHED[0]]}).text
    assert sorted(sha256(texts, "duckdb").to_pandas()) == sorted([*RIGHT, PUBLISHED[1]])


def test_the_query_for_postgres():
    text = ibis.to_sql(
        sha256(ibis.table({"text": "string"}, "t").text, "postgres"), dialect="postgres"
    ).lower()
    assert "encode(sha256(convert_to(" in text
    assert "'utf8'" in text


@pytest.mark.postgres
@pytest.mark.skipif(not ADDRESS, reason="no server named in KPILAB_TEST_POSTGRES")
def test_on_postgres():
    server = connect(ADDRESS)
    rows = server.create_table("kpilab_digest", pd.DataFrame({"text": TEXTS}), overwrite=True)
    try:
        found = rows.select(rows.text, digest=sha256(rows.text, "postgres")).execute()
        assert dict(zip(found["text"], found["digest"], strict=True)) == dict(
            zip(TEXTS, RIGHT, strict=True)
        )
    finally:
        server.drop_table("kpilab_digest")
