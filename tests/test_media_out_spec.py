"""The rules by which depth, chroma, slices and tags of the outputs are settled."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from restore.film import digest
from restore.media.spec import AccessSettings, MasterSettings, plan
from tests.media_out import hand_reel


@pytest.mark.parametrize("depth", [8, 9, 10, 12, 14, 16])
@pytest.mark.parametrize("chroma", ["420", "422", "444"])
def test_the_master_keeps_depth_and_chroma(depth: int, chroma: str) -> None:
    spec = plan(hand_reel(chroma=chroma, depth=depth), MasterSettings(), AccessSettings())
    assert spec.master.pixel_format == f"yuv{chroma}p" + ("" if depth == 8 else f"{depth}le")
    assert (spec.depth, spec.chroma, spec.lossless, spec.suffix) == (depth, chroma, True, ".mkv")
    assert spec.access is not None
    assert spec.access.pixel_format == "yuv420p"
    assert not spec.notes


@pytest.mark.parametrize(
    ("chroma", "depth", "made"),
    [
        ("gray", 8, "420"),
        ("gray", 10, "422"),
        ("410", 8, "420"),
        ("411", 8, "422"),
        ("440", 10, "444"),
        ("rgb", 8, "444"),
    ],
)
def test_chroma_that_a_master_has_no_place_for_goes_up(chroma: str, depth: int, made: str) -> None:
    spec = plan(hand_reel(chroma=chroma, depth=depth), MasterSettings(), AccessSettings())
    assert spec.chroma == made
    assert any("master chroma is" in note for note in spec.notes)
    assert plan(hand_reel(chroma=chroma, depth=depth), MasterSettings(chroma="444"), AccessSettings()).chroma == "444"


def test_chroma_size_rounds_odd_sides_up() -> None:
    assert plan(hand_reel(33, 17), MasterSettings(), AccessSettings()).chroma_size == (9, 17)
    assert plan(hand_reel(33, 17, "422"), MasterSettings(), AccessSettings()).chroma_size == (17, 17)


@pytest.mark.parametrize(("size", "slices"), [((720, 576), "16"), ((1920, 1080), "24"), ((3840, 2160), "64")])
def test_slices_grow_with_the_picture(size: tuple[int, int], slices: str) -> None:
    spec = plan(hand_reel(*size), MasterSettings(), AccessSettings(codec="none"))
    assert dict(spec.master.options) == {"level": "3", "g": "1", "slicecrc": "1", "slices": slices}
    assert spec.access is None


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 300), (1080, 1)])
def test_sizes_that_the_encoder_refuses_to_slice_are_said(size: tuple[int, int]) -> None:
    spec = plan(hand_reel(*size), MasterSettings(), AccessSettings())
    assert any("slices" in note for note in spec.notes)
    assert spec.access is not None
    assert (spec.access.width % 2, spec.access.height % 2) == (0, 0)


def test_a_picture_wider_than_h264_has_no_access_copy() -> None:
    spec = plan(hand_reel(16400, 16), MasterSettings(), AccessSettings())
    assert spec.access is None
    assert any("no access copy" in note for note in spec.notes)


def test_assumptions_go_into_the_access_copy_and_not_into_the_master() -> None:
    spec = plan(hand_reel(720, 576, matrix="bt601", assumed=("matrix",)), MasterSettings(), AccessSettings())
    assert (spec.master.matrix, spec.master.primaries, spec.master.transfer, spec.master.range_tag) == (2, 2, 2, 0)
    assert spec.access is not None
    assert (spec.access.matrix, spec.access.primaries, spec.access.transfer, spec.access.range_tag) == (5, 5, 6, 1)


def test_the_source_s_own_tags_are_carried() -> None:
    tags = {"tagged_matrix": 1, "tagged_primaries": 1, "tagged_transfer": 1, "tagged_range": 1}
    spec = plan(hand_reel(**tags), MasterSettings(), AccessSettings())
    for track in (spec.master, spec.access):
        assert track is not None
        assert (track.matrix, track.primaries, track.transfer, track.range_tag) == (1, 1, 1, 1)


def test_rgb_becomes_full_range_with_a_named_matrix() -> None:
    spec = plan(hand_reel(chroma="rgb", tagged_matrix=0, matrix="bt709"), MasterSettings(), AccessSettings())
    assert (spec.master.matrix, spec.master.full_range, spec.master.range_tag) == (1, True, 2)
    assert spec.access is not None
    assert (spec.access.full_range, spec.access.range_tag) == (False, 1)


def test_interlaced_film_is_coded_by_one_thread_and_names_its_first_field() -> None:
    spec = plan(hand_reel(720, 486, field_order="bb"), MasterSettings(), AccessSettings(threads=8))
    assert spec.access is not None
    assert spec.access.threads == 1
    assert "bff=1" in dict(spec.access.options)["x264-params"]
    assert spec.access.height % 4 == 0


def test_lossy_masters_say_so() -> None:
    for codec in ("prores", "h264"):
        spec = plan(hand_reel(depth=12), MasterSettings(codec=codec), AccessSettings())
        assert not spec.lossless
        assert any("lossy" in note for note in spec.notes)
        assert spec.depth == 12
        assert spec.master.depth == 10
    assert plan(hand_reel(), MasterSettings(codec="prores"), AccessSettings()).suffix == ".mov"


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        MasterSettings.model_validate({"codec": "ffv2"})
    with pytest.raises(ValidationError):
        AccessSettings.model_validate({"crfx": 20})
    with pytest.raises(ValidationError):
        MasterSettings.model_validate({"slices": 0})


def test_a_spec_has_one_digest() -> None:
    one, two = (plan(hand_reel(), MasterSettings(), AccessSettings()) for _ in range(2))
    assert digest(one) == digest(two)
    other = plan(hand_reel(sample_aspect=Fraction(16, 15)), MasterSettings(), AccessSettings())
    assert digest(one) != digest(other)
