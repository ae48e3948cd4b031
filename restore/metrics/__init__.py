"""One file = one metric. The file's name is the metric's name; nothing else registers it."""

from restore.shelf import Shelf

SHELF = Shelf(__name__, "metric")
names = SHELF.names


def find(name: str) -> type:
    """The class `Part` of the metric `name`. Raises BadRecipe, with the near word, when there is none."""
    part: type = SHELF.module(name).Part
    return part
