"""From the bytes of an image, a sound or a table to a model's input, and what is wrong with those that give none."""

import dataclasses
import io
import json
import math
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gen.data import audio, series
from gen.data import folder as data
from gen.data import images as data_images
from gen.data.audio import AudioFeatures
from gen.data.images import ImageFeatures
from gen.data.series import SeriesFeatures
from tests.own_data import (
    bars,
    images,
    labeled,
    order,
    png,
    reason,
    refuse,
    silent,
    sounds,
    table,
    tone,
    wav,
    write,
)

# Images


def sized(image: bytes, pixels: int) -> bytes:
    """A PNG whose header says that it has so many pixels each way."""
    changed = bytearray(image)
    changed[16:24] = pixels.to_bytes(4, "big") * 2
    changed[29:33] = zlib.crc32(bytes(changed[12:29])).to_bytes(4, "big")
    return bytes(changed)


def test_images_are_scaled_turned_upright_and_resized(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(0, 256, 16, dtype=np.uint8), (16, 1))
    gray = ImageFeatures(16, 16, 1)
    np.testing.assert_array_equal(gray.read(png(ramp)).x[0, :, :, 0], (ramp / np.float32(255)).astype(np.float32))
    deep = png(ramp.astype(np.uint16) * 256)
    np.testing.assert_array_equal(gray.read(deep).x, gray.read(png(ramp)).x)
    upright = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the row 0 is the right side
    Image.fromarray(ramp).save(upright, format="PNG", exif=exif)
    np.testing.assert_array_equal(gray.read(upright.getvalue()).x[0, :, :, 0], np.rot90(ramp, -1) / np.float32(255))
    small = ImageFeatures(8, 4, 3).read(png(ramp, "JPEG")).x
    assert small.shape == (1, 8, 4, 3)
    assert (np.diff(small[0, 0, :, 0]) > 0.15).all()


def test_images_are_grey_where_none_has_colors(tmp_path: Path) -> None:
    gray = png(np.zeros((9, 9), np.uint8))
    color = png(np.zeros((9, 9, 3), np.uint8))
    assert data_images.survey([gray, b"no image"], 8, 8).channels == 1
    assert data_images.survey([gray, color], 8, 8).channels == 3
    assert data_images.survey([sized(color, 10_000)], 8, 8).channels == 3  # of which Pillow warns


def test_images_that_are_enlarged_are_counted(tmp_path: Path) -> None:
    folder = write(images(tmp_path), {"flat/dot.png": png(np.zeros((1, 1), np.uint8))})
    assert data.prepare(order(folder, "images", size=(16, 16)), silent).collection.notes == (
        "1 file: smaller than 16x16, enlarged",
    )


