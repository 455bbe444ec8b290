"""Five labels for each digit, or none: python examples/few_labels.py

A semi-supervised VAE (M2) learns from the rows without a label, too; a classifier with the same encoder only from those
with one. A joint VAE is told no label at all and finds a choice of ten. In the drawing each column is a class: three
rows drawn by the semi-supervised VAE, then three by the joint VAE.
"""

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

import isthmus as im

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
rng, wanted = np.random.default_rng(0), np.asarray(test.labels)
told = np.full(len(train), -1)
for digit in range(10):
    rows = rng.choice(np.flatnonzero(np.asarray(train.labels) == digit), 5, replace=False)
    told[rows] = digit

trainer = im.Trainer(epochs=100, batch_size=128, validation=0)
few = im.SemiSupervisedVAE(trainer=trainer).fit(train.values, told)
alone = im.Classifier(random_state=0).fit(train.values[told >= 0], told[told >= 0])
for name, model in (("semi-supervised VAE", few), ("labelled rows alone", alone)):
    print(f"{name}: classes of held-out digits, five labels each, {np.mean(model.predict(test.values) == wanted):.3f}")

joint = im.JointVAE(6, gamma=10.0, steps=2000, trainer=im.Trainer(epochs=200, batch_size=64, validation=0)).fit(train)
choice = joint.transform(test)[:, joint.code_parts_["discrete"]]
agreement = normalized_mutual_info_score(wanted, choice.argmax(1))
print(f"no labels: the choice of a joint VAE and the digits share {agreement:.3f} (normalised mutual information)")

by_class = [few.sample(10, condition=list(range(10)), random_state=seed) for seed in range(3)]
numbers = rng.normal(size=(3, 1, 6)).repeat(10, axis=1)  # the same style along a row
choices = [joint.inverse_transform(np.concatenate([np.eye(10), style], axis=1)) for style in numbers]
im.data.contact_sheet([row.reshape(-1, 8, 8) for row in by_class + choices], white=16).save("few_labels.png")
print("a column for each class: few_labels.png")
