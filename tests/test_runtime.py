"""A network gives the same colours on any number of threads and in any window, and says where it ran."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from restore import runtime
from restore.contracts import Guidance
from restore.errors import BadRecipe, BadWeights, Unavailable
from restore.runtime import Runtime, cpu
from restore.runtime.pairs import check, predecessors


@pytest.fixture(scope="module")
def light() -> np.ndarray:
    """(5, 1, 64, 96) a gray gradient that drifts, with noise: CIE L*/100."""
    draw = np.random.default_rng(2)
    ramp = np.linspace(0, 1, 96, dtype=np.float32)[None, None, None, :].repeat(64, 2)
    frames = np.concatenate([np.roll(ramp, 5 * t, axis=3) for t in range(5)])
    return np.clip(frames + 0.05 * draw.standard_normal(frames.shape).astype(np.float32), 0, 1)


@pytest.fixture(scope="module")
def painted(light: np.ndarray) -> np.ndarray:
    return Runtime("cpu", 2).painter("duo")(light)


def test_colour_has_the_promised_shape_and_range(painted: np.ndarray) -> None:
    assert painted.shape == (4, 5, 2, 32, 48)
    assert painted.dtype == np.float32
    assert np.abs(painted).max() <= 128
    assert painted.std() > 1  # it does paint


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_change_a_bit(light: np.ndarray, painted: np.ndarray, threads: int) -> None:
    assert np.array_equal(Runtime("cpu", threads).painter("duo")(light), painted)


def test_windows_with_one_frame_of_context_equal_the_whole(light: np.ndarray, painted: np.ndarray) -> None:
    painter = Runtime("cpu", 1).painter("duo")
    parts = [painter(light[:2]), painter(light[1:4])[:, 1:], painter(light[3:])[:, 1:]]
    assert np.array_equal(np.concatenate(parts, axis=1), painted)


def test_the_frame_before_is_seen(light: np.ndarray, painted: np.ndarray) -> None:
    alone = Runtime("cpu", 1).painter("duo")(light[2:3])
    assert not np.array_equal(alone[:, 0], painted[:, 2])


def test_a_first_frame_is_its_own_predecessor() -> None:
    assert predecessors(3, 2).tolist() == [[0, 0], [1, 0], [2, 1]]
    assert predecessors(2, 1).tolist() == [[0], [1]]


@pytest.mark.parametrize("shape", [(16, 16), (16, 48), (96, 32)])
def test_small_and_long_pictures_are_coloured(shape: tuple[int, int]) -> None:
    painter = Runtime("cpu", 1).painter("duo")
    assert painter(np.full((1, 1, *shape), 0.5, np.float32)).shape == (4, 1, 2, shape[0] // 2, shape[1] // 2)


@pytest.mark.parametrize("shape", [(2, 64, 64), (2, 2, 64, 64), (0, 1, 64, 64), (1, 1, 60, 64)])
def test_light_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="duo"):
        Runtime("cpu", 1).painter("duo")(np.zeros(shape, np.float32))


def hinted(light: np.ndarray, share: float = 1.0) -> Guidance:
    """An orange square in every frame, given with confidence `share`."""
    hints = np.zeros((len(light), 3, *light.shape[2:]), np.float32)
    hints[:, 0, 16:40, 16:40], hints[:, 1, 16:40, 16:40], hints[:, 2, 16:40, 16:40] = 30, 60, share
    return Guidance(hints=hints)


def test_no_hints_and_hints_without_confidence_are_the_same(light: np.ndarray, painted: np.ndarray) -> None:
    assert np.array_equal(Runtime("cpu", 2).painter("duo")(light, hinted(light, 0.0)), painted)


def test_threads_and_windows_do_not_change_a_bit_of_what_hints_make(light: np.ndarray) -> None:
    guidance = hinted(light)
    whole = Runtime("cpu", 2).painter("duo")(light, guidance)
    assert np.array_equal(Runtime("cpu", 1).painter("duo")(light, guidance), whole)
    later = Guidance(hints=guidance.hints[1:])
    assert np.array_equal(Runtime("cpu", 2).painter("duo")(light[1:], later, seen=1), whole[:, 2:])


def test_guidance_that_would_go_unheeded_is_refused(light: np.ndarray) -> None:
    painter = Runtime("cpu", 1).painter("duo")
    with pytest.raises(BadRecipe, match="no references"):
        painter(light, Guidance(palette=np.zeros((2, 2), np.float32)))
    with pytest.raises(ValueError, match="hints must be"):
        painter(light, Guidance(hints=np.zeros((5, 3, 32, 48), np.float32)))
    with pytest.raises(BadRecipe, match="no hints"):
        check(replace(painter.card, guided=False), light, hinted(light))


def test_a_painter_is_loaded_once_and_knows_its_weights() -> None:
    here = Runtime("cpu", 1)
    assert here.painter("duo") is here.painter("duo", "duo")
    assert len(here.painter("duo").weights.sha256) == 64


def test_unknown_networks_weights_and_devices_are_refused() -> None:
    with pytest.raises(BadRecipe, match="did you mean 'duo'"):
        Runtime("cpu").painter("dua")
    with pytest.raises(BadWeights, match="did you mean 'duo'"):
        Runtime("cpu").painter("duo", "duos")
    with pytest.raises(BadRecipe, match="auto, cpu, cuda:0"):
        Runtime("gpu")
    with pytest.raises(BadRecipe, match="threads"):
        Runtime("cpu", 0)


@pytest.mark.skipif(runtime.gpus() > 0, reason="there is a GPU here")
def test_without_a_gpu_auto_takes_the_processor_and_cuda_is_unavailable() -> None:
    assert Runtime("auto").device == "cpu"
    with pytest.raises(Unavailable, match="--device cuda:0"):
        Runtime("cuda:0")


def test_a_run_on_the_processor_never_loads_torch() -> None:
    device = "cpu" if runtime.gpus() else "auto"
    program = (
        f"import sys, json, numpy as np; from restore.runtime import Runtime; r = Runtime('{device}', 1); "
        "r.painter('duo')(np.zeros((1, 1, 16, 16), np.float32)); "
        "print(json.dumps(['torch' in sys.modules, r.describe()]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded, described = json.loads(done.stdout)
    assert loaded is False
    assert described["runtime"].startswith("openvino ")
    assert described["device"] == "cpu"
    assert described["precision"].removeprefix("int8 where a network has that form, else ") in ("bf16", "f32")


def test_the_torch_painter_agrees_with_openvino(light: np.ndarray, painted: np.ndarray) -> None:
    torch = pytest.importorskip("torch")
    from restore.runtime.gpu import GpuPainter

    shipped = Runtime("cpu", 1).painter("duo")
    painter = GpuPainter(shipped.card, shipped.weights, torch.device("cpu"))
    ours = painter(light)
    assert ours.shape == painted.shape
    assert np.abs(ours - painted).mean() < 1.0  # bfloat16 both, summed in another order: under half a code of chroma
    assert np.array_equal(painter(torch.from_numpy(light)).numpy(), ours)


def test_frames_that_are_only_seen_are_not_painted_again(light: np.ndarray, painted: np.ndarray) -> None:
    assert np.array_equal(Runtime("cpu", 2).painter("duo")(light[1:], seen=1), painted[:, 2:])


@pytest.mark.skipif(not cpu.eight_bits(), reason="this processor does not multiply 8-bit numbers exactly")
def test_eight_bits_stay_near_the_exact_colours(monkeypatch: pytest.MonkeyPatch, light: np.ndarray) -> None:
    small = Runtime("cpu", 1).painter("duo")
    if not small.weights.has(".int8.xml"):
        pytest.skip("the weights that ship have no 8-bit form")
    monkeypatch.setattr(cpu, "eight_bits", lambda: False)
    monkeypatch.setattr(cpu, "precision", lambda _core: "f32")
    exact = Runtime("cpu", 1).painter("duo")
    assert (small.precision[:4], exact.precision) == ("int8", "f32")
    off = np.abs(small(light)[0] - exact(light)[0]).mean()
    assert 0 < off < 1.5  # of a*b*; films are nearer: docs/performance.md


def test_callers_at_the_same_time_get_their_own_colours(light: np.ndarray, painted: np.ndarray) -> None:
    painter = Runtime("cpu", 2).painter("duo")
    with ThreadPoolExecutor(3) as callers:
        made = list(callers.map(lambda _: painter(light), range(6)))
    assert all(np.array_equal(colours, painted) for colours in made)


def test_out_of_memory_halves_the_batch_three_times_at_most_and_says_so(
    light: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    torch = pytest.importorskip("torch")
    from restore.runtime import gpu

    class Small:
        """Stands for a GPU that holds only so many frames at a time."""

        def __init__(self, holds: int, network: Any) -> None:
            self.holds, self.network = holds, network

        def __call__(self, batch: Any) -> Any:
            if len(batch) > self.holds:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.network(batch)

    shipped = Runtime("cpu", 1).painter("duo")
    painter = gpu.GpuPainter(shipped.card, shipped.weights, torch.device("cpu"))
    whole, network = painter(light), painter._network
    painter._network = Small(2, network)
    assert np.abs(painter(light) - whole).max() < 4  # bfloat16 sums in another order: fractions of a code of chroma
    assert painter.batch == 2
    assert [record.args[1] for record in caplog.records if "out of memory" in record.message] == [4, 2]
    painter._network = Small(0, network)
    with pytest.raises(Unavailable, match="does not hold the work on one picture of 96×64 px"):
        painter(light)


def test_a_captured_batch_is_replayed_on_what_it_is_given_and_its_answer_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    from restore.runtime import gpu

    ran = list[str]()

    class Replayed:
        """Stands for a CUDA graph: does again, in the same memory, what ran while it was captured."""

        def replay(self) -> None:
            ran.append("replay")
            captured._made.copy_(double(captured._given))

    def double(planes: Any) -> Any:
        ran.append("run")
        return planes * 2

    nothing = SimpleNamespace(wait_stream=lambda _other: None)
    for name, stand_in in {
        "CUDAGraph": Replayed,
        "Stream": lambda _device: nothing,
        "current_stream": lambda _device: nothing,
        "stream": lambda _stream: nullcontext(),
        "device": lambda _device: nullcontext(),
        "graph": lambda _graph, capture_error_mode: nullcontext(),
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    one, other = torch.ones(2, 3, 4, 4), torch.full((2, 3, 4, 4), 5.0)
    captured = gpu.Captured(double, one.contiguous(memory_format=torch.channels_last))
    assert ran == ["run"] * (gpu.WARM + 1)
    assert captured._given.is_contiguous(memory_format=torch.channels_last)
    first, second = captured(one), captured(other)
    assert (first == 2).all()
    assert (second == 10).all()


def test_two_threads_may_be_the_first_to_paint() -> None:
    program = (
        "import sys, threading, numpy as np; from restore.runtime import Runtime; "
        "painter = Runtime('cpu', 2).painter('duo'); sys.setswitchinterval(1e-6); "
        "painter(np.zeros((4, 1, 16, 16), np.float32)); print('painted')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "painted\n"
