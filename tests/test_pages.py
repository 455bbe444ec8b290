"""The pages that are made from docstrings are those of the docstrings, and say what every parameter means."""

import functools
import importlib.util
from pathlib import Path

import pytest

from isthmus import catalogue, listing

DOCS = Path(__file__).parents[1] / "docs"
spec = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
maker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(maker)
pages = functools.cache(maker.pages)  # which takes seconds


def test_there_is_a_page_for_every_model_and_for_nothing_else():
    written = {str(file.relative_to(DOCS)) for file in (DOCS / "models").glob("*.md")} | {"parts.md"}
    assert written == set(pages()), "run: python docs/pages.py, and remove pages of models that are gone"


@pytest.mark.parametrize("page", sorted(str(file.relative_to(DOCS)) for file in (DOCS / "models").glob("*.md")))
def test_a_page_is_up_to_date(page):
    assert pages()[page] == (DOCS / page).read_text(encoding="utf8"), "run: python docs/pages.py"


def test_the_parts_are_up_to_date():
    assert pages()["parts.md"] == (DOCS / "parts.md").read_text(encoding="utf8"), "run: python docs/pages.py"


@pytest.mark.parametrize("name", listing.names("models"))
def test_every_parameter_of_a_model_is_described(name):
    missing = [word for word in catalogue.parameters("models", name) if not maker.meaning("models", name, word)]
    assert not missing


@pytest.mark.parametrize("name", listing.names("models"))
def test_every_model_is_at_work_in_an_example(name):
    assert maker.at_work(listing.describe("models", name).class_name)
