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
    return network


def save(network: Any, path: Path) -> None:
    """Writes the network's numbers as float16 safetensors."""
    tensors = {name: values.half().contiguous() for name, values in network.state_dict().items()}
    part = temporary(path)
    save_file(tensors, part)
    part.chmod(0o644)
    publish(part, path)


def save_ir(network: Any, card: Card, path: Path) -> None:
    """Writes the network for OpenVINO: PATH.xml and PATH.bin in float16, any number of frames of any size."""
    import openvino
    from torch.export import Dim

    pictures, high, wide = Dim("pictures", min=1, max=1024), Dim("high", min=2, max=512), Dim("wide", min=2, max=512)
    example = torch.rand(2, card.channels, 8 * card.multiple_of, 10 * card.multiple_of)
    shapes = ({0: pictures, 2: card.multiple_of * high, 3: card.multiple_of * wide},)
    model = openvino.convert_model(torch.export.export(network, (example,), dynamic_shapes=shapes))
    model.reshape([-1, card.channels, -1, -1])
    part = temporary(path.with_suffix(".xml"))
    openvino.save_model(model, part, compress_to_fp16=True)
    publish(part.with_suffix(".bin"), path.with_suffix(".bin"))
    publish(part, path.with_suffix(".xml"))


def gap(network: Any, card: Card, path: Path) -> float:
    """Largest difference in a*b* between the torch network and its IR at `path`, both in float32, on random light."""
    import openvino

    core = openvino.Core()
    shape = (2, card.channels, 6 * card.multiple_of, 9 * card.multiple_of)
    light = np.random.default_rng(1).random(shape, np.float32)
    compiled = core.compile_model(core.read_model(path.with_suffix(".xml")), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.no_grad():
        ours = network(torch.from_numpy(light)).numpy()
    return float(np.abs(ours - compiled([light])[0]).max())


def hashed(path: Path) -> dict[str, Any]:
    """What a card says of a file: its SHA-256 and its size."""
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}


def write(network: Any, card: Card, name: str, out: Path, about: Mapping[str, Any]) -> Path:
    """Writes OUT/NAME.safetensors, .xml, .bin of a `shipped` network and the card .json; returns the card's path.

    `about` is what the card says beside files and tensors. Raises ArithmeticError when the two forms differ by more
    than 0.05 of a*b* (a hundredth of what the eye tells apart is 0.02; float32 sums in another order give 0.001).
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.safetensors"
    save(network, path)
    save_ir(network, card, path)
    difference = gap(network, card, path)
    if not difference < 0.05:
        raise ArithmeticError(f"{path}: the OpenVINO form differs from torch by {difference:.3f} of a*b*")
    files = {}
    for suffix in (".safetensors", ".xml", ".bin"):
        written = path.with_suffix(suffix)
        files[written.name] = hashed(written)
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
