"""Sentences by those next to them: python examples/neighbours.py

What Python's own library says of itself, docstring by docstring. QuickThought learns which sentences stand next to each
other, SkipThought to write the next one. Both are asked about modules that they have not read.
"""

import importlib
import inspect
import re

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

import isthmus as im

READ = ("argparse", "asyncio", "csv", "datetime", "decimal", "difflib", "fractions", "heapq", "ipaddress", "json")
READ += ("pathlib", "pdb", "random", "re", "shutil", "statistics", "string")
NOT_READ = ("functools", "inspect", "os", "subprocess", "tempfile", "textwrap", "threading", "unittest", "zipfile")


def docstrings(modules):
    """Sentences in order, and the number of the docstring that each is of."""
    found = {}
    for name in modules:
        module = importlib.import_module(name)
        for thing in (module, *(each for _, each in inspect.getmembers(module, callable))):
            found.setdefault(" ".join((inspect.getdoc(thing) or "").split()), None)
    cut = [[s for s in re.split(r"(?<=[.:?])\s+", text) if len(s.split()) > 2 and len(s) <= 150] for text in found]
    return [s for text in cut for s in text], np.repeat(np.arange(len(cut)), [len(text) for text in cut])


sentences, documents = docstrings(READ)
trainer = im.Trainer(epochs=3, batch_size=64, learning_rate=2e-3, validation=0, compile=False)
sizes = {"tokeniser": {"name": "bpe", "size": 1024}, "network": {"width": 64, "depth": 1}, "max_length": 200}
quick = im.QuickThought(64, trainer=trainer, **sizes).fit(sentences, groups=documents)
skip = im.SkipThought(64, trainer=trainer, **sizes).fit(sentences, groups=documents)

others, of = docstrings(NOT_READ)
rows = np.random.default_rng(0).permutation(np.flatnonzero(of[:-1] == of[1:]))[:300].reshape(-1, 20)
found = [
    quick.neighbour_scores([others[i] for i in each], [others[i + 1] for i in each]).argmax(1) == np.arange(20)
    for each in rows
]
words = TfidfVectorizer().fit(sentences)
shared = [
    (words.transform([others[i] for i in each]) @ words.transform([others[i + 1] for i in each]).T).toarray().argmax(1)
    == np.arange(20)
    for each in rows
]
told = f"{np.mean(found):.0%} of the time, TF-IDF {np.mean(shared):.0%}; by chance it were 5%"
print(f"QuickThought finds the next of 20 sentences {told}")

asked = "Return a new list."
nearest = np.argsort(-quick.neighbour_scores([asked], others)[0])[:3]
print(f"QuickThought: next to {asked!r} may stand", "; ".join(others[i] for i in nearest))
right = skip.score_samples([others[i] for i in rows[0]], [others[i + 1] for i in rows[0]])
wrong = skip.score_samples([others[i] for i in np.roll(rows[0], 1)], [others[i + 1] for i in rows[0]])
print(f"SkipThought: {right.mean() - wrong.mean():.2f} nats more for what comes next than after another sentence")
