"""The page about a model of texts: what it shows, in any script, and nothing from a text runs in it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.report.test_page import ALWAYS, parsed

import isthmus as im
from isthmus.data import read
from isthmus.data.schemas.text import UnknownTokenWarning
from isthmus.report import page

QUICK = im.Trainer(epochs=2, validation=0)
WORDS = [f"{a}{b}{c}" for a in "abcd" for b in ("nn", "l", "rr", "ss", "i") for c in "aei"]


def written(model, rows, tmp_path):
    return parsed(page.write(model, train=rows, test=rows.take(range(20)), path=tmp_path / "r.html", command="x"))


@pytest.mark.parametrize("name", ["SequenceAE", "SequenceVAE"])
def test_panels(tmp_path, name):
    rows = read(WORDS)
    model = getattr(im, name)(4, network={"width": 16}, trainer=QUICK).fit(rows)
    checker, text = written(model, rows, tmp_path)
    random = {"latent_usage", "samples"} if name == "SequenceVAE" else set()
    assert {each for each in checker.ids if each} == ALWAYS | {"latent_map", "interpolation"} | random
    assert "could not be made" not in text
    assert "written again exactly." in text
    assert "From one held-out text to another in 8 steps" in text
    assert text.count('<ul class="texts">') == (4 if random else 3)
    assert text.count("<th>exact</th>") == 1
    assert "unknown tokens in held-out rows" in text


def test_any_script_and_hostile_texts(tmp_path):
    texts = [f"床前明月光{i} <script>alert(1)</script>\n疑是地上霜 & 'x'" for i in range(40)]
    rows = replace(read(texts), labels=np.array(["詩", "詞"] * 20))
    model = im.SequenceVAE(4, network={"width": 16}, trainer=QUICK).fit(rows)
    _, text = written(model, rows, tmp_path)
    assert "床前明月光0 &lt;script&gt;" in text
    assert "<script>" not in text
    assert "could not be made" not in text


def test_a_collapsed_code_is_told_with_a_remedy(tmp_path):
    rows = read(WORDS)
    model = im.SequenceVAE(4, network={"width": 16}, trainer=QUICK).fit(rows)
    torch.nn.init.zeros_(model.autoencoder_.encoder.head.weight)
    torch.nn.init.zeros_(model.autoencoder_.encoder.head.bias)
    _, text = written(model, rows, tmp_path)
    assert "posterior collapse: 0 of 4 dimensions are active" in text
    assert "raise free_bits or symbol_dropout, or warm the KL up (warmup)" in text


def test_unknown_tokens_are_told_once(tmp_path):
    rows = read(WORDS)
    model = im.SequenceAE(4, network={"width": 16}, trainer=QUICK).fit(rows)
    odd = read([f"ö{word[1:]}" for word in WORDS[:20]])
    with pytest.warns(UnknownTokenWarning, match="20 of ") as told:
        page.write(model, train=rows, test=odd, path=tmp_path / "r.html")
    assert len(told) == 1
    assert f"20 of {sum(map(len, odd.values))} (" in (tmp_path / "r.html").read_text()
