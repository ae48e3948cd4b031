"""Makes what ships out of what was trained: float16 safetensors, the same network for OpenVINO, and the model card."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from restore.contracts import Card
from restore.models._blocks import fold
from restore.store import publish, temporary, write_json


def shipped(trained: Any) -> Any:
    """A copy of the trained network on the processor, norms folded away, every number rounded to float16."""
    network = fold(copy.deepcopy(trained).cpu().float())
    with torch.no_grad():
        for values in network.state_dict().values():
            values.copy_(values.half().float())
    return network


def ranked(network: Any, gains: Sequence[float], card: Card) -> Any:
    """The network, in place, with its candidates in the order of what they gain, best first."""
    order = sorted(range(card.candidates), key=lambda candidate: -gains[candidate])
    with torch.no_grad():
        for values in network.head.state_dict().values():
            by_candidate = values.unflatten(0, (card.candidates, 2))
            values.copy_(by_candidate[order].flatten(0, 1))
    if card.guided:
        network.listen.reorder(order)
    return network


def save(network: Any, path: Path) -> None:
    """Writes the network's numbers as float16 safetensors."""
    tensors = {name: values.half().contiguous() for name, values in network.state_dict().items()}
    part = temporary(path)
    save_file(tensors, part)
    part.chmod(0o644)
    publish(part, path)


def save_ir(network: Any, card: Card, path: Path, planes: int) -> None:
    """Writes the network for OpenVINO: `path`, an .xml, and the .bin beside it in float16, for any number of frames of
    any size, each of so many `planes`: of a guided network with hints or without."""
    import openvino
    from torch.export import Dim

    pictures, high, wide = Dim("pictures", min=1, max=1024), Dim("high", min=2, max=512), Dim("wide", min=2, max=512)
    example = torch.rand(2, planes, 8 * card.multiple_of, 10 * card.multiple_of)
    shapes = ({0: pictures, 2: card.multiple_of * high, 3: card.multiple_of * wide},)
    model = openvino.convert_model(torch.export.export(network, (example,), dynamic_shapes=shapes))
    model.reshape([-1, planes, -1, -1])
    part = temporary(path)
    openvino.save_model(model, part, compress_to_fp16=True)
    publish(part.with_suffix(".bin"), path.with_suffix(".bin"))
    publish(part, path)


def gap(network: Any, card: Card, path: Path, planes: int) -> float:
    """Largest difference in a*b* between the torch network and its IR at `path`, both in float32, on random light."""
    import openvino

    core = openvino.Core()
    light = np.random.default_rng(1).random((2, planes, 6 * card.multiple_of, 9 * card.multiple_of), np.float32)
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.no_grad():
        ours = network(torch.from_numpy(light)).numpy()
    return float(np.abs(ours - compiled([light])[0]).max())


def forms(card: Card) -> dict[str, int]:
    """The forms in which OpenVINO gets a network: what follows its weights' name, and how many planes it takes."""
    plain = {"": card.planes or card.frames}
    return {**plain, ".guided": card.channels} if card.guided else plain


def hashed(path: Path) -> dict[str, Any]:
    """What a card says of a file: its SHA-256 and its size."""
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write(network: Any, card: Card, name: str, out: Path, about: Mapping[str, Any]) -> Path:
    """Writes OUT/NAME.safetensors, .xml, .bin of a `shipped` network and the card .json; returns the card's path.

    A guided network also gets NAME.guided.xml and .bin, which take hints. `about` is what the card says beside files
    and tensors. Raises ArithmeticError when a form differs from torch by more
    than 0.05 of a*b* (a hundredth of what the eye tells apart is 0.02; float32 sums in another order give 0.001).
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.safetensors"
    save(network, path)
    written, difference = [path], 0.0
    for form, planes in forms(card).items():
        drawing = out / f"{name}{form}.xml"
        save_ir(network, card, drawing, planes)
        difference = max(difference, gap(network, card, drawing, planes))
        written += [drawing, drawing.with_suffix(".bin")]
    if not difference < 0.05:
        raise ArithmeticError(f"{path}: an OpenVINO form differs from torch by {difference:.3f} of a*b*")
    files = {file.name: hashed(file) for file in written}
    state = network.state_dict()
    plain = {
        "name": name,
        "network": card.name,
        "title": card.title,
        "licence": card.licence,
        "parameters": sum(values.numel() for values in state.values()),
        "forms_differ_by_at_most": round(difference, 5),
        "files": files,
        **about,
        "tensors": {entry: list(values.shape) for entry, values in state.items()},
    }
    write_json(path.with_suffix(".json"), plain)
    return path.with_suffix(".json")
