"""The trainer's promises: it learns, stops, keeps the best, leaves global state alone, and names what fails."""

import json
import math
import signal
import warnings

import numpy as np
import pytest
import torch
from small_model import curved_rows, small_ae, small_vae

import isthmus as im
from isthmus.bottlenecks.kl_sparse import KLSparse
from isthmus.errors import Interrupted, ParameterError, TrainingError, UnknownNameError
from isthmus.likelihoods.gaussian import Gaussian
from isthmus.records import Batch, View
from isthmus.training import run as run_module
from isthmus.training import trainer as trainer_module
from isthmus.training.interruption import Interruption
from isthmus.training.resident import Resident
from isthmus.training.trainer import Trainer


@pytest.fixture
def _ctrl_c():
    """SIGINT raises KeyboardInterrupt, even where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def held_out_loss(model, rows):
    model.eval()
    with torch.no_grad():
        return float(model.loss(model(Batch(x=rows.x))).total)


def test_training_lessens_the_loss_on_new_rows():
    rows, new = curved_rows(400), curved_rows(400, seed=0).rows(torch.arange(300, 400))
    model = small_vae()
    history = Trainer(epochs=60, validation=0.2).fit(model, rows.rows(torch.arange(300)))
    start = history.curve("held_out", "loss")[0]
    assert held_out_loss(model, new) < start - 1.0


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_stream_alone():
    found = []
    before = torch.random.get_rng_state()
    for _ in range(2):
        model = small_vae()
        Trainer(epochs=2).fit(model, curved_rows(), seed=3)
        found.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert (found[0] == found[1]).all()
    assert (before == torch.random.get_rng_state()).all()


def test_another_seed_gives_other_weights():
    found = []
    for seed in (0, 1):
        model = small_vae()
        Trainer(epochs=2, validation=0).fit(model, curved_rows(), seed=seed)
        found.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert not (found[0] == found[1]).all()


def test_early_stopping_stops_and_brings_the_best_weights_back():
    rows = curved_rows(60)
    model = small_vae(hidden=(256, 256), dropout=0.0)
    trainer = Trainer(
        epochs=400, validation=0.3, patience=3, learning_rate=0.01, schedule="constant", mix=0, weight_decay=0
    )
    history = trainer.fit(model, rows)
    losses = history.curve("held_out", "loss")
    assert "no gain" in history.stopped
    assert history.epochs[-1]["epoch"] < 400
    assert history.best_epoch == history.epochs[losses.index(min(losses))]["epoch"]


def test_early_stopping_waits_for_the_warm_up():
    model = small_vae(warmup=60)
    history = Trainer(epochs=20, batch_size=32, validation=0.2, patience=1).fit(model, curved_rows())
    assert history.steps >= 60
    assert history.best_epoch * 5 >= 60


def test_without_validation_all_epochs_are_run():
    history = Trainer(epochs=7, validation=0).fit(small_vae(), curved_rows())
    assert history.stopped == "all 7 epochs done"
    assert history.best_epoch == 7
    assert "held_out" not in history.epochs[-1]


def test_the_start_is_kept_where_training_only_harms():
    rows = Resident(torch.randn(40, 6, generator=torch.Generator().manual_seed(0)))  # nothing to learn
    model = small_ae(hidden=(256, 256))
    history = Trainer(epochs=100, learning_rate=0.05, schedule="constant", mix=0).fit(model, rows)
    assert history.settings["stop_after"] == 0


def test_what_layers_learn_without_gradients_is_averaged_too():
    """A norm's means belong to the weights beside them."""
    pictures = (im.data.load("digits").values[:64] * 15).astype(np.uint8).reshape(-1, 8, 8)

    def mean(**settings):
        model = im.AE(2, network={"name": "conv", "channels": (4,), "norm": "batch"})
        model.set_params(trainer=Trainer(epochs=2, validation=0, compile=False, **settings)).fit(pictures)
        return next(b for name, b in model.autoencoder_.named_buffers() if name.endswith("running_mean"))

    assert torch.allclose(mean(average=1e-6), mean(), atol=1e-4)
    assert 0 < mean(average=0.9).norm() < 0.9 * mean().norm()


