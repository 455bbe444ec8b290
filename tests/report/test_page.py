"""The report is one whole page without a network, with every panel, and nothing from the user runs in it."""

from html.parser import HTMLParser

import numpy as np
import pandas
import pytest

import isthmus as im
from isthmus.data import load, read
from isthmus.errors import DataError
from isthmus.report import page
from isthmus.report.context import Context
from isthmus.report.panels import losses

QUICK = im.Trainer(epochs=1, validation=0)


class Checker(HTMLParser):
    """Collects ids, addresses and unclosed tags."""

    VOID = {"meta", "img", "br", "link"}

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.addresses, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        named = dict(attributes)
        self.ids.append(named.get("id"))
        self.addresses += [named[key] for key in ("src", "href") if key in named]
        if tag == "img":
            assert named["alt"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(path):
    checker = Checker()
    text = path.read_text(encoding="utf8")
    checker.feed(text)
    assert checker.open == []
    assert all(address.startswith(("data:image/png", "#")) for address in checker.addresses)
    assert "script" not in checker.tags
    assert len(text) < 3_000_000
    return checker, text


@pytest.fixture(scope="module")
def digits():
    return load("digits", "train").take(range(200)), load("digits", "test").take(range(100))


ALWAYS = {"scorecard", "reconstructions", "losses", "data_summary", "composition", "reproduce"}
EXPECTED = {
    "AAE": ALWAYS | {"latent_map", "traversal", "interpolation", "samples", "sample_quality"},
    "VQVAE": ALWAYS | {"latent_map", "interpolation", "codebook"},
    "FSQVAE": ALWAYS | {"latent_map", "interpolation", "codebook"},
    "BernoulliVAE": ALWAYS | {"latent_map", "interpolation", "latent_usage", "samples", "codebook"},
    "AE": ALWAYS | {"latent_map", "traversal", "interpolation"},
    "VAE": ALWAYS | {"latent_map", "traversal", "interpolation", "latent_usage", "samples"},
    "CVAE": ALWAYS | {"traversal", "latent_usage", "samples", "generation"},
    "SAE": ALWAYS | {"latent_map", "interpolation", "dictionary"},
}


LONG = {"AAE", "FSQVAE", "BernoulliVAE"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in EXPECTED]
)
def test_panels(digits, tmp_path, name):
    train, test = digits
    model = getattr(im, name)((5, 5) if name == "FSQVAE" else 4, trainer=QUICK).fit(train, train.labels)
    checker, text = parsed(page.write(model, train=train, test=test, path=tmp_path / "r.html", command="isthmus <b>"))
    assert {each for each in checker.ids if each} == EXPECTED[name]
    assert "could not be made" not in text
    assert "isthmus &lt;b&gt;" in text


def test_tables_and_hostile_column_names(tmp_path):
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(60, 3)), columns=["<script>alert(1)</script>", "b", "c"])
    rows = read(frame)
    model = im.VAE(2, trainer=QUICK).fit(rows)
    _, text = parsed(
        page.write(model, train=rows.take(range(40)), test=rows.take(range(40, 60)), path=tmp_path / "r.html")
    )
    assert "&lt;script&gt;" in text
    assert "could not be made" not in text


def test_colour_pictures(tmp_path):
    rows = read(np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8))
    model = im.VAE(2, trainer=QUICK).fit(rows)
    _, text = parsed(page.write(model, train=rows, test=rows.take(range(30)), path=tmp_path / "r.html"))
    assert "could not be made" not in text


def test_a_panel_that_fails_is_a_note(digits, tmp_path, monkeypatch):
    def broken(context):
        raise DataError("<odd>")

    monkeypatch.setattr(losses, "html", broken)
    train, test = digits
    model = im.AE(2, trainer=QUICK).fit(train)
    checker, text = parsed(page.write(model, train=train, test=test, path=tmp_path / "r.html"))
    assert "could not be made: &lt;odd&gt;" in text
    assert "scorecard" in checker.ids


@pytest.mark.parametrize(("epochs", "style", "told"), [(1, "o", "1 epoch done;"), (2, "None", "all 2 epochs done;")])
def test_one_epoch_is_a_point_and_not_a_blank_chart(digits, monkeypatch, epochs, style, told):
    drawn = []
    monkeypatch.setattr(losses, "as_image", lambda made, alt: drawn.append(made) or "")
    model = im.AE(2, trainer=im.Trainer(epochs=epochs, validation=0)).fit(digits[0])
    assert told in losses.html(Context(estimator=model, train=digits[0], test=digits[1]))
    (line,) = drawn[0].axes[0].lines
    assert line.get_marker() == style


def test_a_generator_alone_has_a_page_too(digits, tmp_path):
    train, test = digits
    model = im.WGANGP(4, trainer=QUICK).fit(train)
    checker, text = parsed(page.write(model, train=train, test=test, path=tmp_path / "r.html"))
    found = {each for each in checker.ids if each}
    assert found == {"losses", "data_summary", "composition", "reproduce", "samples", "sample_quality"}
    assert "could not be made" not in text
