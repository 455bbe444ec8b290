"""Parameters searched, and whether that was worth it: python examples/tune.py

Ranges stand beside the parameters of a model. The score is never the training loss, in which beta would have a say; and
the last number is told on rows by which nothing was chosen, beside the model as it was.
"""

import isthmus as im
from isthmus.search_ranges import Numbers

digits = im.data.load("digits").take(range(600))
model = im.BetaVAE(latent_dim=8, beta=4.0, trainer=im.Trainer(epochs=10, validation=0.125))

tuned = im.tune(model, digits, search={"beta": Numbers(0.25, 8.0, log=True), "trainer.weight_decay": None}, trials=20)
print(tuned.as_text())

print(f"\nto draw from: {type(tuned.model).__name__}(latent_dim={tuned.model.latent_dim}, beta={tuned.model.beta:.2f})")
print(tuned.model.sample(3, random_state=0).shape)
