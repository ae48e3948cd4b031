"""One file = one filter. The file's name is the filter's name; nothing else registers it."""

from restore.shelf import Shelf

SHELF = Shelf(__name__, "filter")
names = SHELF.names


def find(name: str) -> type:
    """The class `Part` of the filter `name`. Raises BadRecipe, with the near word, when there is none."""
    part: type = SHELF.module(name).Part
    return part
