"""A study in a file: it goes on where it ended, however that was, and with nothing but its own search."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import DataError, ParameterError, SavedModelError
from isthmus.search_ranges import Integers
from isthmus.tasks.write_lock import write_lock
from isthmus.tuning.study_file import open_storage, open_study

X = im.data.load("digits").values[:120]
MODEL = im.VAE(4, trainer=im.Trainer(epochs=1, validation=0.1))


def seen(tuned):
    return [(trial.params, trial.score) for trial in tuned.trials if trial.state == "complete"]


def test_a_search_in_two_parts_is_the_one_in_one_part(tmp_path):
    whole = im.tune(MODEL, X, trials=12)
    im.tune(MODEL, X, trials=5, storage=tmp_path / "study")
    again = im.tune(MODEL, X, trials=12, storage=tmp_path / "study")
    assert len(whole.trials) == 12
    assert seen(again) == seen(whole)
    assert again.comparison == whole.comparison
    enough = im.tune(MODEL, X, trials=3, storage=tmp_path / "study")
    assert len(enough.trials) == 12


class Stop:
    """A score that is interrupted once."""

    def __init__(self, at):
        self.calls, self.at = 0, at
        self.__name__ = "stop"

    def __call__(self, model, X, y):
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return float(model.score_samples(X).mean())


def test_ctrl_c_ends_with_the_best_so_far_and_the_trial_comes_again(tmp_path, capsys):
    stopped = im.tune(MODEL, X, trials=6, storage=tmp_path / "study", score=Stop(at=4))
    assert stopped.interrupted
    assert [trial.state for trial in stopped.trials] == ["complete"] * 3 + ["interrupted"]
    assert stopped.model.transform(X).shape == (120, stopped.best_params["latent_dim"])
    assert "Ctrl-C again" in capsys.readouterr().err
    assert "goes on" in stopped.as_text()
    again = im.tune(MODEL, X, trials=6, storage=tmp_path / "study", score=Stop(at=0))
    assert not again.interrupted
    assert again.trials[4].params == stopped.trials[3].params
    assert seen(again) == seen(im.tune(MODEL, X, trials=6, score=Stop(at=0)))


def test_ctrl_c_before_anything_is_known():
    with pytest.raises(KeyboardInterrupt):
        im.tune(MODEL, X, trials=6, score=Stop(at=1))


def test_a_trial_whose_process_was_killed_comes_again(tmp_path):
    path = tmp_path / "study"
    first = im.tune(MODEL, X, trials=2, storage=path)
    study = open_study(open_storage(path))
    left = study.ask()
    for name, each in first.study.trials[1].distributions.items():
        left._suggest(name, each)
    with path.open("ab") as file:  # it was writing
        file.write(b'{"op_code":4,"worker')
    again = im.tune(MODEL, X, trials=4, storage=path)
    assert [trial.state for trial in again.trials] == ["complete", "complete", "interrupted", "complete", "complete"]
    assert again.trials[3].params == again.trials[2].params


@pytest.mark.parametrize(
    ("model", "rows", "given", "said"),
    [
        (im.AE(4, trainer=MODEL.trainer), X, {}, r"model \(models/vae, not models/ae\)"),
        (im.VAE(5, trainer=MODEL.trainer), X, {}, r"parameters of the model \(latent_dim\)"),
        (MODEL, X + 1, {}, "rows"),
        (MODEL, X, {"random_state": 1}, "random_state"),
        (MODEL, X, {"score": "log_prob"}, "score"),
        (MODEL, X, {"search": {"latent_dim": Integers(2, 9)}}, r"ranges \(latent_dim\)"),
    ],
)
def test_another_search_is_refused_by_what_differs(tmp_path_factory, study, model, rows, given, said):
    with pytest.raises(ParameterError, match=f"(?s)study of another search.*{said}"):
        im.tune(model, rows, trials=2, storage=study, **given)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study"
    im.tune(MODEL, X, trials=1, storage=path)
    return path


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "no line", '{"a": 1}\n', "[1]\n"])
def test_what_is_no_study_is_refused_and_stays(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(DataError, match="no study of isthmus tune"):
        im.tune(MODEL, X, trials=1, storage=path)
    assert path.read_text() == content


def test_a_study_is_held_by_one_call(study):
    with write_lock(study), pytest.raises(SavedModelError, match="is locked"):
        im.tune(MODEL, X, trials=2, storage=study)


def test_nothing_in_a_study_is_run(study, monkeypatch):
    """The file is lines of JSON, and reading it unpickles nothing."""
    import json
    import pickle

    assert all(isinstance(json.loads(line), dict) for line in study.read_text().splitlines())

    def refuse(*_, **__):
        raise AssertionError("unpickled")

    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    assert len(open_study(open_storage(study)).trials) == 1


SCRIPT = """
import isthmus as im
X = im.data.load("digits").values[:120]
model = im.VAE(4, trainer=im.Trainer(epochs=1, validation=0.1))
found = im.tune(model, X, trials=8, processes=2, storage="study", progress=True)
print(len(found.trials), found.count("complete"), len({trial.number for trial in found.trials}), found.interrupted)
"""


@pytest.mark.slow
def test_two_processes_share_one_study(tmp_path):
    """No guard for ``__main__`` is asked of the user's script."""
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["8", "8", "8", "False"]
    assert done.stderr.count("trial ") == 8


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_two_processes_that_are_stopped_go_on(tmp_path, how):
    (tmp_path / "script.py").write_text(SCRIPT.replace("trials=8", "trials=400"))
    command = [sys.executable, "script.py"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        for line in running.stderr:
            if line.startswith("trial 5"):
                break
        if how == signal.SIGKILL:
            os.killpg(running.pid, how)
        else:
            running.send_signal(how)
        rest = running.stderr.read()
    if how == signal.SIGINT:
        assert "Stopped." in rest
        assert running.returncode == 0
    time.sleep(0.1)
    before = len(open_study(open_storage(tmp_path / "study")).trials)
    (tmp_path / "script.py").write_text(SCRIPT.replace("trials=8", f"trials={before + 3}"))
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    all_of_them, complete = map(int, done.stdout.split()[:2])
    assert complete == before + 3
    assert all_of_them >= complete


def test_rows_that_are_no_numbers_are_told_apart():
    from isthmus.data.fingerprint import fingerprint

    texts = [im.data.read(np.array(words, dtype=object)) for words in (["ab", "c"], ["a", "bc"])]
    assert fingerprint(texts[0]) != fingerprint(texts[1])
