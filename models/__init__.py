"""One file = one network: its CARD, and build() in torch. What ships lies in models/weights/."""

from restore.contracts import Card
from restore.shelf import Shelf

SHELF = Shelf(__name__, "network")
names = SHELF.names


def card(name: str) -> Card:
    """The CARD of the network `name`; does not import torch. Raises BadRecipe when there is none."""
    found: Card = SHELF.module(name).CARD
    return found
