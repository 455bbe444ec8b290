"""From one picture to another, along numbers of the code, and with an attribute changed: python examples/editing.py

Handwritten digits in the code of a VAE. Each step of a walk is judged by how near it is to real digits; an edit by
what moves in held-out digits, and what else does.
"""

import tempfile
from pathlib import Path

import isthmus as im

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
vae = im.VAE(8, trainer=im.Trainer(epochs=40), random_state=0).fit(train)

walk = im.interpolation(vae, test.values[0], test.values[1], 6, "sphere", known=train)
print(walk.as_text())

walks = im.traversals(vae, test, top=4)
print(walks.as_text())

width = {"train": train.values.reshape(-1, 8, 8)[:, :, :4], "test": test.values.reshape(-1, 8, 8)[:, :, :4]}
known, new = ({"left": width[part].mean((1, 2))} for part in ("train", "test"))
editor = im.AttributeEditor(vae).fit(train, {**known, "digit": train.labels.astype(str)})
print(editor.check(test, {**new, "digit": test.labels.astype(str)}).as_text())
threes = editor.edit(test.values[:8], {"digit": "3"})
print(f"{len(threes)} threes in the hand of eight others")

with tempfile.TemporaryDirectory() as folder:
    walk.strip(straight=True).save(Path(folder) / "walk.png")
    print(walk.gif(Path(folder) / "walk.gif").name, walks.gif(Path(folder) / "walks.gif").name)
    again = im.load(editor.save(Path(folder) / "editor"))
    print((again.edit(test.values[:8], {"digit": "3"}) == threes).all())
