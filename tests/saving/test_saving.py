"""A saved model is whole, safe to open, and never lost: tampered, cut, newer, foreign, and a full disk."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from torch import nn

import isthmus as im
from isthmus import hub, saving
from isthmus.errors import MissingExtraError, ParameterError, SavedModelError, UnknownNameError

X = np.random.default_rng(0).normal(size=(40, 6))


def fitted(**changed):
    return im.VAE(latent_dim=2, trainer=im.Trainer(epochs=1, validation=0), **changed).fit(X)


@pytest.fixture
def folder(tmp_path):
    return fitted().save(tmp_path / "model")


def change(folder, **fields):
    content = json.loads((folder / "model.json").read_text())
    content.update(fields)
    (folder / "model.json").write_text(json.dumps(content))


def test_nothing_in_it_is_executable(folder):
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "model.json"}


def test_no_model_there(tmp_path):
    with pytest.raises(SavedModelError, match="There is no directory"):
        im.load(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SavedModelError, match=r"It lacks model.json and model.safetensors"):
        im.load(tmp_path / "empty")


def test_cut_or_changed_weights(folder):
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-10])
    with pytest.raises(SavedModelError, match="changed or cut short"):
        im.load(folder)
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(SavedModelError, match="changed or cut short"):
        im.load(folder)


def test_a_newer_format(folder):
    change(folder, isthmus_format=99)
    with pytest.raises(SavedModelError, match=r"format 99; this version .* reads up to 1. Upgrade"):
        im.load(folder)


def test_broken_json(folder):
    (folder / "model.json").write_text("{")
    with pytest.raises(SavedModelError, match="cannot be read as JSON"):
        im.load(folder)
    (folder / "model.json").write_text("[]")
    with pytest.raises(SavedModelError, match="not a description of a model"):
        im.load(folder)


def test_all_mistakes_of_a_description_are_told_at_once(folder):
    change(folder, parameters=3, sha256="no", extra=1)
    with pytest.raises(SavedModelError) as caught:
        im.load(folder)
    for word in ("parameters", "sha256", "extra"):
        assert word in str(caught.value)


def test_all_mistakes_of_a_model_are_told_at_once(folder):
    spec = json.loads((folder / "model.json").read_text())["autoencoder"]
    spec["arguments"]["encoder"]["component"] = "encoders/mpl"
    change(folder, autoencoder=spec, model="models/vea", data_schema={})
    with pytest.raises(SavedModelError) as caught:
        im.load(folder)
    for word in ("Did you mean 'mlp'", "Did you mean 'vae'", "data_schema"):
        assert word in str(caught.value)


def test_a_model_that_was_saved_before_there_were_priors_and_codebooks_loads(folder):
    content = json.loads((folder / "model.json").read_text())
    later = ("prior_condition", "prior_history")
    content["history"].pop("codebook")
    (folder / "model.json").write_text(json.dumps({k: v for k, v in content.items() if k not in later}))
    model = im.load(folder)
    assert model.prior_condition_ is None
    assert model.transform(X).shape == (40, 2)


def test_a_codebook_that_was_saved_without_advice_loads(tmp_path):
    model = im.BernoulliVAE(latent_dim=4, trainer=im.Trainer(epochs=1, validation=0)).fit(X)
    folder = model.save(tmp_path / "model")
    history = json.loads((folder / "model.json").read_text())["history"]
    del history["codebook"]["advice"]
    change(folder, history=history)
    assert im.load(folder).codebook_.perplexity == pytest.approx(model.codebook_.perplexity)


@pytest.mark.parametrize("name", ["os/system", "encoders/../../evil", "builtins/eval", "/etc/passwd"])
def test_a_spec_cannot_name_what_is_not_a_part(folder, name):
    change(folder, autoencoder={"component": name, "arguments": {}})
    with pytest.raises(SavedModelError):
        im.load(folder)


def test_weights_that_do_not_fit(folder):
    spec = json.loads((folder / "model.json").read_text())["autoencoder"]
    spec["arguments"]["bottleneck"]["arguments"]["latent_dim"] = 3
    change(folder, autoencoder=spec)
    with pytest.raises(SavedModelError):
        im.load(folder)


def test_a_full_disk_leaves_the_old_model(folder, monkeypatch):
    before = im.load(folder).transform(X)

    def full(*args, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "save_file", full)
    with pytest.raises(SavedModelError, match="No space left on device.*untouched"):
        fitted(random_state=1).save(folder)
    monkeypatch.undo()
    assert (im.load(folder).transform(X) == before).all()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_failing_swap_leaves_the_old_model(folder, monkeypatch):
    before = im.load(folder).transform(X)
    plain = os.rename

    def failing(self, target):
        if ".partial" in str(self):
            raise OSError(5, "Input/output error")
        plain(self, target)

    monkeypatch.setattr("pathlib.Path.rename", failing)
    with pytest.raises(SavedModelError, match="untouched"):
        fitted(random_state=1).save(folder)
    monkeypatch.undo()
    assert (im.load(folder).transform(X) == before).all()


def test_saving_again_replaces_the_model_and_keeps_what_lies_beside(folder):
    (folder / "report.html").write_text("report")
    again = fitted(random_state=1)
    again.save(folder)
    assert (im.load(folder).transform(X) == again.transform(X)).all()
    assert (folder / "report.html").read_text() == "report"


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SavedModelError, match="not a saved model; it is left alone"):
        fitted().save(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_unknown_parts_of_a_model():
    with pytest.raises(ParameterError, match="Did you mean 'encoder'"):
        im.load("anywhere", part="encodr")


def test_the_users_own_networks(tmp_path):
    encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
    decoder = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 6))
    before = encoder[0].weight.clone()
    model = fitted(network=(encoder, decoder))
    assert torch.equal(encoder[0].weight, before)  # fitted is a copy
    folder = model.save(tmp_path / "model")
    with pytest.raises(SavedModelError, match=r"Sequential\), whose code is not saved"):
        im.load(folder)
    loaded = im.load(folder, network=(encoder, decoder))
    assert (loaded.transform(X) == model.transform(X)).all()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ((nn.Linear(5, 2), nn.Linear(2, 6)), "encoder module cannot take x of shape"),
        ((nn.Linear(6, 2), nn.Linear(2, 5)), r"gives \(5,\) for an example; expected \(1, 6\)"),
        ((nn.Linear(6, 2), nn.Linear(3, 6)), "decoder module cannot take z of shape"),
        ((nn.Linear(6, 2),), "two torch modules"),
        ({"name": "mpl"}, "Did you mean 'mlp'"),
        ({"name": "mlp", "hiden": (3,)}, "no parameter 'hiden'. Did you mean 'hidden'"),
        (3, "network"),
    ],
)
def test_networks_that_do_not_fit(network, message):
    with pytest.raises((ParameterError, UnknownNameError), match=message):
        fitted(network=network)


def test_from_pretrained_takes_a_directory(folder):
    assert (im.from_pretrained(str(folder)).transform(X) == im.load(folder).transform(X)).all()


def test_the_hub_is_an_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'isthmus\[hub\]'"):
        im.from_pretrained("somebody/something")


def test_the_hub_gets_the_same_files_and_a_card(monkeypatch):
    pushed = {}

    class Api:
        def create_repo(self, name, private, exist_ok):
            return f"https://example.org/{name}"

        def upload_folder(self, repo_id, folder_path):
            pushed.update({path.name: path.read_bytes() for path in folder_path.iterdir()})

    class FakeHub:
        HfApi = Api

    monkeypatch.setattr(hub, "require", lambda name, extra: FakeHub)
    assert hub.push_to_hub(fitted(), "me/model") == "https://example.org/me/model"
    assert set(pushed) == {"model.safetensors", "model.json", "README.md"}
    card = pushed["README.md"].decode()
    assert 'im.from_pretrained("me/model")' in card
    assert "Kingma & Welling 2014" in card


def test_the_folder_may_be_moved(folder, tmp_path):
    shutil.move(folder, tmp_path / "elsewhere")
    assert im.load(tmp_path / "elsewhere").transform(X).shape == (40, 2)


def test_a_description_of_any_size_takes_no_memory(folder):
    content = json.loads((folder / "model.json").read_text())
    content["autoencoder"]["arguments"]["encoder"]["arguments"]["hidden"] = [10**8, 10**8]
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(SavedModelError, match="do not fit"):
        im.load(folder)


@pytest.mark.parametrize(
    ("station", "argument", "value"),
    [
        ("encoder", "hidden", [10**18, 10**18]),
        ("encoder", "hidden", "wide"),
        ("encoder", "hidden", [-3]),
        ("encoder", "in_shape", None),
        ("encoder", "activation", ["silu"]),
        ("bottleneck", "latent_dim", "2"),
        ("decoder", "out_shape", {}),
        ("prior", "no_such", 3),
    ],
)
def test_arguments_of_the_wrong_kind_are_told(folder, station, argument, value):
    content = json.loads((folder / "model.json").read_text())
    content["autoencoder"]["arguments"][station]["arguments"][argument] = value
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(SavedModelError, match="cannot be used"):
        im.load(folder)


def test_a_nested_description_without_end_is_refused(folder):
    text = (folder / "model.json").read_text()
    (folder / "model.json").write_text(
        text.replace('"history": {', '"history": {"x": ' + "[" * 10**5 + "]" * 10**5 + ",")
    )
    with pytest.raises(SavedModelError, match="cannot be read as JSON"):
        im.load(folder)


def test_the_working_directory_is_not_replaced(tmp_path, monkeypatch):
    inside = tmp_path / "deep"
    inside.mkdir()
    monkeypatch.chdir(inside)
    for place in (".", "..", tmp_path):
        with pytest.raises(SavedModelError, match="working directory"):
            fitted().save(place)
    assert fitted().save("model").joinpath("model.json").is_file()


def test_a_link_stays_and_what_it_points_to_is_replaced(folder, tmp_path):
    link = tmp_path / "latest"
    link.symlink_to(folder, target_is_directory=True)
    other = fitted(random_state=1)
    other.save(link)
    assert link.is_symlink()
    assert (im.load(folder).transform(X) == other.transform(X)).all()


def test_ctrl_c_in_the_middle_of_a_swap_leaves_the_old_model(folder, monkeypatch):
    before = im.load(folder).transform(X)
    plain = saving.Path.rename

    def interrupted(self, target):
        if self.name.endswith(".partial"):
            raise KeyboardInterrupt
        return plain(self, target)

    monkeypatch.setattr(saving.Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted(random_state=1).save(folder)
    monkeypatch.undo()
    assert (im.load(folder).transform(X) == before).all()
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_decoder_alone_works_where_weights_are_tied(tmp_path):
    saved = im.StackedAE(latent_dim=2, tied=True, trainer=im.Trainer(epochs=1, validation=0)).fit(X)
    decoder = im.load(saved.save(tmp_path / "model"), part="decoder")
    codes = saved.transform(X)
    assert (decoder.inverse_transform(codes) == saved.inverse_transform(codes)).all()
