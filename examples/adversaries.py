"""Four ways to learn from a critic: python examples/adversaries.py

What each draws is compared with held-out digits: how much of it looks real (precision), how much of the data it covers,
whether it repeats itself or its training rows. The drawings: adversaries.png.
"""

import isthmus as im
from isthmus.metrics.sample_quality import SampleQuality

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
trainer = im.Trainer(epochs=30, batch_size=64, learning_rate=1e-3)
network = {"name": "mlp", "hidden": (128, 128)}
models = {
    "AAE": im.AAE(8, trainer=trainer),
    "VAE-GAN": im.VAEGAN(8, trainer=trainer),
    "BiGAN": im.BiGAN(8, rebuild=0.1, trainer=trainer),
    "WGAN-GP": im.WGANGP(16, network=network, trainer=trainer),
}
rows = []
for name, model in models.items():
    drawn = model.fit(train).sample(len(test), random_state=0)
    found = SampleQuality.measure(real=test.values, made=drawn, known=train.values)
    print(f"{name:8}  precision {found.precision:.2f}  coverage {found.coverage:.2f}  copies {found.duplicates:.2f}")
    rows.append(drawn[:16].reshape(-1, 8, 8))
im.data.contact_sheet(rows, white=16).save("adversaries.png")
print("a row for each: adversaries.png")
