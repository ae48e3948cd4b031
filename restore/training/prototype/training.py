"""The prototype's training: step after step with Adam, curves and checkpoints, to be stopped and taken up at will."""

from __future__ import annotations

import importlib
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restore import weights as vault
from restore.errors import BadRecipe
from restore.film import digest
from restore.models._favc import Favc, Vgg
from restore.training import checkpoint, motion
from restore.training.checkpoint import Optimizers
from restore.training.loop import on
from restore.training.prototype import course, filters
from restore.training.prototype.settings import INPUTS, Prototype
from restore.training.prototype.targets import Pairs
from restore.training.student import teacher
from restore.training.telling import EVERY_S, Curves, Report

EYE = "conv3_1"
"""Deepest layer of the eye that networks of ours are judged by; the prototype is judged by its own hypercolumn's."""


@dataclass
class Lessons:
    """Everything that a training moves. `main` is the fixed main network while the refinement network learns."""

    settings: Prototype
    seed: int
    out: Path
    network: Any
    eye: Vgg
    main: Any
    optimizer: torch.optim.Optimizer
    device: torch.device
    key: str
    step: int = 0
    curves: Curves = field(init=False)

    def __post_init__(self) -> None:
        self.curves = Curves(self.out / "curves.csv")

    @property
    def checkpoint(self) -> Path:
        return self.out / "checkpoint.safetensors"

    def put_down(self) -> None:
        """Writes the checkpoint, and the curves up to it."""
        self.curves.write()
        checkpoint.save(self.checkpoint, self.step, self.key, {"network": self.network}, self._moved())

    def take_up(self) -> None:
        """Goes on from the checkpoint in `out`."""
        self.step = checkpoint.load(self.checkpoint, self.key, {"network": self.network}, self._moved())

    def _moved(self) -> Optimizers:
        return {"optimizer": (self.optimizer, self.network)}


def build(name: str, settings: Prototype, seed: int, teachers: Path | None) -> Any:
    """A new network: seeded, with VGG-19's filters where it sees with them, and its further input.

    Raises BadRecipe for an input that is none, BadWeights for filters that are not VGG-19's.
    """
    if settings.input not in INPUTS:
        raise BadRecipe(f"prototype.input is {settings.input!r}; there are: {', '.join(map(repr, INPUTS))}")
    torch.manual_seed(seed)
    module, extra = importlib.import_module(f"restore.models.{name}"), INPUTS[settings.input]
    if module.CARD.planes:
        return module.build()
    if hasattr(module, "LAYERS"):
        network = module.build(extra=extra)
        filters.put_into(network.hypercolumn, teacher(teachers, settings.vgg19))
        return network
    network = module.build(
        norm=False, extra=extra
    )  # of one picture at a time a norm learns what it will not meet again
    nn.init.normal_(network.head.weight, std=0.002)
    return network


def prepare(name: str, settings: Prototype, seed: int, out: Path, *, device: str, teachers: Path | None) -> Lessons:
    """The network `name` and its optimizer at step 0. Raises BadRecipe, BadWeights, Unavailable."""
    where = on(device)
    network = build(name, settings, seed, teachers).to(where)
    main: Any = None
    if isinstance(network, Favc):
        eye = network.hypercolumn.vgg
    else:
        eye = Vgg(EYE)
        filters.put(eye, teacher(teachers, settings.vgg19))
        eye.to(where)
    if settings.refine:
        main = main_network(settings, teachers).to(where)
    learning = [values for values in network.parameters() if values.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=settings.rate, fused=True)
    plain = {key: value for key, value in asdict(settings).items() if key not in ("steps", "checkpoint_every")}
    out.mkdir(parents=True, exist_ok=True)
    return Lessons(settings, seed, out, network, eye, main, optimizer, where, digest([name, seed, plain]))


def main_network(settings: Prototype, teachers: Path | None) -> Any:
    """The main network whose colourings are refined, from the weights that the recipe names. Raises BadWeights."""
    if not settings.main:
        raise BadRecipe("prototype.main must name the main network's weights where prototype.refine is set")
    found = vault.find(str(teacher(teachers, settings.main)))
    network = importlib.import_module(f"restore.models.{found.card['network']}").build()
    wanted = {name: tuple(values.shape) for name, values in network.state_dict().items()}
    stored = vault.read(found.verified(".safetensors"), wanted)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in stored.items()})
    return network.eval().requires_grad_(False)


def rate(settings: Prototype, step: int) -> float:
    """Adam's rate at `step`."""
    if not settings.falls:
        return settings.rate
    return settings.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, step / settings.steps)))


def one_step(lessons: Lessons, pairs: Pairs) -> dict[str, Tensor]:
    """Draws, teaches and moves the network by one step; returns the terms of the loss."""
    batch = pairs.draw(lessons.seed, lessons.step, lessons.settings.batch)
    if lessons.main is not None:
        terms = course.refinement_terms(lessons.network, lessons.main, batch)
    else:
        generator = motion.step_generator(lessons.seed, lessons.step, lessons.device)
        terms = course.terms(lessons.network, lessons.eye, lessons.settings, batch, generator)
    lessons.optimizer.zero_grad(set_to_none=True)
    lessons.optimizer.param_groups[0]["lr"] = rate(lessons.settings, lessons.step)
    torch.stack(list(terms.values())).sum().backward()
    lessons.optimizer.step()
    lessons.step += 1
    return {name: value.detach() for name, value in terms.items()}


def run(lessons: Lessons, pairs: Pairs, minutes: float | None, report: Report) -> bool:
    """Trains to the last step, or for `minutes`; returns whether the last step was reached.

    Writes curves.csv and checkpoint.safetensors into `lessons.out`. An interrupt puts it down and is passed on.
    """
    settings = lessons.settings
    started, began, told = time.monotonic(), lessons.step, 0.0
    lessons.curves.cut(lessons.step)
    lessons.network.train()
    try:
        while lessons.step < settings.steps:
            if minutes is not None and time.monotonic() - started > 60 * minutes:
                break
            terms = one_step(lessons, pairs)
            lessons.curves.add(lessons.step, rate(settings, lessons.step), terms)
            if time.monotonic() - told > EVERY_S or lessons.step == settings.steps:
                told = time.monotonic()
                _tell(lessons, terms, report, (lessons.step - began) / (told - started))
            if lessons.step % settings.checkpoint_every == 0:
                lessons.put_down()
    except KeyboardInterrupt:
        lessons.put_down()
        raise
    lessons.put_down()
    return lessons.step >= settings.steps


def _tell(lessons: Lessons, terms: dict[str, Tensor], report: Report, pace: float) -> None:
    lessons.curves.write()
    values = {name: round(float(value), 5) for name, value in terms.items()}
    settings = lessons.settings
    report({"step": lessons.step, "steps": settings.steps, "loss": round(sum(values.values()), 4), "terms": values,
            "pictures_per_s": round(pace * settings.batch, 1),
            "left_s": round((settings.steps - lessons.step) / max(pace, 1e-9))})  # fmt: skip
