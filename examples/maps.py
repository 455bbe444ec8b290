"""Maps of handwritten digits, placed unseen and rebuilt: python examples/maps.py

A Reducer learns where rows that are alike stand; then it places digits that it has not seen, beside PCA, and draws
what lies at the middle of each class. The pictures: maps.png.
"""

import numpy as np
from sklearn.decomposition import PCA

import isthmus as im
from isthmus.metrics.neighbours import knn_accuracy

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
reducer = im.Reducer(trainer=im.Trainer(epochs=60, mix=0.0)).fit(train)
pca = PCA(2, random_state=0).fit(train.values.reshape(len(train), -1))
known = {"Reducer": reducer.transform(train), "PCA": pca.transform(train.values.reshape(len(train), -1))}
maps = {"Reducer": reducer.transform(test), "PCA": pca.transform(test.values.reshape(len(test), -1))}
print(im.embedding_report(test.values, maps, test.labels).as_text())
for name, codes in maps.items():
    print(f"{name}: 5 neighbours name {knn_accuracy(known[name], train.labels, codes, test.labels):.3f} of new digits")

middles = np.stack([np.median(known["Reducer"][train.labels == digit], axis=0) for digit in range(10)])
drawn = reducer.inverse_transform(middles).reshape(10, 8, 8)

try:
    from isthmus.report.figures import figure, save, show_picture
    from isthmus.report.maps import scatter

    made = figure(9, 6)
    for i, (name, codes) in enumerate(maps.items()):
        axes = made.add_subplot(2, 2, i + 1)
        scatter(axes, codes, test.labels)
        axes.set_title(name)
    for digit in range(10):
        axes = made.add_subplot(4, 10, 31 + digit)
        show_picture(axes, drawn[digit].clip(0, 16) / 16)
        axes.set_axis_off()
    save(made, "maps.png")
    print("maps.png")
except im.errors.MissingExtraError as missing:
    print(missing)
