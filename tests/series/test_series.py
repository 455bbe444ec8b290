"""Sequences of frames as data: lists, arrays and recordings, scaled and filled up; and frames of log-mel power."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import wavfile

import isthmus as im
from isthmus.data.log_mel import log_mel
from isthmus.data.reading import read
from isthmus.data.schema import schema_from_json
from isthmus.data.schemas.series import SeriesSchema
from isthmus.errors import DataError, ParameterError, SavedModelError
from isthmus.training.resident import Resident


def sequences(lengths=(5, 3, 8), features=2, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(3.0, 2.0, size=(length, features)) for length in lengths]


def tone(pitch, seconds=0.5, rate=8000):
    return np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)


# -- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "container", [list, tuple, lambda x: np.array(x, dtype=object)], ids=["list", "tuple", "array"]
)
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_lists_of_arrays_of_different_lengths_are_series(container, kind):
    given_ = sequences()
    found = read(container([kind(each) for each in given_]))
    assert found.kind == "series"
    assert all(np.array_equal(one, other) for one, other in zip(found.values, given_, strict=True))
    assert [len(each) for each in found.take([2, 0]).values] == [8, 5]


def test_waves_have_frames_of_one_number():
    assert read([np.zeros(4), np.ones(7)]).values[1].shape == (7, 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([np.zeros((4, 2)), np.zeros((3, 5)), np.zeros((6, 2))], "sequence 1 has 5 features; most have 2"),
        ([np.zeros((4, 2)), np.zeros((0, 2))], "sequence 1 has no frames"),
        ([np.zeros((4, 2)), np.array([["a", "b"]])], "sequence 1 has dtype <U1"),
        (
            [np.array([[1.0], [np.nan], [np.inf]]), np.zeros((5, 1))],
            "sequence 0 holds 2 NaN or infinite values.*frame 1",
        ),
    ],
)
def test_broken_sequences_are_named(data, message):
    with pytest.raises(DataError, match=message):
        read(data)


def test_all_broken_sequences_are_told_at_once():
    with pytest.raises(DataError) as caught:
        read([np.zeros((4, 2)), np.zeros((3, 2)), np.zeros((0, 2)), np.zeros((6, 1))])
    assert "sequence 2" in str(caught.value)
    assert "sequence 3" in str(caught.value)


def test_models_of_one_shape_say_who_takes_sequences():
    with pytest.raises(DataError, match="3 sequences of different lengths.*CPC"):
        im.AE(2).fit(sequences())
    with pytest.raises(DataError, match=r"X is a table, \(4, 3\); CPC takes sequences of frames"):
        im.CPC(2).fit(np.zeros((4, 3)))
    with pytest.raises(DataError, match="CPC takes"):
        im.CPC(2).fit(["a text", "another"])


# -- the schema ----------------------------------------------------------------------------------------


@given(lengths=st.lists(st.integers(1, 9), min_size=2, max_size=6), features=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_what_is_stored_comes_back(lengths, features):
    given_ = sequences(lengths, features)
    examples = read(np.stack(given_)) if len(set(lengths)) == 1 else read(given_)
    schema = SeriesSchema.learn(examples)
    stored = schema.store(examples)
    assert stored.shape == (len(lengths), max(lengths), features) == (len(lengths), *schema.shape)
    frames = torch.cat([row[:length] for row, length in zip(stored, lengths, strict=True)])
    assert torch.allclose(frames.mean(0), torch.zeros(features), atol=1e-4)
    for row, values in zip(stored, given_, strict=True):
        assert bool(row[len(values) :].isinf().all())
        assert np.allclose(schema.from_model(row[None, : len(values)])[0], values, atol=1e-4)
    assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_batches_are_as_long_as_their_longest_and_say_what_is_real():
    schema = SeriesSchema.learn(read(sequences()))
    rows = Resident(schema.store(read(sequences())), prepare=schema.to_model, padding=schema.padding)
    batch = rows.batch(torch.tensor([0, 1]))
    assert rows.lengths.tolist() == [5, 3, 8]
    assert batch.x.shape == batch.valid.shape == (2, 5, 2)
    assert batch.valid.all(2).sum(1).tolist() == [5, 3]
    assert bool((batch.x[~batch.valid] == 0).all())


def test_constant_features_do_no_harm_and_constant_data_are_refused():
    given_ = sequences()
    for values in given_:
        values[:, 1] = 7.0
    assert bool((SeriesSchema.learn(read(given_)).store(read(given_))[0, :5, 1] == 0).all())
    with pytest.raises(DataError, match="nothing to learn"):
        SeriesSchema.learn(read([np.ones((4, 2)), np.ones((3, 2))]))
    with pytest.raises(DataError, match="1 sequence"):
        SeriesSchema.learn(read(np.zeros((1, 4, 2))))


def test_later_data_may_be_longer_but_not_wider():
    schema = SeriesSchema.learn(read(sequences()))
    schema.check(read(sequences((50, 1))))
    with pytest.raises(DataError, match="have 3 features; CPC was fitted on 2"):
        schema.check(read(sequences(features=3)), owner="CPC")


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [8]},
        {"shape": [8, 3]},
        {"scale": [1.0, 0.0]},
        {"shift": [0.0, float("nan")]},
        {"count": True},
        {"frames": "many"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_changed_schema_is_refused(change):
    told = SeriesSchema.learn(read(sequences())).to_json()
    with pytest.raises(SavedModelError, match=next(iter(change)) if change != {"shape": [8, 3]} else "3 features"):
        schema_from_json({**told, **change})


# -- sound ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pitch", [300, 1000, 2500])
def test_a_tone_is_loudest_in_its_band(pitch):
    mel = 2595 * np.log10(1 + np.array([pitch, 4000]) / 700)
    band = mel[0] / mel[1] * 41 - 1  # of 40 whose middles are at 1 to 40 of 41 steps
    assert abs(log_mel(tone(pitch), 8000).mean(0).argmax() - band) < 1


def test_twice_the_amplitude_is_four_times_the_power():
    loud, quiet = log_mel(tone(500), 8000), log_mel(0.5 * tone(500), 8000)
    strong = loud > loud.max() - 3
    assert np.allclose((loud - quiet)[strong], np.log(4), atol=1e-3)


def test_whole_numbers_and_channels_are_the_same_sound():
    wave = 0.5 * tone(700)
    frames = log_mel(wave, 8000)
    strong = frames > frames.max() - 5
    for same in (
        (wave * 32768).astype(np.int16),
        np.stack([wave, wave], 1),
        (wave * 128 + 128).round().astype(np.uint8),
        (wave * 32768 + 32768).astype(np.uint16),
    ):
        assert np.allclose(log_mel(same, 8000)[strong], frames[strong], atol=0.05)


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (200, 1), (279, 1), (280, 2), (8000, 98)])
def test_a_frame_every_hop_while_there_is_a_window(samples, frames):
    assert log_mel(np.zeros(samples), 8000).shape == (frames, 40)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": np.zeros((2, 2, 2))}, "shape"),
        ({"samples": []}, "shape"),
        ({"rate": 0}, "0 samples at 0 Hz"),
        ({"hop": 0.0}, "hop of 0.0"),
        ({"bands": 1000}, "bands is 1000"),
    ],
    ids=str,
)
def test_wrong_sounds_are_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        log_mel(**{"samples": np.zeros(500), "rate": 8000, **wrong})


def test_a_folder_of_recordings(tmp_path):
    for name, pitch, seconds in (("low/a", 300, 0.2), ("low/b", 350, 0.3), ("high/a", 2000, 0.25)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        wavfile.write(tmp_path / f"{name}.wav", 8000, (20_000 * tone(pitch, seconds)).astype(np.int16))
    (tmp_path / "low" / "broken.wav").write_bytes(b"RIFF no sound")
    found = read(tmp_path)
    assert found.kind == "series"
    assert found.rate == 8000
    assert found.names == ("high/a.wav", "low/a.wav", "low/b.wav")
    assert found.labels.tolist() == ["high", "low", "low"]
    assert [values.shape for values in found.values] == [(23, 40), (18, 40), (28, 40)]
    assert found.quarantined[0].name == "low/broken.wav"
    assert read(tmp_path / "low" / "a.wav").values[0].shape == (18, 40)


def test_recordings_of_different_rates_are_refused(tmp_path):
    for rate in (8000, 16_000):
        wavfile.write(tmp_path / f"{rate}.wav", rate, np.zeros(rate // 4, dtype=np.int16))
    with pytest.raises(DataError, match="2 rates: 1 at 8000 Hz, 1 at 16000 Hz|2 rates: 1 at 16000 Hz, 1 at 8000 Hz"):
        read(tmp_path)


def test_a_folder_in_which_nothing_can_be_read(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(DataError, match="no recordings that can be read.*1 could not be read"):
        read(tmp_path)


def test_a_recording_that_is_cut_off_is_listed(tmp_path):
    for name in "abcd":
        wavfile.write(tmp_path / f"{name}.wav", 8000, (20_000 * tone(300)).astype(np.int16))
    whole = (tmp_path / "b.wav").read_bytes()
    (tmp_path / "b.wav").write_bytes(whole[: len(whole) // 2])
    at = whole.index(b"data") + 4
    for name, size in (("c", 0xFFFFFFFF), ("d", 0x7FFFFFFF)):  # written to a pipe: how long was not known yet
        (tmp_path / f"{name}.wav").write_bytes(whole[:at] + size.to_bytes(4, "little") + whole[at + 4 :])
    found = read(tmp_path)
    assert found.names == ("a.wav", "c.wav", "d.wav")
    assert [str(each) for each in found.quarantined] == [
        "b.wav: cut off: its header promises 8000 bytes of sound, and 3978 are there"
    ]
    with pytest.raises(DataError, match=r"the first: b.wav: cut off"):
        read(tmp_path / "b.wav")


def test_compressed_recordings_are_listed_with_what_to_do(tmp_path):
    (tmp_path / "b.mp3").write_bytes(b"sound")
    (tmp_path / "c.FLAC").write_bytes(b"sound")
    with pytest.raises(DataError, match=r"no recordings.*2 could not be read.*b.mp3: not read.*ffmpeg -i b.mp3 b.wav"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"only .wav is; convert it: ffmpeg -i b.mp3 b.wav"):
        read(tmp_path / "b.mp3")
    wavfile.write(tmp_path / "a.wav", 8000, (20_000 * tone(300)).astype(np.int16))
    found = read(tmp_path)
    assert found.names == ("a.wav",)
    assert [each.name for each in found.quarantined] == ["b.mp3", "c.FLAC"]


def test_covers_beside_compressed_recordings_are_pictures(tmp_path):
    Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(tmp_path / "cover.png")
    (tmp_path / "b.mp3").write_bytes(b"sound")
    assert read(tmp_path).kind == "image"


def test_paths_of_recordings_are_no_texts(tmp_path):
    for name in "ab":
        wavfile.write(tmp_path / f"{name}.wav", 8000, (20_000 * tone(300)).astype(np.int16))
    fitted = small_cpc().fit(sequences((12, 13, 14), features=40))
    for paths in (sorted(tmp_path.iterdir()), [str(path) for path in sorted(tmp_path.iterdir())]):
        for job in (im.CPC(2).fit, fitted.transform):
            with pytest.raises(DataError, match=r"X is 2 paths.*the folder that holds"):
                job(paths)


def small_cpc():
    return im.CPC(2, local_dim=2, nearest=1, farthest=2, network={"width": 4}, trainer=im.Trainer(epochs=1))


def test_samples_are_no_frames():
    fitted = small_cpc().fit(replace(read(sequences((12, 13, 14), features=40)), rate=8000))
    for waves in ([tone(300), tone(300, 0.3)], [tone(300), tone(400)]):
        with pytest.raises(DataError, match=r"2 rows of single numbers.*frames of 40 bands.*log_mel.*at 8000 Hz"):
            fitted.transform(waves)
    for wave in (tone(300), torch.as_tensor(tone(300))):
        with pytest.raises(DataError, match=r"single row of 4000 numbers.*A single sequence: \[X\].*log_mel"):
            fitted.transform(wave)


def test_nothing_and_a_single_one_are_told_in_the_words_of_sequences():
    fitted = small_cpc().fit(sequences((12, 13, 14)))
    for empty in ([], np.array([])):
        for job in (small_cpc().fit, fitted.transform):
            with pytest.raises(DataError, match=r"X is empty: .*; CPC takes sequences of frames: .*1 or more"):
                job(empty)
    with pytest.raises(DataError, match=r"X may be a single sequence: \[X\]"):
        fitted.transform(sequences()[0])


def test_recordings_are_described_with_bands_and_hop():
    told = SeriesSchema.learn(replace(read(sequences(features=40)), rate=8000)).describe()
    assert told["recordings"] == "8000 Hz, as frames of log-mel power: 40 bands, a frame each 10 ms, of 25 ms"


def test_a_model_knows_the_rate_of_its_recordings():
    schema = SeriesSchema.learn(replace(read(sequences()), rate=8000))
    schema.check(read(sequences()))
    schema.check(replace(read(sequences()), rate=8000))
    assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema
    with pytest.raises(DataError, match="at 16000 Hz; CPC was fitted on 8000 Hz"):
        schema.check(replace(read(sequences()), rate=16_000), owner="CPC")


def test_a_folder_of_recordings_and_pictures_is_neither(tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, np.zeros(800, dtype=np.int16))
    (tmp_path / "b.png").write_bytes(b"a picture")
    with pytest.raises(DataError, match=r"1 pictures \(such as b.png\) beside 1 recordings"):
        read(tmp_path)


def test_slow_recordings_have_as_many_bands_as_a_window_tells_apart():
    assert log_mel(np.zeros(4000), 4000).shape[1] == 32
    assert log_mel(np.zeros(8000), 8000).shape[1] == 40


def test_one_sequence_of_single_numbers_is_not_taken_for_many():
    schema = SeriesSchema.learn(read([np.zeros((5, 1)), np.ones((4, 1))]))
    with pytest.raises(DataError, match=r"table, \(30, 1\).*a single sequence: \[X\]"):
        schema.check(read(np.zeros((30, 1))))
    schema.check(read(np.zeros((3, 30))))
