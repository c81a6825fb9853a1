"""Names for the parts that users choose by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from autokeras_nas.errors import unknown_name

Base = TypeVar("Base")
Part = TypeVar("Part", bound=type)


class Registry(Mapping[str, type[Base]], Generic[Base]):
    """A named collection of classes, filled by a decorator.

    Iterates over names in the order of registration.

    Example:

    ```python
    ORACLES: Registry[NasOracle] = Registry("oracle")

    @ORACLES.register("random")
    class RandomSearch(NasOracle): ...

    ORACLES["random"]
    ```

    Args:
        kind: What the names stand for, as error messages call it.
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._parts: dict[str, type[Base]] = {}

    def register(self, name: str) -> Callable[[Part], Part]:
        """Class decorator that enters the class under `name`.

        Raises:
            ValueError: If the name is taken by another class.
        """

        def enter(part: Part) -> Part:
            taken = self._parts.get(name)
            if taken is not None and taken.__qualname__ != part.__qualname__:
                raise ValueError(
                    f"The {self.kind} name {name!r} is taken by `{taken.__qualname__}`. "
                    f"Received: `{part.__qualname__}`. Register it under another name."
                )
            self._parts[name] = part
            return part

        return enter

    def __getitem__(self, name: str) -> type[Base]:
        try:
            return self._parts[name]
        except KeyError:
            raise unknown_name(self.kind, name, self) from None

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def name_of(self, part: type) -> str | None:
        """The name under which a class is registered; None: it is not."""
        return next((name for name, known in self._parts.items() if known is part), None)
