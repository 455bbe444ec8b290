"""A table as people have them, with categories and gaps: python examples/mixed_tables.py

Penguins that were measured, some of them not in full. A masked autoencoder of the table fills the gaps, says how sure
it is, draws new penguins, and scores odd ones. The table is made here, so that nothing has to be fetched.
"""

import numpy as np
import pandas

import isthmus as im

KINDS = {"small": (38.8, 3700), "middle": (48.8, 3730), "large": (47.5, 5080)}  # bill in mm, weight in g
rng = np.random.default_rng(0)
kind = rng.choice(list(KINDS), size=600)
male = rng.random(600) < 0.5
bill, weight = (np.array([KINDS[each][i] for each in kind]) for i in (0, 1))
table = pandas.DataFrame(
    {
        "kind": kind,
        "sex": np.where(male, "male", "female"),
        "bill": (bill + 3 * male + rng.normal(0, 1.5, 600)).round(1),
        "weight": (weight + 600 * male + rng.normal(0, 250, 600)).round(-1),
        "when": pandas.Timestamp("2021-11-01") + pandas.to_timedelta(rng.integers(0, 60, 600), unit="D"),
    }
)
holed = table.mask(rng.random(table.shape) < 0.1)
holed = holed[holed.notna().any(axis=1)]

model = im.TableMAE(32, trainer=im.Trainer(epochs=60, batch_size=64)).fit(holed)
filled = model.impute(holed)
intervals = im.imputation_intervals(model, holed, level=0.9, draws=40)
for name in ("bill", "weight"):
    gaps = holed[name].isna()
    truth = table.loc[holed.index, name][gaps]
    error = np.sqrt(np.mean((filled[name][gaps] - truth) ** 2))
    mean = np.sqrt(np.mean((table[name].mean() - truth) ** 2))
    held = truth.between(intervals.low[name][gaps], intervals.high[name][gaps]).mean()
    print(f"{name:7} {gaps.sum()} gaps: error {error:.3g}, of the mean {mean:.3g}; 90 % intervals hold {held:.0%}")
gaps = holed["sex"].isna()
right = (filled["sex"][gaps] == table.loc[holed.index, "sex"][gaps]).mean()
print(f"sex     {gaps.sum()} gaps: {right:.0%} right")
print("new rows:", model.sample(4, random_state=0).to_string(index=False), sep="\n")
strange = table.iloc[:1].assign(kind="small", sex="female", bill=55.0, weight=5900.0)
print("log p of a usual row and of a strange one, nats:", model.score_samples(pandas.concat([table.iloc[:1], strange])))
