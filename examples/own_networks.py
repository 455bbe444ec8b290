"""Your own torch modules as encoder and decoder: python examples/own_networks.py"""

from torch import nn

import isthmus as im
from isthmus.metrics.scorecard import Scorecard

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")

encoder = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 32), nn.GELU())  # features; a layer is added
decoder = nn.Sequential(nn.Linear(4, 128), nn.GELU(), nn.Linear(128, 64))  # what the likelihood wants: 64 means

vae = im.VAE(latent_dim=4, network=(encoder, decoder), trainer=im.Trainer(epochs=60)).fit(train)
print(Scorecard.measure(vae, train, test).as_text())

path = vae.save("models/own-networks")  # the weights, not the code: load it with the modules
again = im.load(path, network=(encoder, decoder))
assert (again.transform(test) == vae.transform(test)).all()
