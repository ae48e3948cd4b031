"""The training itself: step after step, with curves, sheets and checkpoints, to be stopped and taken up at will."""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restore.contracts import Card
from restore.errors import BadRecipe, Unavailable
from restore.film import digest
from restore.training import checkpoint, guided, lesson, measure, motion, student
from restore.training.ageing import Wear
from restore.training.checkpoint import Optimizers, Parts
from restore.training.hinting import Hinter
from restore.training.lesson import Classroom
from restore.training.losses.adversary import Judge
from restore.training.losses.perceptual import Perceptual
from restore.training.pack import read_index
from restore.training.settings import TrainRecipe, to_plain
from restore.training.stock import Stock, load
from restore.training.telling import EVERY_S, Curves, Report

PUT_DOWN_EVERY_S = 300.0
"""Seconds of work that a kill may cost, where `checkpoint_every` steps are longer than that."""


@dataclass
class Training:
    """Everything that a training moves, and where it lies."""

    recipe: TrainRecipe
    card: Card
    out: Path
    device: torch.device
    student: Any
    mean: student.Mean
    optimizer: torch.optim.Optimizer
    room: Classroom
    judge_optimizer: torch.optim.Optimizer | None
    stock: Stock
    held_out: Stock
    key: str
    step: int = 0
    curves: Curves = field(init=False)

    def __post_init__(self) -> None:
        self.curves = Curves(self.out / "curves.csv")

    @property
    def checkpoint(self) -> Path:
        return self.out / "checkpoint.safetensors"

    def _kept(self) -> tuple[Parts, Optimizers]:
        parts: Parts = {"student": self.student, "mean": self.mean.network}
        optimizers: Optimizers = {"optimizer": (self.optimizer, self.student)}
        if self.room.judge is not None and self.judge_optimizer is not None:
            parts["judge"] = self.room.judge
            optimizers["judge_optimizer"] = (self.judge_optimizer, self.room.judge)
        return parts, optimizers

    def put_down(self) -> None:
        """Writes the checkpoint, and the curves up to it."""
        self.curves.write()
        checkpoint.save(self.checkpoint, self.step, self.key, *self._kept())

    def take_up(self) -> None:
        """Goes on from the checkpoint in `out`."""
        self.step = checkpoint.load(self.checkpoint, self.key, *self._kept())


def on(device: str) -> torch.device:
    """The device of torch called `device`; "auto" is a GPU where there is one. Raises BadRecipe, Unavailable."""
    if device == "auto":
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise BadRecipe(f"no device is called {device!r}; there are: auto, cpu, cuda:0, …") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise Unavailable(f"--device {device}: torch {torch.__version__} sees no GPU here; use --device cpu")
    return found