def test_the_moving_average_is_what_is_kept():
    plain, averaged = small_vae(), small_vae()
    Trainer(epochs=2, validation=0).fit(plain, curved_rows())
    Trainer(epochs=2, validation=0, average=0.99).fit(averaged, curved_rows())
    different = [not torch.equal(a, b) for a, b in zip(plain.parameters(), averaged.parameters(), strict=True)]
    assert any(different)


def test_clipping_bounds_what_a_step_does():
    steps = []
    for clip in (None, 1e-6):
        model = small_vae()
        Trainer(epochs=1, validation=0, optimiser="sgd", learning_rate=1.0, clip=clip, weight_decay=0).fit(
            model, curved_rows()
        )
        steps.append(model.encoder.head.weight.abs().max().item())
    assert steps[1] < 1e-4 < steps[0]


def test_metrics_go_to_a_jsonl_file(tmp_path):
    Trainer(epochs=3, validation=0.2, log=tmp_path / "metrics.jsonl").fit(small_vae(), curved_rows())
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [0, 1, 2, 3]
    assert all(math.isfinite(line["held_out/kl"]) for line in lines)


def test_metrics_go_to_any_object_with_log():
    class Log:
        def __init__(self):
            self.seen = []

        def log(self, metrics, step):
            self.seen.append((step, metrics))

    log = Log()
    Trainer(epochs=2, validation=0, log=log).fit(small_vae(), curved_rows())
    assert log.seen[-1][0] > 0
    assert "training/reconstruction" in log.seen[-1][1]


def test_losses_that_stay_non_finite_are_named():
    rows = curved_rows()
    model = small_vae()
    plain = type(model.bottleneck).forward

    def spoilt(self, features, view, prior):
        code = plain(self, features, view, prior)
        return code.__class__(z=code.z, posterior=code.posterior, costs={"kl": code.costs["kl"] * torch.inf})

    try:
        type(model.bottleneck).forward = spoilt
        with pytest.raises(TrainingError, match=r"kl \(\d+ of \d+ steps\)"):
            Trainer(epochs=5, validation=0).fit(model, rows)
    finally:
        type(model.bottleneck).forward = plain


def test_a_single_bad_batch_changes_nothing_and_is_counted():
    rows = curved_rows(64)
    rows.x[0, 0] = 1e30  # squared: infinite in float32
    model = small_vae()
    model.initialise = lambda batch: None
    history = Trainer(epochs=2, batch_size=8, validation=0, mix=0, noise=0).fit(model, rows)
    assert history.skipped["reconstruction"] == 2
    assert all(bool(p.isfinite().all()) for p in model.parameters())


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path, monkeypatch):
    plain = run_module.Run._take_step

    def interrupted(self, order):
        plain(self, order)
        if self.steps == 5:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run_module.Run, "_take_step", interrupted)
    file = tmp_path / "checkpoint.safetensors"
    trainer = Trainer(epochs=20, validation=0.2, checkpoint=file)
    with pytest.raises(Interrupted, match="do-this"):
        trainer.fit(small_vae(), curved_rows(), resume_command="do-this")
    assert file.is_file()
    monkeypatch.setattr(run_module.Run, "_take_step", plain)
    history = trainer.fit(small_vae(), curved_rows(), resume=True)
    assert history.steps > 5


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    trainer = Trainer(epochs=2, validation=0, checkpoint=file, checkpoint_every=0)
    trainer.fit(small_vae(), curved_rows())
    with pytest.raises(TrainingError, match="epochs was 2, is 3"):
        Trainer(epochs=3, validation=0, checkpoint=file).fit(small_vae(), curved_rows(), resume=True)


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_broken_checkpoint_is_refused(tmp_path, content):
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(content)
    with pytest.raises(TrainingError, match="not a whole checkpoint"):
        Trainer(epochs=2, checkpoint=file).fit(small_vae(), curved_rows(), resume=True)


