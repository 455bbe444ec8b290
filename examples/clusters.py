"""Groups found without labels, looked at and used for new rows: python examples/clusters.py

Handwritten digits, of which nobody says which is which. A Clusterer learns codes in which near pictures point the same
way and cuts the graph of these; the model inside works by itself, too.
"""

import isthmus as im
from isthmus.metrics.clustering import ClusterScores
from isthmus.tasks.found_clusters import found_clusters

data = im.data.load("digits")
known, new = data.take(range(1200)), data.take(range(1200, 1797))

clusterer = im.Clusterer(n_clusters=10, trainer=im.Trainer(epochs=120)).fit(known)
print(found_clusters(clusterer, known, known.labels).as_text())

scores = ClusterScores.of(clusterer.predict(new), new.labels)
print(f"new rows: accuracy {scores.accuracy:.3f}, adjusted Rand index {scores.ari:.3f}")
print(f"a picture for each cluster: {clusterer.prototypes().shape}")

model = im.ContrastiveAE(latent_dim=16, trainer=im.Trainer(epochs=60, batch_size=256)).fit(known)
other = im.Clusterer(model, n_clusters=10, method="gaussian_mixture").fit(known)
print(f"by a mixture of Gaussians: {ClusterScores.of(other.predict(new), new.labels).accuracy:.3f}")
