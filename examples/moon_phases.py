"""From a crescent to a full moon through the code of an autoencoder: python examples/moon_phases.py

Is what lies half-way the phase between, or a blend of two moons? One moon is drawn in all phases; an autoencoder and a
VAE with the same networks write it as one number each. The pictures: moon_phases.png (drawn, pixels, AE, VAE).
"""

import numpy as np

import isthmus as im
from isthmus.data.sets.moon_phases import Moons
from isthmus.data.sheets import contact_sheet

generator = np.random.default_rng(0)
known = Moons.scattered(generator.uniform(0.05, 1, 600), spread=0, random_state=0)
walk = Moons.scattered(np.linspace(0.15, 1, 7), spread=0, random_state=0)
drawn = walk.pictures(noise=0)
seen = walk.pictures(random_state=1)

shares = np.linspace(0, 1, 7)[:, None, None]
rows = {"drawn": drawn, "pixels": (1 - shares) * seen[0] + shares * seen[-1]}
for name, kind in {"AE": im.AE, "VAE": im.VAE}.items():
    network = {"name": "mlp", "hidden": (256, 128), "linear_path": "none"}
    trainer = im.Trainer(epochs=15, batch_size=50, validation=0)
    model = kind(1, network=network, trainer=trainer).fit(im.data.read(known.pictures(), kind="image"))
    rows[name] = model.interpolate(seen[0], seen[-1], steps=7)

for name, steps in rows.items():
    relative = np.asarray(steps[3], dtype=float)[drawn[-1] > 127] / 255 / walk.brightness[3]
    grey = ((relative > 0.2) & (relative < 0.8)).mean()
    print(f"{name}: {walk.lit_share(steps)[3]:.3f} lit half-way (between: {walk.lit[3]:.3f}), grey {grey:.2f}")
contact_sheet(list(rows.values()), white=255, enlarge=3).save("moon_phases.png")
print("moon_phases.png")