def test_no_checkpoint_to_resume_from(tmp_path):
    with pytest.raises(TrainingError, match="no checkpoint at"):
        Trainer(epochs=2, checkpoint=tmp_path / "none").fit(small_vae(), curved_rows(), resume=True)


def test_out_of_memory_suggests_a_batch_size(monkeypatch):
    def too_much(self, order):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 TB")

    monkeypatch.setattr(run_module.Run, "_take_step", too_much)
    with pytest.raises(TrainingError, match="batch_size=32"):
        Trainer(epochs=1, batch_size=64, validation=0).fit(small_vae(), curved_rows())


def test_all_wrong_settings_are_told_at_once():
    trainer = Trainer(epochs=0, batch_size=-1, learning_rate=0, validation=1.5, patience=0, average=2.0, clip=-1)
    with pytest.raises(ParameterError) as caught:
        trainer.fit(small_vae(), curved_rows())
    for name in ("epochs", "batch_size", "learning_rate", "validation", "patience", "average", "clip"):
        assert f"{name} is" in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"optimiser": "adm"}, "Did you mean 'adam'"),
        ({"device": "gpu"}, "No device is called 'gpu'"),
        ({"precision": "fp16"}, "No precision is called 'fp16'"),
        ({"log": 3}, "log is a int"),
    ],
)
def test_unknown_names(setting, message):
    with pytest.raises((ParameterError, UnknownNameError), match=message):
        Trainer(epochs=1, **setting).fit(small_vae(), curved_rows())


@pytest.mark.parametrize("estimator", ["muprop", "rebar", "relax"])
def test_what_differentiates_on_the_way_forward_is_not_compiled_and_nothing_is_said(estimator, monkeypatch):
    def refused(*_):
        raise AssertionError

    monkeypatch.setattr(torch, "compile", refused)
    trainer = im.Trainer(epochs=1, validation=0, compile=True)
    model = im.BernoulliVAE(latent_dim=4, estimator=estimator, trainer=trainer).fit(
        np.random.default_rng(0).random((40, 6))
    )
    assert model.history_.steps > 0


@pytest.mark.slow
def test_compiled_training_is_as_plain_training():
    plain, compiled = small_ae(), small_ae()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*script_method.*", category=DeprecationWarning)
        found = [
            Trainer(epochs=3, validation=0.2, compile=wish).fit(model, curved_rows(300))
            for wish, model in ((False, plain), (True, compiled))
        ]
    losses = [history.curve("held_out", "loss") for history in found]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_bf16_learns_too():
    rows = curved_rows(300)
    model = small_vae(dropout=0.0)
    history = Trainer(epochs=30, validation=0.2, precision="bf16").fit(model, rows)
    losses = history.curve("held_out", "loss")
    assert min(losses) < losses[0] - 0.5


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_and_resume_is_bit_identical(tmp_path, monkeypatch):
    plain = run_module.Run._take_step

    def interrupted(self, order):
        plain(self, order)
        if self.steps == 7:
            signal.raise_signal(signal.SIGINT)

    def trainer(name):
        return Trainer(epochs=6, batch_size=32, validation=0.2, checkpoint=tmp_path / name)

    whole, resumed = small_vae(), small_vae()
    trainer("whole").fit(whole, curved_rows())
    monkeypatch.setattr(run_module.Run, "_take_step", interrupted)
    with pytest.raises(Interrupted):
        trainer("part").fit(small_vae(), curved_rows())
    monkeypatch.setattr(run_module.Run, "_take_step", plain)
    trainer("part").fit(resumed, curved_rows(), resume=True)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("changed", "rows", "message"),
    [
        ({"noise": 0.3}, 0, "noise was"),
        ({"clip": 1.0}, 0, "clip was None, is 1.0"),
        ({"weight_decay": 0.5}, 0, "weight_decay was"),
        ({"average": 0.9}, 0, "average was None, is 0.9"),
        ({"schedule": "constant"}, 0, "rate was"),
        ({}, 1, "data was"),
    ],
)
def test_a_run_goes_on_only_with_its_own_data_and_settings(tmp_path, changed, rows, message):
    file = tmp_path / "checkpoint.safetensors"
    settings = {"epochs": 2, "validation": 0, "checkpoint": file, "checkpoint_every": 0}
    Trainer(**settings).fit(small_vae(), curved_rows())
    data = curved_rows()
    data.x[0, 0] += rows
    with pytest.raises(TrainingError, match=message):
        Trainer(**{**settings, **changed}).fit(small_vae(), data, resume=True)


