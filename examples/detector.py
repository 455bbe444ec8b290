"""Strange rows found, explained and watched for: python examples/detector.py

Measurements of breast tumours, some of which are spoilt. A detector learns from all rows, finds those, and says which
column gave them away; then it watches new rows with a promise about false alarms, and tells when they drift. The
ensemble of autoencoders inside is a model by itself.
"""

import numpy as np

import isthmus as im
from isthmus.tasks.strange_rows import strange_rows

data = im.data.load("breast-cancer").take(range(569))
generator = np.random.default_rng(0)
rows, columns = generator.permutation(len(data))[:20], generator.integers(0, data.values.shape[1], 20)
spoilt = data.values.copy()
spoilt[rows, columns] += 6 * data.values.std(0)[columns]  # one value of each, six standard deviations too high

detector = im.AnomalyDetector(contamination=0.05).fit(spoilt)
named = detector.explain(spoilt[rows]).adds.argmax(1)
print(strange_rows(detector, spoilt, top=3, y=np.isin(np.arange(len(spoilt)), rows)).as_text())
print(f"the spoilt column adds most in {np.mean(named == columns):.0%} of the spoilt rows")

watch = im.AnomalyDetector(training="normal", false_alarm_rate=0.05).fit(data.values[:400])
new = data.values[400:]
low, high = watch.alarms_expected(len(new))
print(f"{(watch.predict(new) == -1).sum()} of {len(new)} new rows are alarms; {low} to {high} were to be expected")
print(watch.drift(np.concatenate([new[:, :3], 1.2 * new[:, 3:4], new[:, 4:]], axis=1)).as_text())

trainer = im.Trainer(epochs=30, batch_size=128, learning_rate=0.02, validation=0, mix=0.0, noise=0.0)
ensemble = im.TrimmedEnsemble(latent_dim=8, members=4, trainer=trainer).fit(spoilt)
print(f"codes of all members: {ensemble.transform(spoilt).shape}")
