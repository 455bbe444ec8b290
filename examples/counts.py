"""Counts of molecules in single cells: python examples/counts.py

700 blood cells, 765 genes (ISTHMUS_DATA names the folder that has them). A VAE with a negative binomial likelihood
learns from the counts as they are; clusters of its codes are compared with the types of the cells, which it is not
told.
"""

import sys

from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import isthmus as im

try:
    cells = im.data.load("pbmc68k-reduced")
except im.errors.DataError as error:
    print(error)
    sys.exit()
depths = cells.values.sum(1)
print(f"{len(cells)} cells, {depths.min()} to {depths.max()} molecules of {len(cells.columns)} genes")
network = {"name": "mlp", "hidden": (64,), "linear_path": "none"}
trainer = im.Trainer(epochs=40, batch_size=128, learning_rate=2e-3, weight_decay=1.0, validation=0)
vae = im.VAE(20, likelihood="negative_binomial", network=network, trainer=trainer).fit(csr_matrix(cells.values))

codes = vae.transform(cells)
found = KMeans(10, n_init=10, random_state=0).fit_predict(codes)
print(f"clusters of codes and types of cells: adjusted Rand index {adjusted_rand_score(cells.labels, found):.2f}")
print(f"log p of the counts of a cell: {vae.score(cells):.0f} nats, given how many there are")
print("new cells:", vae.sample(2, random_state=0)[:, :20].astype(int).tolist())
