"""Scores of disentanglement: closed cases, invariances, an oracle that loops, and what is refused."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.metrics.disentanglement.beta_vae_score import beta_vae_score
from isthmus.metrics.disentanglement.dci import DCI, concentration, weighted
from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.explicitness import explicitness, roc_auc
from isthmus.metrics.disentanglement.factor_vae_score import factor_vae_score
from isthmus.metrics.disentanglement.irs import irs
from isthmus.metrics.disentanglement.mig import mig
from isthmus.metrics.disentanglement.modularity import modularity, modularity_of
from isthmus.metrics.disentanglement.mutual_information import mutual_information
from isthmus.metrics.disentanglement.rows_by_value import RowsByValue
from isthmus.metrics.disentanglement.sap import sap
from isthmus.metrics.disentanglement.suite import Disentanglement
from isthmus.metrics.disentanglement.udr import UDR

GRID = np.indices((3, 4, 5)).reshape(3, -1).T.repeat(10, axis=0)  # [600, 3]
SIZES = (3, 4, 5)
RNG = np.random.default_rng(0)
NOISY = GRID @ RNG.normal(size=(3, 4)) + 0.3 * RNG.normal(size=(600, 4))  # [600, 4], entangled
DATA = Path(os.environ.get("ISTHMUS_DATA", "")) / "dsprites_sub"


def gaps(codes, factors=GRID):
    held = Encoded.of(codes, factors)
    return mig(held, mutual_information(held))


def modular(codes, factors=GRID):
    held = Encoded.of(codes, factors)
    return modularity(held, mutual_information(held)).value


@pytest.fixture(scope="module")
def perfect():
    return Disentanglement.measure(GRID[:, [2, 0, 1]] * [-3.0, 0.5, 20.0] + 7, GRID, ["shape", "size", "place"])


@pytest.fixture(scope="module")
def useless():
    rows = GRID.repeat(5, axis=0)
    codes = np.random.default_rng(1).normal(size=(len(rows), 5))
    codes[:, 3:] = [0.1, 7.0]
    return Disentanglement.measure(codes, rows)


def test_codes_that_are_the_factors_are_perfect_whatever_their_order_scale_and_sign(perfect):
    for name in ("beta_vae", "factor_vae", "mig", "dci_disentanglement", "dci_completeness", "dci_informativeness"):
        assert getattr(perfect, name).value == pytest.approx(1.0), name
    assert perfect.irs.value == pytest.approx(1.0)
    assert perfect.modularity.value == pytest.approx(1.0)
    assert perfect.sap.by_factor == pytest.approx([1 - 1 / size for size in SIZES], abs=0.12)
    assert perfect.information.argmax(0).tolist() == [1, 2, 0]
    assert np.argmax(perfect.importances, 0).tolist() == [1, 2, 0]


def test_codes_that_tell_nothing_come_to_chance(useless):
    for score in useless.scores:
        assert score.value == pytest.approx(score.chance, abs=0.06), score.name
    assert useless.beta_vae.chance == pytest.approx(1 / 3, abs=0.05)
    assert useless.dci_informativeness.chance == pytest.approx(np.mean([1 / size for size in SIZES]))
    assert useless.active == (True, True, True, False, False)
    assert useless.dci_completeness.chance == pytest.approx(1 - np.log(3) / np.log(5))
    assert useless.modularity.value == useless.modularity.chance == 0.0


def test_constant_codes_have_collapsed_and_come_to_chance():
    found = Disentanglement.measure(np.full((600, 2), 0.1), GRID)
    assert found.active == (False, False)
    for name in ("factor_vae", "mig", "dci_disentanglement", "dci_completeness", "sap", "irs", "modularity"):
        assert getattr(found, name).value == 0.0, name
    assert found.beta_vae.value == pytest.approx(1 / 3, abs=0.03)
    assert found.explicitness.value == 0.5


def test_factors_that_are_not_told_lower_factor_vae_but_not_beta_vae():
    held = Encoded.of(GRID[:, :2], GRID)  # the third fixed: either dimension is named, and both stand for others
    assert factor_vae_score(held).value == pytest.approx(2 / 3, abs=0.02)
    assert beta_vae_score(held).value > 0.99  # as Kim & Mnih 2018 remark


def test_factors_turned_pairwise_by_45_degrees_score_lower():
    factors = np.indices((4, 4, 4, 4)).reshape(4, -1).T.repeat(4, axis=0)
    straight = factors - factors.mean(0)
    turn = np.kron(np.eye(2), np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2))
    assert gaps(straight, factors).value == pytest.approx(1.0)
    assert gaps(straight @ turn, factors).value < 0.1
    assert modular(straight @ turn, factors) == pytest.approx(1 - 1 / 3, abs=0.05)  # two of four factors each
    one, other = (DCI.measure(Encoded.of(z, factors)) for z in (straight, straight @ turn))
    for name in ("disentanglement", "completeness"):
        assert getattr(one, name).value == pytest.approx(1.0)
        assert getattr(other, name).value < 0.7
    assert irs(Encoded.of(straight @ turn, factors)).value < 0.7
    assert factor_vae_score(Encoded.of(straight @ turn, factors)).value < 0.8


def test_mig_is_that_of_the_hand():
    factors = np.indices((2, 2, 4)).reshape(3, -1).T.repeat(10, axis=0)
    codes = factors[:, :2] ^ np.stack([factors[:, 2] == 0, np.zeros(160, dtype=bool)], axis=1)  # 1 of 4 is turned about
    lost = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(2)
    assert gaps(codes, factors[:, :2]).by_factor == pytest.approx([1 - lost, 1.0])
    twice = gaps(np.hstack([codes, codes]), factors[:, :2])
    assert twice.value == pytest.approx(0.0)


def test_mig_of_one_number_alone_is_its_information():
    assert gaps(GRID[:, :1]).by_factor == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)


def test_dci_has_the_closed_forms_of_its_matrix():
    diagonal = np.diag(5.0 * np.ones(5))
    halved = 1 - np.log(2) / np.log(10)
    empty = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    for known in (diagonal, empty, diagonal[:2]):
        assert weighted(known) == pytest.approx(1.0)
        assert weighted(known.T) == pytest.approx(1.0)
    redundant = np.vstack([diagonal, diagonal])
    assert (weighted(redundant.T), weighted(redundant)) == pytest.approx((1.0, halved))
    assert (weighted(redundant), weighted(redundant.T)) == pytest.approx((halved, 1.0))
    assert weighted(np.zeros((3, 3))) == 0.0
    assert concentration(np.ones((1, 2))).tolist() == [1.0, 1.0]


def test_modularity_has_the_closed_forms_of_its_matrix():
    diagonal = np.diag(5.0 * np.ones(5))
    assert modularity_of(diagonal) == modularity_of(np.vstack([diagonal, diagonal])) == modularity_of(diagonal[:2]) == 1
    assert modularity_of(np.hstack([diagonal, diagonal])) == pytest.approx(1 - 1 / 9)
    assert modularity_of(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])) == pytest.approx(2 / 3)


def test_explicitness_sees_what_lines_tell():
    hot = np.hstack([np.eye(size)[GRID[:, k]] for k, size in enumerate(SIZES)])
    assert explicitness(Encoded.of(hot, GRID)).value == 1.0
    two = np.indices((2, 3)).reshape(2, -1).T.repeat(500, axis=0)
    straight = explicitness(Encoded.of(two, two)).by_factor  # the middle of three is not told
    assert straight == pytest.approx([1.0, 2.5 / 3], abs=0.02)


def test_roc_auc_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    scores, positive = np.round(NOISY[:, 0], 1), GRID[:, 0] == 1
    assert roc_auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_information_is_that_of_scikit_learn():
    from sklearn.metrics import mutual_info_score

    found = mutual_information(Encoded.of(NOISY, GRID))
    for j in range(NOISY.shape[1]):
        edges = np.histogram_bin_edges(NOISY[:, j], 20)[1:-1]
        for k in range(3):
            assert found[j, k] == pytest.approx(mutual_info_score(GRID[:, k], np.digitize(NOISY[:, j], edges)))


def test_factor_vae_votes_are_those_of_a_loop():
    rng, z = np.random.default_rng(5), (NOISY - NOISY.mean(0)) / NOISY.std(0)
    table, judged = np.zeros((4, 3)), []
    for vote in range(6000):
        factor = rng.integers(3)
        value = GRID[rng.integers(600), factor]
        rows = rng.choice(np.flatnonzero(GRID[:, factor] == value), 64)
        named = z[rows].var(0, ddof=1).argmin()
        if vote < 4000:
            table[named, factor] += 1
        else:
            judged.append(table[named].argmax() == factor)
    assert factor_vae_score(Encoded.of(NOISY, GRID)).value == pytest.approx(np.mean(judged), abs=0.04)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 99))
def test_drawn_rows_have_the_value_that_was_asked_for(values, seed):
    known = np.unique(values, return_inverse=True)[1]
    table, wanted = RowsByValue.of(known), np.random.default_rng(seed).choice(known, (7, 3))
    assert (known[table.drawn(wanted, np.random.default_rng(seed))] == wanted).all()
    assert sorted(np.concatenate(table.groups()).tolist()) == list(range(len(known)))
    assert set(table.drawn(known.repeat(200), np.random.default_rng(seed)).tolist()) == set(range(len(known)))


@settings(max_examples=6, deadline=None)
@given(st.permutations(range(4)), st.lists(st.sampled_from([-2.0, -1.0, -0.6, 0.5, 1.0, 1.9]), min_size=4, max_size=4))
def test_order_scale_and_sign_of_dimensions_do_not_count(order, scales):
    there, changed = Encoded.of(NOISY, GRID), Encoded.of((NOISY * scales)[:, order], GRID)
    assert gaps(changed.codes).by_factor == pytest.approx(gaps(there.codes).by_factor, abs=0.01)  # edges of bins
    assert modular(changed.codes) == pytest.approx(modular(there.codes), abs=0.01)
    assert factor_vae_score(changed).value == pytest.approx(factor_vae_score(there).value, abs=0.01)
    assert sap(changed).by_factor == pytest.approx(sap(there).by_factor, abs=0.02)
    size = float(np.abs(scales).max())
    assert irs(Encoded.of((size * NOISY * np.sign(scales))[:, order], GRID)).value == pytest.approx(irs(there).value)


def test_the_classifiers_do_not_mind_order_scale_and_sign_of_dimensions_either():
    there, changed = (Encoded.of(z, GRID) for z in (NOISY, (NOISY * [-3.0, 1.0, 0.5, -1.0])[:, [3, 0, 2, 1]]))
    assert beta_vae_score(changed).value == pytest.approx(beta_vae_score(there).value, abs=0.01)
    assert explicitness(changed).by_factor == pytest.approx(explicitness(there).by_factor, abs=0.01)
    one, other = DCI.measure(there), DCI.measure(changed)
    for name in ("disentanglement", "completeness", "informativeness"):
        assert getattr(other, name).value == pytest.approx(getattr(one, name).value, abs=0.05)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 999))
def test_the_order_of_rows_does_not_count(seed):
    some = np.random.default_rng(seed).permutation(600)
    there, changed = Encoded.of(NOISY, GRID), Encoded.of(NOISY[some], GRID[some])
    assert gaps(NOISY[some], GRID[some]).by_factor == pytest.approx(gaps(NOISY).by_factor)
    assert irs(changed).value == pytest.approx(irs(there).value)
    assert modular(NOISY[some], GRID[some]) == pytest.approx(modular(NOISY))
    assert factor_vae_score(changed).value == pytest.approx(factor_vae_score(there).value, abs=0.04)


def test_numbers_are_made_with_a_seed_and_on_rows_that_are_told(perfect):
    again = Disentanglement.measure(GRID[:, [2, 0, 1]] * [-3.0, 0.5, 20.0] + 7, GRID, ["shape", "size", "place"])
    assert again.to_json() == perfect.to_json()
    assert (perfect.seed, perfect.rows, perfect.sap.learnt, perfect.sap.judged) == (0, 600, 400, 200)
    assert perfect.factor_vae.measured_on == "10,000 + 5,000 votes"
    text = perfect.as_text()
    assert text.startswith("600 rows, 3 of 3 numbers active, 3 factors, seed 0")
    assert "place" in text
    known = json.loads(json.dumps(perfect.to_json()))
    assert known["factors"] == {"shape": 3, "size": 4, "place": 5}
    assert list(known["scores"]["MIG"]["by_factor"]) == ["shape", "size", "place"]
    assert [row[0] for row in perfect.table()][:2] == ["BetaVAE score", "FactorVAE score"]
    assert all(len(row) == 7 for row in perfect.table())


class Stub:
    """A model whose code is x, and that counts how often it encodes."""

    def __init__(self):
        self.calls = 0

    def transform(self, X):
        self.calls += 1
        return np.asarray(getattr(X, "values", X))


def test_seeds_of_numpy_are_plain_numbers_in_what_is_told():
    found = Disentanglement.measure(GRID, GRID, random_state=np.int64(3))
    assert json.loads(json.dumps(found.to_json()))["seed"] == 3


def test_a_model_encodes_once_and_the_columns_of_a_frame_are_names():
    import pandas as pd

    frame = pd.DataFrame({"shape": np.array(["heart", "oval", "square"])[GRID[:, 0]], "size": GRID[:, 1] / 7})
    model = Stub()
    found = im.disentanglement(model, GRID[:, :2], frame, random_state=3)
    assert model.calls == 1
    assert (found.factors, found.values, found.seed) == (("shape", "size"), (3, 4), 3)
    assert found.mig.value == pytest.approx(1.0)
    assert im.disentanglement(Stub(), GRID[:, :2], frame, names=["a", "b"]).factors == ("a", "b")
    held = im.data.read(GRID[:, :2])
    held = replace(held, factors={"a": GRID[:, 0], "b": GRID[:, 1]}).take(range(len(GRID) - 1, 0, -1))
    assert im.disentanglement(Stub(), held).to_json()["factors"] == dict(zip("ab", found.values, strict=True))


def test_models_of_this_library_are_measured_those_that_are_told_classes_too():
    quick, x = im.Trainer(epochs=1), GRID[:, :2] + RNG.normal(size=(600, 2))
    vae = im.VAE(2, trainer=quick, random_state=0).fit(x)
    assert im.disentanglement(vae, x, GRID[:, :2]).information.shape == (2, 2)
    told = im.data.read(x, labels=GRID[:, 2])
    cvae = im.CVAE(2, trainer=quick, random_state=0).fit(x, GRID[:, 2])
    assert im.disentanglement(cvae, told, GRID[:, :2]).rows == 600
    ranked = UDR.of({"VAE": vae, "again": vae, "CVAE": cvae}, told)
    assert ranked.by == "KL"
    assert ranked.pairs[0, 1] >= ranked.pairs[0, 2]


def test_without_factors_it_is_said_what_else_there_is():
    with pytest.raises(ParameterError, match=r"factors is None; .*UDR\.of\(models, X\).* active units and KL"):
        im.disentanglement(Stub(), GRID)


def test_all_mistakes_are_told_at_once():
    factors = np.stack([RNG.normal(size=600), np.ones(600), GRID[:, 0], GRID[:, 0] * 2, np.arange(600)], axis=1)
    codes = np.full((599, 2), np.nan)
    with pytest.raises(ParameterError) as told:
        Disentanglement.measure(codes, factors, ["angle", "light", "shape", "form", "id"])
    for expected in (
        "codes has 599 rows, factors 600 rows",
        "codes has NaN or infinity in 599 rows, first in dimension 0",
        "factor 'angle' is continuous: 600 distinct values, such as ",
        "Bin it: numpy.digitize",
        "factor 'light' has the one value 1.0; leave out what does not vary",
        "factors 'shape' and 'form' are one",
        "factor 'id' has 600 values in 600 rows; expected 10 or more of each, 6,000 in all",
    ):
        assert expected in str(told.value)


@pytest.mark.parametrize(
    ("codes", "factors", "names", "expected"),
    [
        (GRID[:50], GRID[:50], None, "there are 50 rows with factors; expected 100 or more"),
        (GRID, GRID[:, 0], None, r"factors has shape \(600,\); expected \[rows, factors\]"),
        (GRID, GRID[:, :1], None, "factors has 1 factor; expected 2 or more"),
        (GRID, GRID, ["a", "b"], "names has 2 names; expected one for each of 3 factors"),
        (GRID, GRID, ["a", "b", "b"], "names are 'a', 'b', 'b'; expected each once"),
        (GRID[:, 0], GRID, None, r"codes has shape \(600,\); expected \[rows, numbers\]"),
        (GRID.astype(str), GRID, None, "codes holds <U.*; expected numbers"),
        (GRID, np.where(np.arange(600)[:, None] < 3, 9, GRID), None, "has the value 9 in 3 rows; expected 10 or more"),
        (GRID, np.where(GRID == 2, np.nan, GRID), None, "factor 'factor 0' has no value in 200 rows"),
    ],
)
def test_what_cannot_be_measured_is_refused(codes, factors, names, expected):
    with pytest.raises(ParameterError, match=expected):
        Disentanglement.measure(codes, factors, names)


def test_gaps_in_texts_doubled_columns_and_seeds_are_refused():
    import pandas as pd

    gappy = pd.DataFrame({"shape": GRID[:, 0].astype(object), "size": GRID[:, 1]})
    gappy.loc[:4, "shape"] = None
    with pytest.raises(ParameterError, match="factor 'shape' has no value in 5 rows"):
        Disentanglement.measure(GRID, gappy)
    with pytest.raises(ParameterError, match="several columns called 'a'"):
        Disentanglement.measure(GRID, pd.DataFrame(GRID, columns=["a", "a", "b"]))
    with pytest.raises(ParameterError, match="random_state is -1; expected a whole number"):
        Disentanglement.measure(GRID, GRID, random_state=-1)


def test_models_that_are_one_up_to_order_and_sign_agree():
    found = UDR.measure([GRID, -GRID[:, [2, 0, 1]], GRID**3])
    assert list(found.scores.values()) == pytest.approx([1.0, 1.0, 1.0])
    assert (found.informative, found.by) == ((3, 3, 3), "variance")


def test_models_that_turned_their_codes_agree_less_and_noise_not_at_all():
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    turned = (GRID - GRID.mean(0)) @ turn
    noise = np.random.default_rng(3).normal(size=(600, 5))
    scores = UDR.measure({"straight": GRID, "flipped": -GRID, "turned": turned, "noise": noise})
    assert scores.pairs[0, 1] == pytest.approx(1.0)
    assert scores.pairs[0, 2] < 0.8
    assert scores.pairs[0, 3] < 0.1
    assert scores.table()[0][0] == "straight"
    assert "informative by variance" in scores.as_text()
    assert json.loads(json.dumps(scores.to_json()))["pairs"][0][0] is None


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(4)), st.lists(st.sampled_from([-3.0, -1.0, 0.5, 2.0]), min_size=4, max_size=4))
def test_udr_does_not_mind_order_scale_and_sign(order, scales):
    codes = NOISY @ np.array([[1.0, 0, 2, 0], [0, 1, 0, 0], [0, 1, 1, 0], [3, 0, 0, 1]])  # of another model
    expected = UDR.measure([NOISY, codes]).pairs[0, 1]
    assert UDR.measure([(NOISY * scales)[:, order], codes]).pairs[1, 0] == pytest.approx(expected)


def test_dimensions_that_tell_nothing_are_left_out_of_udr():
    noisy = np.hstack([GRID, 1e-3 * np.random.default_rng(0).normal(size=(600, 2))])
    assert UDR.measure([noisy, GRID]).informative == (3, 3)
    assert UDR.measure([noisy, GRID]).pairs[0, 1] == pytest.approx(1.0)
    nats = UDR.measure([noisy, GRID], kl=[[2.0, 0.5, 1e-3, 0.0, 0.0], [1.0, 1.0, 0.0]])
    assert (nats.informative, nats.by) == ((2, 2), "KL")
    assert UDR.measure([noisy, GRID], kl=[np.zeros(5), np.ones(3)]).pairs[0, 1] == 0.0


def test_udr_refuses_all_that_does_not_fit_at_once():
    with pytest.raises(ParameterError) as told:
        UDR.measure({"a": GRID[:50], "b": GRID, "c": np.full((50, 2), np.inf)}, kl=[[1.0]])
    for expected in (
        "there are 50 rows; expected 100 or more",
        "kl is of 1 models, codes of 3",
        "kl of 'a' has 1 numbers; expected 3",
        "codes of 'b' have 600 rows; expected 50, as the first",
        "codes of 'c' have shape (50, 2), float64; expected finite",
    ):
        assert expected in str(told.value)
    with pytest.raises(ParameterError, match="codes of 1 model; expected 2 or more"):
        UDR.measure([GRID])


@pytest.mark.skipif(not DATA.is_dir(), reason="ISTHMUS_DATA has no dSprites")
def test_dsprites_takes_less_than_a_minute_of_one_core():
    known = im.data.load("dsprites").factors
    factors = np.stack(list(known.values()), axis=1)
    codes = np.random.default_rng(0).normal(size=(len(factors), 10)) * np.r_[np.full(5, 0.1), np.full(5, 0.01)]
    codes[:, :5] += (factors - factors.mean(0)) / factors.std(0)
    began = time.process_time()
    found = Disentanglement.measure(codes, known)
    seconds = time.process_time() - began
    print(f"{seconds:.1f} s\n{found.as_text()}")
    assert seconds < 60
    assert (found.rows, sum(found.active), found.values) == (46_080, 5, (3, 6, 10, 16, 16))
    assert found.factor_vae.value == found.beta_vae.value == 1.0
    assert found.mig.value > 0.8
    assert found.dci_disentanglement.value > 0.7