@pytest.mark.usefixtures("_ctrl_c")
@pytest.mark.parametrize("when", ["_evaluate", "save"])
def test_ctrl_c_while_something_else_is_done_is_bit_identical(tmp_path, monkeypatch, when):
    plain = getattr(run_module.Run, when)
    calls = []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        plain(self, *arguments)

    def trainer(name):
        return Trainer(epochs=6, batch_size=32, validation=0.2, checkpoint=tmp_path / name, checkpoint_every=0)

    whole, resumed = small_vae(), small_vae()
    history = trainer("whole").fit(whole, curved_rows())
    monkeypatch.setattr(run_module.Run, when, interrupted)
    with pytest.raises(Interrupted):
        trainer("part").fit(small_vae(), curved_rows())
    monkeypatch.setattr(run_module.Run, when, plain)
    again = trainer("part").fit(resumed, curved_rows(), resume=True)
    assert again.epochs == history.epochs
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("_ctrl_c")
@pytest.mark.parametrize("when", [1, 25])
def test_ctrl_c_while_the_end_is_sought_goes_on_from_there(tmp_path, monkeypatch, when):
    plain = run_module.Run._take_step
    taken = []

    def interrupted(self, order):
        plain(self, order)
        taken.append(self.found)
        if len(taken) == when:
            signal.raise_signal(signal.SIGINT)

    def trainer(name):
        return Trainer(epochs=3, batch_size=32, checkpoint=tmp_path / name)

    whole, resumed = small_vae(), small_vae()
    wanted = trainer("whole").fit(whole, curved_rows())
    monkeypatch.setattr(run_module.Run, "_take_step", interrupted)
    with pytest.raises(Interrupted):
        trainer("part").fit(small_vae(), curved_rows())
    assert taken[-1] is not None  # in the search
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    found = trainer("part").fit(resumed, curved_rows(), resume=True)
    assert len(taken) > when
    assert found.choice == wanted.choice
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.usefixtures("_ctrl_c")
def test_a_second_ctrl_c_stops_at_once():
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_training_is_not_its_own_cause(monkeypatch):
    def broken(self, order):
        raise RuntimeError("something else")

    monkeypatch.setattr(run_module.Run, "_take_step", broken)
    with pytest.raises(RuntimeError, match="something else") as caught:
        Trainer(epochs=1, validation=0).fit(small_vae(), curved_rows())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("bottleneck", [KLSparse(3), None])
def test_what_is_not_finite_does_not_stay_in_running_means(bottleneck):
    if bottleneck is None:
        likelihood = Gaussian(variance="optimal").train()
        likelihood.log_prob(torch.full((2, 1, 3), torch.nan), torch.zeros(2, 3))
        assert likelihood.running_mse.isfinite()
    else:
        bottleneck.train()(torch.full((2, 3), torch.nan), View(x=torch.zeros(2, 3)), None)
        assert bottleneck.running.isfinite().all()


def test_stations_start_from_fewer_examples_where_these_are_large(monkeypatch):
    """20 000 photographs as float32 at once would be 12 GB."""
    monkeypatch.setattr(trainer_module, "SAMPLE_VALUES", 42)
    monkeypatch.setattr(trainer_module, "FEWEST_ROWS", 3)
    model, seen = small_ae(in_dim=8), []
    monkeypatch.setattr(model, "initialise", lambda batch: seen.append(len(batch)))
    for width in (8, 30, 1):
        trainer_module.start(model, Resident(torch.randn(100, width)), seed=0)
    assert seen == [5, 3, 42]
