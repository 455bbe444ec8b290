"""Features of digits without a decoder: python examples/information.py

Deep InfoMax makes a code that tells as much as it can of every place of the picture. Places must see parts only: from
what sees nearly all of it (7 of 8 pixels) the code learns which picture it is, and not what is on it. Nothing is
rebuilt; where pixels tell the classes, as here, an autoencoder knows more. What is near in the code: information.png.
"""

import numpy as np

import isthmus as im
from isthmus.metrics.probes import linear_probe

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
pictures, new = ((part.values * 15).astype(np.uint8).reshape(-1, 8, 8) for part in (train, test))
network = {"name": "conv", "channels": (32, 64), "blocks": 0, "norm": "batch"}


def trained(epochs, rate):
    return im.Trainer(epochs=epochs, batch_size=64, learning_rate=rate, validation=0, compile=False)


models = {
    "an encoder that has learnt nothing": im.DeepInfoMax(16, network=network, trainer=trained(1, 1e-12)),
    "Deep InfoMax, places see 3 x 3 pixels": im.DeepInfoMax(16, network=network, trainer=trained(20, 3e-3)),
    "Deep InfoMax, places see 7 x 7 pixels": im.DeepInfoMax(16, network=network, level=1, trainer=trained(20, 3e-3)),
    "AE": im.AE(16, network=network, trainer=trained(20, 3e-3)),
}
codes = {}
for name, model in models.items():
    codes[name] = [model.fit(pictures).transform(each) for each in (pictures, new)]
    share = linear_probe(codes[name][0], train.labels, codes[name][1], test.labels)
    print(f"{name:38} {share:.1%} of the test digits, linear, 16 numbers")

known, asked = codes["Deep InfoMax, places see 3 x 3 pixels"]
away = np.linalg.norm(asked[:16, None] - known[None], axis=-1)  # [16, train]
near = pictures[away.argsort(1)[:, :4]]  # [16, 4, 8, 8]
im.data.contact_sheet([new[:16], *near.swapaxes(0, 1)], white=240).save("information.png")
print("test digits, and the four nearest to each: information.png")
