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
from isthmus.search_ranges import Integers, Numbers
from isthmus.tasks.write_lock import write_lock
from isthmus.tuning.study_file import (
    VERSIONS,
    OtherVersionsWarning,
    begin_trial,
    held,
    open_storage,
    open_study,
    settled,
)

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
        (MODEL, X, {"y": np.arange(120) % 3}, "labels of the rows"),
        (MODEL, X, {"score": Stop}, "score"),
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


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "no line", '{"a": 1}\n', '{"a": 1}', "[1]\n"])
def test_what_is_no_study_is_refused_and_stays(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(DataError, match="no study of isthmus tune"):
        im.tune(MODEL, X, trials=1, storage=path)
    assert path.read_text() == content


class Nameless:
    def __call__(self, model, X, y):
        return 1.0


@pytest.mark.parametrize("score", [lambda model, X, y: 1.0, Nameless()])
def test_a_score_without_a_name_is_not_kept_in_a_file(tmp_path, score):
    """For the study could go on by another one."""
    with pytest.raises(ParameterError, match="which has no name"):
        im.tune(MODEL, X, trials=1, storage=tmp_path / "study", score=score)
    assert not (tmp_path / "study").exists()
    assert im.tune(MODEL, X, trials=1, score=score).best.score == 1


def test_the_same_labels_in_another_order_are_others(tmp_path):
    y = np.arange(120) % 3
    wanted = {"score": "knn", "storage": tmp_path / "study", "search": {"latent_dim": Integers(2, 4)}}
    im.tune(MODEL, X, y, trials=1, **wanted)
    with pytest.raises(ParameterError, match="labels of the rows"):
        im.tune(MODEL, X, np.roll(y, 1), trials=2, **wanted)
    assert len(im.tune(MODEL, X, y.astype(np.int8), trials=2, **wanted).trials) == 2


def test_another_version_goes_on_and_is_told(tmp_path):
    path = tmp_path / "study"
    now = im.tune(MODEL, X, trials=1, storage=path).versions
    open_study(open_storage(path)).set_user_attr(VERSIONS, ["Isthmus 0.0.1, Optuna 3.0.0"])
    with pytest.warns(OtherVersionsWarning, match=r"made with Isthmus 0\.0\.1, Optuna 3\.0\.0, and goes on with"):
        again = im.tune(MODEL, X, trials=2, storage=path)
    assert again.versions == ("Isthmus 0.0.1, Optuna 3.0.0", *now)


def test_trials_that_begin_together_do_not_draw_the_same(tmp_path):
    """Two workers, each of which has looked at the study before the other begins a trial."""
    space = {"rate": Numbers(0.0, 1.0)}
    open_study(open_storage(tmp_path / "study"), highest=True)
    one, other = (open_study(open_storage(tmp_path / "study")) for _ in range(2))
    create, late = one._storage.create_new_trial, []

    def created(*given, **more):
        late.append(begin_trial(other, space, seed=0))
        return create(*given, **more)

    one._storage.create_new_trial = created
    first = begin_trial(one, space, seed=0)
    assert first.params != late[0].params
    alone = open_study(open_storage(None), highest=True)
    together = [begin_trial(alone, space, seed=0).params for _ in range(2)]
    assert [late[0].params, first.params] == together
    assert len(settled(one)) == 2


def test_a_line_that_another_is_writing_is_left_alone(tmp_path):
    path = tmp_path / "study"
    open_study(open_storage(path), highest=True)
    line = b'{"op_code":2,"worker_id":"w","study_id":0,"user_attr":{"important":7}}\n'
    with path.open("ab", buffering=0) as file:
        file.write(line[:40])
        open_study(open_storage(path))  # a worker begins
        file.write(line[40:])
    assert open_study(open_storage(path)).user_attrs == {"important": 7}
    with path.open("ab") as file:
        file.write(line[:40])
    whole = path.stat().st_size - 40
    with held(path):  # a call: nobody else can be at work
        assert path.stat().st_size == whole


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
