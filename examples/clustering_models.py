"""Digits sorted into ten heaps, by models that nobody told the digits: python examples/clustering_models.py

How many are in the heap that is taken for their digit, with the best matching of heaps and digits, beside k-means of
the pixels. The drawing has a row for each heap of VaDE: what it draws from the middle of the heap, then members.
"""

import numpy as np
from sklearn.cluster import KMeans

import isthmus as im
from isthmus.metrics.clustering import ClusterScores

digits = im.data.load("digits")
trainer = im.Trainer(epochs=60, batch_size=64, validation=0)
models = {
    "k-means": KMeans(10, n_init=10, random_state=0),
    "VaDE": im.VaDE(trainer=trainer),
    "ClusterVAE": im.ClusterVAE(trainer=trainer),
    "IDEC": im.IDEC(trainer=trainer),
}
found = {}
for name, model in models.items():
    found[name] = model.fit(digits.values).predict(digits.values)
    accuracy = ClusterScores.of(found[name], digits.labels).accuracy
    print(f"{name:10}  accuracy {accuracy:.3f}, heaps of {np.bincount(found[name], minlength=10)}")

codes, rows = models["VaDE"].transform(digits.values), []
for heap in range(10):
    members = np.flatnonzero(found["VaDE"] == heap)
    if len(members):
        middle = models["VaDE"].inverse_transform(codes[members].mean(0, keepdims=True))
        rows.append(np.concatenate([middle, digits.values[np.resize(members, 15)]]).reshape(-1, 8, 8))
im.data.contact_sheet(rows, white=16).save("clusters.png")
print("a row for each heap of VaDE: clusters.png")