def test_reasons_for_bad_images() -> None:
    features = ImageFeatures(8, 8, 1)
    whole = bars(1, True, 64)
    assert "truncated" in reason(features, whole[: len(whole) // 2])
    assert reason(features, b"GIF89a") == "is not PNG or JPEG"
    assert "more pixels" in reason(features, sized(png(np.zeros((1, 1), np.uint8)), 50_000))


# Sound


def test_features_are_what_the_card_says() -> None:
    """A plain discrete Fourier transform, from the constants alone as they stand in a card."""
    features = audio.survey([wav(tone(440), 4000)], 0.3, 0.1)
    card = json.loads(json.dumps(dataclasses.asdict(features)))
    rng = np.random.default_rng(3)
    samples = rng.normal(0, 0.2, card["window_samples"])
    found = features.spectrogram(samples)
    assert found.shape == features.shape[1:] == (features.frames, card["bands"])

    def mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    def hertz(value: float) -> float:
        return 700 * (10 ** (value / 2595) - 1)

    size, rate = card["frame_samples"], card["rate"]
    low, high = mel(card["low_hz"]), mel(card["high_hz"])
    corners = [hertz(low + (high - low) * i / (card["bands"] + 1)) for i in range(card["bands"] + 2)]
    frame = features.frames - 1
    part = samples[frame * card["stride_samples"] :][:size]
    part = [v * (0.5 - 0.5 * math.cos(2 * math.pi * n / size)) for n, v in enumerate(part)]
    for band in (0, card["bands"] // 2, card["bands"] - 1):
        left, top, right = corners[band : band + 3]
        energy = 0.0
        for k in range(size // 2 + 1):
            hz = k * rate / size
            if left < hz < right:
                turn = sum(v * complex(math.cos(a), math.sin(a)) for n, v in enumerate(part)
                           for a in [-2 * math.pi * k * n / size])  # fmt: skip
                weight = (hz - left) / (top - left) if hz <= top else (right - hz) / (right - top)
                energy += abs(turn) ** 2 / size * weight
        assert energy > 0
        assert found[frame, band] == pytest.approx(math.log(energy + card["floor"]), abs=1e-4)


@pytest.mark.parametrize("rate", [100, 1000, 8000, 11025, 16000, 48000])
def test_every_mel_band_hears_something(rate: int) -> None:
    features = audio.survey([wav(tone(20, rate=rate), rate)], 5.0, 1.0)
    filters = audio.mel_filters(
        features.rate, features.frame_samples, features.bands, features.low_hz, features.high_hz
    )
    assert features.rate == min(rate, 16000) and (filters.sum(axis=0) > 0).all()
    assert features.bands == 32 or rate < 8000


def test_sound_of_every_kind_is_the_same_samples() -> None:
    half = tone(500).astype(np.float64) / 32768
    stereo = np.stack([tone(500), np.zeros(8000, np.int16)], 1)
    forms = {
        "int16": (tone(500), half),
        "uint8": ((half * 128 + 128).round().astype(np.uint8), half),
        "int32": (tone(500).astype(np.int32) * 65536, half),
        "float32": (half.astype(np.float32), half),
        "stereo": (stereo, half / 2),
    }
    for name, (samples, want) in forms.items():
        rate, got = audio.decode(wav(samples))
        assert rate == 8000, name
        np.testing.assert_allclose(got, want, atol=0.5 / 128 if name == "uint8" else 1e-6, err_msg=name)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:  # 24 bits, as many recorders write
        out.setparams((1, 3, 8000, 0, "NONE", ""))
        out.writeframes(b"".join(int(v * 2**23).to_bytes(3, "little", signed=True) for v in half))
    np.testing.assert_allclose(audio.decode(file.getvalue())[1], half, atol=1e-6)


def test_sounds_are_resampled_padded_and_cut_into_windows(tmp_path: Path) -> None:
    folder = sounds(tmp_path)
    write(
        folder,
        {
            "200/other.wav": wav(tone(210, rate=44100), 44100),
            "200/long.wav": wav(tone(220, 2.6)),
            "200/short.wav": wav(tone(230, 0.4)),
        },
    )
    prepared = data.prepare(order(folder, "wav"), silent)
    windows = {recording.file: recording.x for recording in prepared.collection.recordings}
    features = prepared.features
    assert isinstance(features, AudioFeatures) and features.rate == 8000
    assert {name: len(windows[f"200/{name}.wav"]) for name in ("other", "long", "short")} == {
        "other": 1, "long": 4, "short": 1}  # fmt: skip
    loudest = windows["200/other.wav"].mean(axis=(0, 1, 2)).argmax()
    assert loudest == windows["200/1.wav"].mean(axis=(0, 1, 2)).argmax()
    assert windows["200/short.wav"][0, 0, -1] == pytest.approx(np.full(features.bands, np.log(features.floor)))
    assert set(prepared.collection.notes) == {
        "1 file: resampled from 44100 Hz to 8000 Hz",
        "1 file: shorter than the window, padded with silence",
    }


def test_reasons_for_bad_sounds() -> None:
    features = audio.survey([wav(tone(440))], 1.0, 0.5)
    whole = wav(tone(440))
    assert reason(features, whole[:5000]) == "is shorter than its header says: it is truncated"
    assert reason(features, wav(np.zeros(0, np.int16))) == "has no samples"
    assert "infinite" in reason(features, wav(np.array([0, np.inf], np.float32)))
    assert "is not a WAV file" in reason(features, b"ID3 an MP3 file")
    assert "sample rate of 7 Hz" in reason(features, wav(tone(1), 7))


# Series


def test_numeric_columns_become_channels_and_others_are_said(tmp_path: Path) -> None:
    rows = [f"{i / 10},walk {i},{i},{-i},7" for i in range(40)]
    content = "\n".join(["time,remark,ax,ay,label", *rows])
    write(
        tmp_path, {f"{c}/{i}.csv": f"{content}\n{i},x,{i},{n},7".encode() for n, c in enumerate("ab") for i in range(3)}
    )
    prepared = data.prepare(order(tmp_path, "csv", hop=8.0), silent)
    features = prepared.features
    assert isinstance(features, SeriesFeatures) and features.columns == ("ax", "ay")
    assert "columns left out: 'time', 'remark', 'label' (time, text or label)" in prepared.collection.notes
    x = prepared.collection.recordings[0].x
    assert x.shape == (4, 1, 16, 2)
    np.testing.assert_array_equal(x[1, 0, :, 0], np.arange(8, 24))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_without_a_header_and_other_delimiters(delimiter: str) -> None:
    content = b"\xef\xbb\xbf" + "\r\n".join(delimiter.join((str(i), "1e-3")) for i in range(20)).encode() + b"\r\n\r\n"
    features, notes = series.survey([content], 8, 8, by_row=False)
    assert (features.columns, notes) == (("1", "2"), [])
    assert features.read(content).x[1, 0, :, 0].tolist() == list(range(8, 16))


def test_a_label_column_never_mixes_classes_in_a_window(tmp_path: Path) -> None:
    labels = ["up"] * 20 + ["down"] * 30 + ["up"] * 5 + ["down"] * 16
    write(tmp_path, {f"{i}.csv": labeled(labels, i) for i in range(5)})
    prepared = data.prepare(order(tmp_path, "csv", hop=8.0), silent)
    recording = prepared.collection.recordings[0]
    assert recording.labels == ("up", "down", "down", "down")
    assert prepared.classes == ("down", "up")
    assert prepared.collection.notes == ("5 files: stretches of one label that are shorter than a window, left out",)
    assert recording.x[:, 0, 0, 0].tolist() == pytest.approx(
        [np.random.default_rng(0).normal(size=71)[start] for start in (0, 20, 28, 55)], abs=1e-4
    )


def test_label_columns_that_do_not_work_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {f"{i}.csv": table(40, i) for i in range(3)})
    refuse(tmp_path, "csv", "have the columns ax, ay and lie in no class folders: add a column 'label'")
    write(tmp_path, {f"{i}.csv": labeled(["a"] * 40 if i else ["a"] * 20 + ["b"] * 20, i) for i in range(3)})
    refuse(tmp_path, "csv", "class 'b' has 1 usable file, at least 3 are needed")
    write(tmp_path, {"a/1.csv": table(40)})
    refuse(tmp_path, "csv", "has both csv files and folders")


def test_reasons_for_bad_tables() -> None:
    features, _ = series.survey([table(40)], 8, 4, by_row=False)
    whole = table(40).decode()
    assert reason(features, whole.encode("utf-16")) == "is not UTF-8 text"
    assert reason(features, b"ax,ay\n") == "has a header and no rows"
    assert reason(features, b"ax,ay\n1,2\n3\n") == "has 1 columns in row 2 and 2 in the first line"
    assert reason(features, b"ax,ay\n1,2\n3,oops\n") == "has 'oops' in row 2, column 'ay': not a number"
    assert reason(features, b"ax,ay\n1,2\n,3\n") == "has '' in row 2, column 'ax': not a number"
    assert reason(features, b"ax,ay\n1,nan\n") == "has 'nan' in row 1, column 'ay': not a number"
    assert reason(features, b"ax,ay\n" + b"1,1e39\n" * 9) == "has numbers that float32 can't hold"
    assert reason(features, b"ax,ax\n1,2\n") == "has two columns of the same name"
    assert reason(features, table(7)) == "has 7 rows, a window has 8"
    assert reason(features, table(40, header="ax,ay,az")) == "has the columns ax, ay, az; most files have ax, ay"
    assert reason(features, b"\n \n") == "is empty"
    by_row, _ = series.survey([labeled(["a"] * 9)], 8, 4, by_row=True)
    assert reason(by_row, labeled(["a", "", "a"])) == "has no label in row 2"


def test_a_constant_channel_stays_finite() -> None:
    x = np.ones((3, 1, 8, 2), np.float32)
    x[..., 1] = np.random.default_rng(1).normal(1000, 50, x.shape[:3])
    constants = data.normalize(x, "csv")
    assert constants.deviation[0] == 1.0
    np.testing.assert_allclose(constants.apply(x)[..., 0], 0)
    assert constants.apply(x)[..., 1].std() == pytest.approx(1, abs=1e-3)
