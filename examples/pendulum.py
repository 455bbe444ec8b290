"""What a picture would have been: python examples/pendulum.py

A pendulum and the sun cause the length and the place of a shadow. A causal VAE learns the four concepts from the
numbers that come with the pictures, finds out which causes which, and sets the sun elsewhere in pictures it has not
seen, of which it is told nothing. In the drawing each column is a scene: as it was, under the sun 45 degrees from the
zenith by the model and by geometry, and with the pendulum set as well, again both ways.
"""

import numpy as np

import isthmus as im
from isthmus.data.sets.pendulum import Pendulums, measured

train, test = im.data.load("pendulum", "train"), im.data.load("pendulum", "test")
model = im.CausalVAE(trainer=im.Trainer(epochs=40, batch_size=64, validation=0)).fit(train)
print("found among the concepts of training pictures, with strengths:")
print(model.graph_.as_text())

scenes = Pendulums(**test.factors)
rows = [test.values[:8]]
for done in ({"light": 45.0}, {"light": 58.0, "pendulum": 20.0}):
    found, true = model.do(test, done), scenes.under(**done)
    read = measured(found.examples)  # by brightness, not by the model
    print(f"\ndo {done}: {', '.join(found.moved)} follow; how far off their range the pictures are, on average")
    for name, wanted in true.concepts().items():
        off = np.abs(read[name] - wanted).mean() / np.ptp(scenes.concepts()[name])
        print(f"  {name}: {off:.1%}")
    rows += [found.examples[:8], true.pictures()[:8]]
im.data.contact_sheet(rows, white=255).save("pendulum.png")
print("\nas it was, and as it would have been (model, geometry) under both interventions: pendulum.png")
