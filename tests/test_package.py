"""A bag holds everything, is valid to the readers that archives use, and says when something in it has changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import bagit
import pytest
from films import Film, lights
from stand_in import Wash

from restore import profile, progress
from restore.errors import BadRecipe, MissingInput, ProofFailed, Unavailable, UsageError
from restore.flows.commands import verify as command
from restore.media import ffmpeg, mediaarea
from restore.media.framemd5 import read
from restore.progress import Diary, stage
from restore.steps import policy, verify, verify_frames
from restore.steps.assemble import assemble
from restore.steps.options import Options
from restore.steps.package import bag, make, premis
from restore.steps.papers import Finished, papers
from restore.steps.prepare import opened
from restore.steps.prove import Made, prove
from restore.steps.publish import in_work_folder, publish
from restore.steps.restore_shot import Job, restore_shot
from restore.steps.split import Splitting, split
from restore.store import WorkFolder

FILES = {
    "master.mkv", "access.mp4", "report.html", "scorecard.json", "provenance.json", "shots.csv", "scores.csv",
    "master.framemd5", "source-luma.framemd5", "master.xmp", "premis.xml",
}  # fmt: skip


@pytest.fixture(autouse=True)
def brown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restore.runtime.Runtime.painter", lambda *_: Wash())


def packed(film: Path, out: Path, **wanted: object) -> Path:
    """Restore `film` without Prefect, step by step, into a bag; returns it."""
    diary, seconds = Diary(), dict[str, float]()
    options = Options.model_validate({"out": str(out), "package": "bagit", "threads": 1, **wanted})
    with progress.listening(diary):
        with stage("probe", seconds):
            plan = opened(str(film), options)
        with WorkFolder(out, plan.reel.sha256) as work:
            with stage("split", seconds):
                survey, shots = split(plan.reel, work.path("index.npz"), Splitting(None, 4, 60.0, ()))
            job = Job(survey, plan.recipe, plan.spec, str(work.takes), "cpu", 1)
            made = in_work_folder(plan.outputs, work.folder)
            with stage("restore", seconds):
                takes = tuple(restore_shot(shot, job) for shot in shots)
            with stage("assemble", seconds):
                joined = assemble(plan, survey, shots, takes, made)
            with stage("prove", seconds):
                master, card = prove(plan, survey, shots, Made(takes, made, joined))
            reel = Finished(plan, survey, shots, takes, master, card, profile.taken(survey.frames), diary.steps)
            with stage("report", seconds):
                papers(reel, seconds, made)
            make.package(reel, made)
            publish(made, plan.outputs, work.folder, overwrite=options.overwrite)
            work.remove()
    return Path(str(plan.outputs.bag))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A film of two shots with sound that begins before the picture, and its bag."""
    folder = tmp_path_factory.mktemp("bag")
    pictures = lights(16, 64, 48)
    for picture in pictures[8:]:
        picture[:] = 255 - picture
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restore.runtime.Runtime.painter", lambda *_: Wash())
        film = Film(sound=0.5, times=range(3, 19), stream={"sample_aspect_ratio": Fraction(10, 11)}).write(
            folder / "reel.mkv", pictures
        )
        yield film, packed(film, folder / "out")


