"""A folder whose files are its parts: the file `median.py` on the shelf `filters` is the filter `median`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType

from restore.errors import BadRecipe


@dataclass(frozen=True)
class Shelf:
    """Lists and imports the parts of one folder. No list is kept: the folder is the list."""

    package: str
    kind: str  # what one part is called in messages: "filter", "metric", "network"

    def names(self) -> tuple[str, ...]:
        """Names of all parts on the shelf, sorted; a name that begins with an underscore is not a part."""
        package = importlib.import_module(self.package)
        found = (m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg)
        return tuple(sorted(name for name in found if not name.startswith("_")))

    def module(self, name: str) -> ModuleType:
        """The module that holds the part `name`. Raises BadRecipe with the near word when there is none."""
        if name not in self.names():
            raise BadRecipe(f"no {self.kind} is called {name!r}{near(name, self.names())}")
        return importlib.import_module(f"{self.package}.{name}")


def near(word: str, words: tuple[str, ...]) -> str:
    """`; did you mean 'x'?` for the nearest of `words`, else the list of all of them."""
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(words) or 'none'}"