def machine(device: torch.device) -> str:
    """What a training ran on, for the model card."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    return f"{name}, torch {torch.__version__}"


def prepare(recipe: TrainRecipe, pack: Path, out: Path, device: str, teachers: Path | None) -> Training:
    """Loads the packed data and makes student, teachers and optimizers ready, at step 0."""
    card: Card = importlib.import_module(f"restore.models.{recipe.network}").CARD
    _, runs = read_index(pack)
    where = on(device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    learner = student.build(recipe, teachers).to(where, memory_format=torch.channels_last)
    mean = student.Mean(learner, recipe.schedule.ema)
    groups = student.groups(learner, recipe.start)
    decay = recipe.schedule.decay
    optimizer = torch.optim.AdamW(groups, lr=recipe.schedule.rate, weight_decay=decay, fused=True)
    room, judge_optimizer = _classroom(recipe, teachers, where)
    plain = to_plain(recipe)
    del plain["schedule"]["steps"]  # a finished training may be taken up again and led further
    key = digest([plain, hashlib.sha256((pack / "index.json").read_bytes()).hexdigest()])
    workers = torch.get_num_threads()
    stocks = [load(pack, [run for run in runs if run.held_out == held], where, workers) for held in (False, True)]
    out.mkdir(parents=True, exist_ok=True)
    return Training(
        recipe, card, out, where, learner, mean, optimizer, room, judge_optimizer, stocks[0], stocks[1], key
    )


def _classroom(
    recipe: TrainRecipe, teachers: Path | None, device: torch.device
) -> tuple[Classroom, torch.optim.Optimizer | None]:
    losses = recipe.losses
    see: Any = None
    if losses.vgg19 and losses.perceptual and not recipe.hints.any:
        eye = Perceptual(student.teacher(teachers, losses.vgg19)).to(device)
        see = torch.compile(eye, dynamic=False) if _compiled(recipe, device) else eye
    if not losses.adversary or recipe.hints.any:
        return Classroom(losses, see, None), None
    judge = Judge().to(device)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-4, betas=(0.5, 0.99), fused=True)
    return Classroom(losses, see, judge), optimizer


def _compiled(recipe: TrainRecipe, device: torch.device) -> bool:
    """On a processor compiling wants a C++ compiler and gains nothing."""
    return recipe.schedule.compile and device.type == "cuda"


def rate(recipe: TrainRecipe, step: int) -> float:
    """The learning rate at `step`: a straight warm-up, then half a cosine down to 1 % (Loshchilov and Hutter 2017)."""
    schedule = recipe.schedule
    if step < schedule.warm_up:
        return schedule.rate * (step + 1) / schedule.warm_up
    done = (step - schedule.warm_up) / max(1, schedule.steps - schedule.warm_up)
    return schedule.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@dataclass(frozen=True)
class Drawn:
    """What a step learns from: a sample, and, where the recipe gives hints, the exercise made of it."""

    sample: motion.Sample
    exercise: guided.Exercise | None


def drawn(training: Training, chances: Tensor, step: int) -> Drawn:
    """Everything that chance decides at `step`; depends on nothing that is learned, so it may be made ahead."""
    recipe, schedule, device = training.recipe, training.recipe.schedule, training.device
    crop = motion.Crop(schedule.height, schedule.width, schedule.least, schedule.most)
    generator = motion.step_generator(recipe.seed, step)
    sample = motion.draw(training.stock, chances, schedule.batch, crop, generator)
    if not recipe.hints.any:
        return Drawn(sample, None)
    hinter = Hinter(recipe.hints, motion.step_generator(recipe.seed + 2, step, device), device)
    drawings = [training.stock.folder[run] in recipe.hints.drawn for run in sample.runs.tolist()]
    return Drawn(
        sample, guided.exercise(sample, _wear(training, step), hinter, drawings, training.card.stride)
    )  # fmt: skip


def _wear(training: Training, step: int) -> Wear:
    seed, device = training.recipe.seed + 1, training.device
    return Wear(training.recipe.ageing, motion.step_generator(seed, step, device), device)


def one_step(training: Training, run: Any, given: Drawn) -> dict[str, Tensor]:
    """Teaches and moves everything by one step; returns the terms of the loss, on the device."""
    now = rate(training.recipe, training.step)
    for group in training.optimizer.param_groups:
        group["lr"] = now * group["share"]
    judge = training.room.judge
    if judge is not None:
        judge.requires_grad_(False)
    real = fake = None
    if given.exercise is not None:
        terms = guided.teach(run, given.exercise, training.room.losses)
    else:
        terms, real, fake = lesson.teach(run, given.sample, _wear(training, training.step), training.room)
    training.optimizer.zero_grad(set_to_none=True)
    torch.stack(list(terms.values())).sum().backward()
    learning = [values for group in training.optimizer.param_groups for values in group["params"]]
    nn.utils.clip_grad_norm_(learning, 1.0)
    training.optimizer.step()
    if judge is not None and training.judge_optimizer is not None and real is not None and fake is not None:
        judge.requires_grad_(True)
        terms["judge"] = lesson.train_judge(judge, training.judge_optimizer, real, fake)
    training.mean.follow(training.step)
    training.step += 1
    return {name: value.detach() for name, value in terms.items()}


def run(training: Training, minutes: float | None, report: Report) -> bool:
    """Trains to the recipe's last step, or for `minutes`; returns whether the last step was reached.

    Writes curves.csv, samples-STEP.png, scores.jsonl and checkpoint.safetensors into `training.out`. An interrupt
    (KeyboardInterrupt) puts the training down and is passed on.
    """
    schedule = training.recipe.schedule
    chances = training.stock.chances(dict(training.recipe.data.mix))
    compiled = _compiled(training.recipe, training.device)
    student_now = torch.compile(training.student, dynamic=False) if compiled else training.student
    started = put_down = time.monotonic()
    began, told = training.step, 0.0
    training.curves.cut(training.step)
    training.student.train()
    desk = ThreadPoolExecutor(1, "draw")  # what chance decides of the next step is made while this one is learned
    try:
        coming = desk.submit(drawn, training, chances, training.step)
        while training.step < schedule.steps:
            if minutes is not None and time.monotonic() - started > 60 * minutes:
                break
            given = coming.result()
            coming = desk.submit(drawn, training, chances, training.step + 1)
            terms = one_step(training, student_now, given)
            training.curves.add(training.step, rate(training.recipe, training.step), terms)
            now = time.monotonic()
            if now - told > EVERY_S or training.step == schedule.steps:
                told = now
                _tell(training, terms, report, (training.step - began) / (now - started))
            if training.step % schedule.measure_every == 0:
                score(training, report)
            if training.step % schedule.checkpoint_every == 0 or now - put_down > PUT_DOWN_EVERY_S:
                put_down = now
                training.put_down()
    except KeyboardInterrupt:
        training.put_down()
        raise
    finally:
        desk.shutdown(cancel_futures=True)
    training.put_down()
    return training.step >= schedule.steps


def _tell(training: Training, terms: dict[str, Tensor], report: Report, pace: float) -> None:
    """The curves so far and one report; `pace` is steps a second."""
    training.curves.write()
    schedule = training.recipe.schedule
    values = {name: round(float(value), 5) for name, value in terms.items()}
    total = sum(value for name, value in values.items() if name != "judge")
    learned = 1 if training.recipe.hints.any else 2  # with hints, frame t−1 is coloured but not learned from
    pictures = pace * schedule.batch * learned
    left = (schedule.steps - training.step) / max(pace, 1e-9)
    report({"step": training.step, "steps": schedule.steps, "loss": round(total, 4), "terms": values,
            "pictures_per_s": round(pictures, 1), "left_s": round(left)})  # fmt: skip


def score(training: Training, report: Report) -> dict[str, measure.Scores]:
    """Measures the running mean on what was held out; keeps the scores and a sheet to look at."""
    scores = measure.held_out(
        training.mean.network, training.held_out, training.card, training.recipe.schedule.measure_runs
    )
    plain = {folder: asdict(value) for folder, value in scores.items()}
    report({"step": training.step, "scores": plain})
    with (training.out / "scores.jsonl").open("a", encoding="utf-8") as text:
        text.write(json.dumps({"step": training.step, "scores": plain}) + "\n")
    runs = measure.spread(training.held_out, 5)
    path = training.out / f"samples-{training.step:06d}.png"
    measure.sheet(training.mean.network, training.held_out, training.card, path, runs)
    return scores
