"""python docs/pages.py: docs/models/*.md and docs/parts.md, from docstrings, signatures and examples."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from isthmus import catalogue, listing

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"


def pages() -> dict[str, str]:
    """All pages: their paths below docs/, and what they say."""
    models = {f"models/{name}.md": model_page(name) for name in listing.names("models")}
    return {"models/README.md": index(), "parts.md": parts_page(), **models}


def index() -> str:
    """All models with a line and the paper."""
    entries = [listing.describe("models", name) for name in listing.names("models")]
    rows = [f"| [`{e.class_name}`]({e.name}.md) | {markdown(e.summary)} | {markdown(e.source)} |" for e in entries]
    return "\n".join(["# Models", "", "| model | what it is | source |", "| --- | --- | --- |", *rows, ""])


def told(kind: type) -> str:
    """What else the command line wants to know."""
    return " --labels COLUMN" if kind.supervised or kind.conditional else ""


def model_page(name: str) -> str:
    """One model: what it is, its parameters, its composition, an example, where it is seen at work."""
    kind = catalogue.find("models", name)
    text, _, example = split(kind)
    parts = [
        f"# {kind.__name__}",
        text.replace("``", "`"),
        f"`im.{kind.__name__}(...)`, on the command line `isthmus fit {name} DATA{told(kind)}`.",
        f"Composition: {(inspect.getdoc(kind.build) or '').replace('``', '`')}",
        "## Parameters",
        parameter_table(name),
        "## Example",
        f"```python\n{plain_code(example)}\n```",
        *at_work(kind.__name__),
    ]
    return "\n\n".join(parts) + "\n"


def parameter_table(name: str) -> str:
    """Names, defaults and meanings."""
    rows = [
        f"| `{word}` | `{p.default!r}` | {markdown(meaning('models', name, word))} |"
        for word, p in catalogue.parameters("models", name).items()
    ]
    return "\n".join(["| parameter | default | meaning |", "| --- | --- | --- |", *rows])


def meaning(station: str, name: str, word: str) -> str:
    """What the docstring says of a parameter; "as for ``VAE``" is looked up there."""
    described = split(catalogue.find(station, name))[1]
    for block in re.split(r"\n(?=\S)", described.strip()):
        names, _, said = block.partition(" : ")
        if word not in [each.strip() for each in names.split(",")]:
            continue
        elsewhere = re.match(r"as for ``(\w+)``", said)
        if elsewhere is None:
            return " ".join(said.split())
        other = {listing.describe(station, n).class_name: n for n in listing.names(station)}[elsewhere[1]]
        more = " ".join(said[elsewhere.end() :].split()).rstrip(".").replace("; ", " Here: ")
        return meaning(station, other, word) + more
    return ""


def split(kind: type) -> tuple[str, str, str]:
    """A docstring's text, its parameters and its example."""
    text, _, rest = (inspect.getdoc(kind) or "").partition("Parameters\n----------\n")
    described, _, example = rest.partition("\n>>>")
    return text.strip(), described, ">>>" + example


def markdown(text: str) -> str:
    """For a cell of a table."""
    return text.replace("``", "`").replace("|", "\\|")


def plain_code(doctest: str) -> str:
    """Doctests as a script, with what is printed as comments."""
    lines = []
    for line in inspect.cleandoc(doctest).splitlines():
        prompt = line.startswith((">>> ", "... "))
        lines.append(line[4:] if prompt else f"# {line}" if line else "")
    code = "\n".join(lines).strip()
    return re.sub(r"(?m)^(import .+|from .+ import .+)\n(?!import |from |\n)", r"\1\n\n", code, count=1)


def at_work(class_name: str) -> list[str]:
    """The examples that use a model, with their pictures."""
    found = []
    for file in sorted(EXAMPLES.glob("*.py")):
        if f"im.{class_name}(" in file.read_text(encoding="utf8"):
            title = file.read_text(encoding="utf8").splitlines()[0].strip('"').partition(":")[0]
            found.append(f"[{title}](../../examples/{file.name}): `python examples/{file.name}`")
            if (DOCS / "pictures" / f"{file.stem}.png").is_file():
                found.append(f"![{title}](../pictures/{file.stem}.png)")
    return ["## At work", *found] if found else []


def parts_page() -> str:
    """All parts but models, by station."""
    lines = ["# Parts", "", "What models are made of; `isthmus parts` lists them, with their parameters.", ""]
    for station in listing.STATIONS:
        if station == "models":
            continue
        lines += [f"## {station.replace('_', ' ')}", "", "| name | what it does | source |", "| --- | --- | --- |"]
        for name in listing.names(station):
            entry = listing.describe(station, name)
            lines.append(f"| `{name}` | {markdown(entry.summary)} | {markdown(entry.source)} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    for path, content in pages().items():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(content, encoding="utf8")
        sys.stdout.write(f"{DOCS / path}\n")
