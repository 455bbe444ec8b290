"""Codes of several levels, in a curved space, and pictures that shall look alike: python examples/levels_and_spaces.py

A ladder VAE beside a VAE of the same size, by the ELBO; a Poincare VAE beside a VAE of two numbers, by what five
neighbours say of a digit. A VAE with structural similarity beside the likelihood rebuilds clothes that look more alike.
In the drawing: digits, the same with the upper level of the ladder of the next digit, and with its lower level; then
clothes, rebuilt by a VAE, and by the one with the similarity.
"""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

import isthmus as im
from isthmus.metrics.structural_similarity import structural_similarity

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
trainer = im.Trainer(epochs=60, batch_size=64, validation=0)

for model in (im.VAE(24, trainer=trainer), im.LadderVAE(24, trainer=trainer)):
    ladder = model.fit(train)
    print(f"{type(model).__name__:10} with 24 numbers: ELBO {model.score(test):.1f} nats")

for model in (im.VAE(2, trainer=trainer), im.PoincareVAE(2, trainer=trainer)):
    near = KNeighborsClassifier(5).fit(model.fit(train).transform(train), train.labels)
    print(f"{type(model).__name__:10} with 2: neighbours name {near.score(model.transform(test), test.labels):.3f}")

shirts, others = im.data.load("fashion-mnist", "train").take(range(4000)), im.data.load("fashion-mnist", "test")
others, rebuilt = others.take(range(500)), []
for model in (im.VAE(16, trainer=trainer), im.MSSSIMVAE(16, trainer=trainer)):
    rebuilt.append(model.fit(shirts).reconstruct(others))
    alike = structural_similarity(
        *(x.reshape(-1, 1, 28, 28).astype(float) for x in (others.values, rebuilt[-1])), 255.0
    )
    print(f"{type(model).__name__:10} structural similarity of held-out clothes {alike.mean():.3f}")

some = test.values[:10]
upper, lower = (ladder.swap(some, np.roll(some, -1, 0), part=part) for part in ("level_2", "level_1"))
sheet = [row.reshape(-1, 8, 8).repeat(3, 1).repeat(3, 2) * 16 for row in (some, upper, lower)]
sheet = [np.pad(row, ((0, 0), (2, 2), (2, 2))) for row in sheet]
im.data.contact_sheet([*sheet, others.values[:10], *(x[:10] for x in rebuilt)], white=255).save("levels_and_spaces.png")
print("digits and clothes: levels_and_spaces.png")
