"""Things found again by what they are like: python examples/search.py

Handwritten digits are indexed by the codes of an autoencoder: as vectors, as bits and as bytes. A query is a digit that
the model has never seen; a filter asks for some classes only; what is nearly the same twice is found as well.
"""

import tempfile
from pathlib import Path

import numpy as np

import isthmus as im

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
model = im.DAE(32, trainer=im.Trainer(epochs=10), random_state=0).fit(train)

index = im.SearchIndex(model).fit(train)  # labels of the data are the column "label"
hits = index.search(test.values[:3], k=5)
print(hits.as_text())
print(index.search(test.values[0], k=3, where={"label": [3, 8]}).as_text())
print(index.report(test, bits=[32, 64]).as_text())

everything = index.search(test, k=10)
print(
    f"of the ten nearest {np.mean(everything.metadata['label'] == test.labels[:, None]):.1%} are of the query's class"
)
nearest = np.sort(index.search(item=list(range(200)), k=2).distances[:, 1])
print(index.near_duplicates(float(nearest[2])).as_text())

with tempfile.TemporaryDirectory() as folder:
    bits = im.SearchIndex(model, codes="binary", bits=32).fit(train)
    again = im.load(bits.add(test).save(Path(folder) / "digits"))
    print(f"{len(again)} items, {again.distance}: {again.search(item=0, k=5).ids.tolist()[0]}")