@pytest.fixture
def ours(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the bag that a test may spoil."""
    return Path(shutil.copytree(made[1], tmp_path / "reel.bag"))


def test_the_bag_holds_everything_and_is_valid(made: tuple[Path, Path]) -> None:
    _, folder = made
    names = {path.name.removeprefix("reel.") for path in (folder / "data").iterdir()}
    assert names >= FILES
    assert [path.name for path in folder.parent.iterdir()] == ["reel.bag"], "nothing is left beside it"
    found = bagit.Bag(str(folder))
    assert found.validate()
    assert found.version_info == (1, 0)
    assert set(found.algorithms) == {"sha256", "md5"}
    missing = mediaarea.tool("mediainfo") is None
    assert ("reel.master.ebucore.xml" in {path.name for path in (folder / "data").iterdir()}) != missing
    assert ("Not-Made" in found.info) == missing
    assert str(found.info["Digital-Source-Type"]).endswith("compositeWithTrainedAlgorithmicMedia")


def test_frame_checksums_are_those_of_ffmpeg(made: tuple[Path, Path]) -> None:
    film, folder = made
    data = folder / "data"

    def listed(source: Path, *filters: str) -> list[str]:
        words = [ffmpeg.program().path, "-v", "error", "-i", str(source), "-map", "0:v:0", *filters, "-f", "framemd5"]
        said = subprocess.run([*words, "-"], capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in said if not line.startswith("#software")]

    def ours(name: str) -> list[str]:
        return [line for line in (data / name).read_text().splitlines() if not line.startswith("#software")]

    assert ours("reel.master.framemd5") == listed(data / "reel.master.mkv")
    luma = [line.rpartition(" ")[2] for line in listed(film, "-vf", "extractplanes=y") if not line.startswith("#")]
    assert read(data / "reel.source-luma.framemd5") == luma
    assert len(luma) == 16


STRUCTURE = {
    "premis": "object event agent",
    "object": "objectIdentifier preservationLevel significantProperties objectCharacteristics originalName storage "
    "signatureInformation relationship linkingEventIdentifier linkingRightsStatementIdentifier",
    "significantProperties": "significantPropertiesType significantPropertiesValue",
    "objectCharacteristics": "compositionLevel fixity size format creatingApplication inhibitors",
    "fixity": "messageDigestAlgorithm messageDigest messageDigestOriginator",
    "format": "formatDesignation formatRegistry formatNote",
    "formatDesignation": "formatName formatVersion",
    "relationship": "relationshipType relationshipSubType relatedObjectIdentifier relatedEventIdentifier",
    "event": "eventIdentifier eventType eventDateTime eventDetailInformation eventOutcomeInformation "
    "linkingAgentIdentifier linkingObjectIdentifier",
    "eventDetailInformation": "eventDetail",
    "eventOutcomeInformation": "eventOutcome eventOutcomeDetail",
    "eventOutcomeDetail": "eventOutcomeDetailNote",
    "agent": "agentIdentifier agentName agentType agentVersion agentNote linkingEventIdentifier",
    **{f"{name}Identifier": f"{name}IdentifierType {name}IdentifierValue" for name in
       ("object", "event", "agent", "relatedObject", "linkingEvent")},
    **{f"linking{name}Identifier": f"linking{name}IdentifierType linking{name}IdentifierValue linking{name}Role"
       for name in ("Agent", "Object")},
}  # fmt: skip
"""Children in the order of premis.xsd 3.0, for the elements that we use."""


def orderly(element: ET.Element) -> None:
    name = element.tag.removeprefix(f"{{{premis.SPACE}}}")
    children = [child.tag.removeprefix(f"{{{premis.SPACE}}}") for child in element]
    if not children:
        assert (element.text or "").strip(), f"{name} is empty"
        return
    order = STRUCTURE[name].split()
    assert children == sorted(children, key=order.index), name
    for child in element:
        orderly(child)


def test_premis_tells_every_step(made: tuple[Path, Path]) -> None:
    film, folder = made
    root = ET.parse(folder / "data" / "reel.premis.xml").getroot()  # noqa: S314 (we wrote it)
    orderly(root)
    assert root.get("version") == "3.0"

    def texts(name: str, inside: ET.Element = root) -> list[str]:
        return [str(element.text) for element in inside.iter(f"{{{premis.SPACE}}}{name}")]

    assert texts("eventType") == [
        "message digest calculation", "metadata extraction", "modification", "creation", "fixity check",
        "metadata extraction", "creation", "information package creation",
    ]  # fmt: skip
    assert set(texts("eventOutcome")) == {"success"}
    known = json.loads((folder / "data" / "reel.provenance.json").read_text())
    assert texts("eventDateTime")[:4] == [known["run"]["steps_utc"][step][0] for step in
                                          ("probe", "split", "restore", "assemble")]  # fmt: skip
    for kind, linking in (("objectIdentifierValue", "linkingObjectIdentifierValue"),
                          ("agentIdentifierValue", "linkingAgentIdentifierValue"),
                          ("eventIdentifierValue", "linkingEventIdentifierValue")):  # fmt: skip
        assert len(set(texts(kind))) == len(texts(kind)), "each is named once"
        assert set(texts(linking)) <= set(texts(kind)), "no link leads nowhere"
    assert any("wash.safetensors: SHA-256 " + "0" * 64 in note for note in texts("agentNote"))
    assert texts("originalName")[0] == film.name


def test_the_sidecar_speaks_iptc(made: tuple[Path, Path]) -> None:
    text = (made[1] / "data" / "reel.master.xmp").read_text(encoding="utf-8")
    body = ET.fromstring(text.partition("?>")[2].rpartition("<?")[0])  # noqa: S314 (we wrote it)
    iptc = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
    found = {element.tag.removeprefix(iptc): element.text for element in body.iter() if element.tag.startswith(iptc)}
    assert str(found["DigitalSourceType"]).endswith("/compositeWithTrainedAlgorithmicMedia")
    assert str(found["AISystemVersionUsed"]).endswith(f"wash (SHA-256 {'0' * 64})")


def test_a_whole_bag_is_whole_to_its_last_frame(made: tuple[Path, Path]) -> None:
    film, folder = made
    (checked,) = verify.verify(folder)
    assert checked.whole and checked.kind == "bag" and checked.files >= len(FILES)
    held = verify_frames.deep(checked, film)
    assert held.whole, held.findings
    assert held.notes[-1] == "luma of all 16 frames equals the source's"
    assert command.verify([folder.parent]) == 0, "a folder that holds bags"
    with pytest.raises(UsageError, match="is not the film that was restored"):
        verify_frames.deep(checked, folder / "data" / "reel.master.mkv")


def spoil(path: Path, at: float = 0.5) -> None:
    """Turn over the bits of one byte."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 0xFF
    path.write_bytes(content)


def test_what_changed_is_named(ours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ours / "data"
    spoil(data / "reel.access.mp4")
    (data / "reel.shots.csv").unlink()
    (data / "stray.txt").write_text("?")
    assert command.verify([ours]) == command.CHANGED
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == ["missing", "extra", "changed", "NOT OK"]
    assert "reel.shots.csv" in said[0] and "stray.txt" in said[1] and "reel.access.mp4" in said[2]
    assert not bagit.Bag(str(ours)).is_valid(), "other readers see it too"
    capsys.readouterr()
    assert command.verify([ours], as_json=True) == command.CHANGED
    assert json.loads(capsys.readouterr().out)["whole"] is False


@pytest.mark.parametrize("name", ["bag-info.txt", "manifest-sha256.txt", "bagit.txt"])
def test_its_own_papers_are_held_too(ours: Path, name: str) -> None:
    spoil(ours / name, 0.2)
    (checked,) = verify.verify(ours)
    assert not checked.whole


def test_a_name_may_not_lead_out_of_the_bag(ours: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (ours / "data" / "reel.shots.csv").unlink()
    (ours / "data" / "reel.shots.csv").symlink_to(tmp_path / "secret")
    (checked,) = verify.verify(ours)
    assert "reel.shots.csv" in checked.findings[0].detail and "unsafe" in checked.findings[0].detail
    (loose,) = verify.verify(ours / "data")
    assert [(finding.name, finding.detail) for finding in loose.findings] == [
        ("reel.shots.csv", "it leads out of the folder, or is a link")
    ]


def test_the_long_check_names_the_frame(ours: Path) -> None:
    film = ours / "data" / "reel.master.mkv"
    with av.open(str(film)) as opened_film:
        packet = [packet for packet in opened_film.demux(video=0) if packet.size][11]
        middle = packet.pos + packet.size // 2
    spoil(film, middle / film.stat().st_size)
    (checked,) = verify.verify(ours)
    details = [finding.detail for finding in verify_frames.deep(checked, None).findings]
    assert "1 of 16 frames are not as reel.master.framemd5 lists them, first frame 11" in details


def test_loose_results_are_held_to_their_provenance(ours: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(ours / "data", tmp_path / "loose"))
    (checked,) = verify.verify(out)
    assert checked.whole and checked.kind == "results" and checked.files == 6
    assert verify_frames.deep(checked, None).whole
    spoil(out / "reel.report.html")
    paper = out / "reel.provenance.json"
    paper.write_text(paper.read_text().replace('"frames": 16', '"frames": 17'))
    names = [finding.name for finding in verify.verify(out)[0].findings]
    assert names == ["reel.report.html", "reel.provenance.json"]
    paper.write_text("{")
    assert verify.verify(out)[0].findings[0].kind == "changed"
    paper.rename(out / "x")
    with pytest.raises(MissingInput, match="neither a bag nor"):
        verify.verify(out)


def test_a_bag_replaces_another_only_when_told(made: tuple[Path, Path], tmp_path: Path) -> None:
    film, first = made
    out = Path(shutil.copytree(first.parent, tmp_path / "out"))
    with pytest.raises(FileExistsError):
        packed(film, out)
    (out / "reel.bag" / "data" / "stray.txt").write_text("old")
    again = packed(film, out, overwrite=True)
    assert bagit.Bag(str(again)).is_valid() and not (again / "data" / "stray.txt").exists()
    assert [path.name for path in out.iterdir()] == ["reel.bag"]
    master = "data/reel.master.mkv"
    assert (again / master).read_bytes() == (first / master).read_bytes()


def test_a_lossy_master_lists_the_source_luma_all_the_same(tmp_path: Path) -> None:
    film = Film(codec="ffv1", pixel_format="gray").write(tmp_path / "50% off: a?.mkv", lights(6, 64, 48))
    folder = packed(film, tmp_path / "out", overrides=("master.codec=h264", "access.codec=none"))
    assert folder.name == "50_ off_ a_.bag", "a name that every reader takes"
    assert bagit.Bag(str(folder)).is_valid()
    luma, whole = (read(next((folder / "data").glob(f"*{end}"))) for end in ("source-luma.framemd5", "master.framemd5"))
    assert len(luma) == len(whole) == 6
    (checked,) = verify.verify(folder)
    held = verify_frames.deep(checked, film)
    assert held.whole and "not compared, because the master is lossy" in " ".join(held.notes)


def test_a_file_that_is_not_the_proved_one_is_not_packed(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = make.xmp

    def hurt(known: dict[str, object], master: str) -> str:
        spoil(next(tmp_path.rglob(f"data/{master}")))
        return real(known, master)

    monkeypatch.setattr(make, "xmp", hurt)
    with pytest.raises(ProofFailed, match="is not the file that was proved"):
        packed(made[0], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".restore"]


def test_killed_while_packing_it_goes_on(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException): ...

    def die(*_: object) -> None:
        raise Killed

    for step in ("hashed", "close_bag"):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(make, step, die)
            packed(made[0], tmp_path / "out")
        assert [path.name for path in (tmp_path / "out").iterdir()] == [".restore"], "all or nothing"
    folder = packed(made[0], tmp_path / "out")
    assert bagit.Bag(str(folder)).is_valid()
    master = "data/reel.master.mkv"
    assert (folder / master).read_bytes() == (made[1] / master).read_bytes()


def test_without_mediainfo_the_bag_says_so(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mediaarea, "tool", lambda name: None)
    folder = packed(made[0], tmp_path / "out")
    said = bagit.Bag(str(folder)).info["Not-Made"]
    assert len(said) == 4
    assert said[0] == "reel.master.mediainfo.json: no program mediainfo was found; install mediainfo (mediaarea.net)"


@pytest.mark.skipif(mediaarea.tool("mediaconch") is None, reason="MediaConch is not installed")
def test_the_usual_policy_passes_and_another_is_a_gate(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master = made[1] / "data" / "reel.master.mkv"
    gate = policy.hold(master, "ffv1-archive")
    assert (gate.passed, gate.detail) == (True, "MediaConch: 12 rules pass")
    strict = tmp_path / "strict.xml"
    strict.write_text(policy.policy_file("ffv1-archive").read_text().replace(">FFV1</rule>", ">AVC</rule>"))
    with pytest.raises(ProofFailed, match=r"does not pass, nothing is published: policy .*1 of 12 rules fail: FFV1"):
        packed(made[0], tmp_path / "out", policy=str(strict))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".restore"], "takes are kept"
    folder = packed(made[0], tmp_path / "out", policy="ffv1-archive")
    assert "MediaConch" in (folder / "data" / "reel.premis.xml").read_text()


def test_a_policy_is_looked_at_before_the_first_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingInput, match="did you mean 'ffv1-archive'"):
        policy.check("ffv1-archiv")
    wrong = tmp_path / "p.xml"
    for text in ("<policy", "<html/>", '<!DOCTYPE x [<!ENTITY a "b">]><policy/>'):
        wrong.write_text(text)
        with pytest.raises(BadRecipe, match="policy"):
            policy.check(str(wrong))
    monkeypatch.setattr(mediaarea, "tool", lambda name: None)
    with pytest.raises(Unavailable, match="mediaconch, which was not found"):
        policy.check("ffv1-archive")


@pytest.mark.parametrize(
    ("name", "safe"), [("reel", "reel"), ("a%b\nc", "a_b_c"), ("\udcff", "_"), ("..", "film"), ("Émile é", "Émile é")]
)
def test_names_in_a_bag_are_safe(name: str, safe: str) -> None:
    assert bag.portable(name) == safe
