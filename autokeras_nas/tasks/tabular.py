"""Tasks on tables: what they share, and which class each row belongs to."""

from __future__ import annotations

from typing import Any, Self

import keras

from autokeras_nas.architecture.specs import FeatureSpec, InputSpec
from autokeras_nas.data import Features as Examples
from autokeras_nas.tasks.assembly import assembled
from autokeras_nas.tasks.base import TASKS, Task
from autokeras_nas.tasks.classification import Classification
from autokeras_nas.tasks.table import Table


class TabularTask(Task):
    """A task whose examples are the rows of a table, or of an array `(n, columns)`.

    Columns may hold numbers, booleans, dates, texts that repeat, and gaps; see `Column` for
    what becomes of each. The exported model takes a dictionary of columns `(n, 1)` under
    their own names, but that characters which SavedModels cannot hold are replaced: `inputs`
    gives it from a data frame. Of an array it takes the array.

    Attributes:
        table: What was learned of the columns; None before `preprocessor`.
    """

    def __init__(self):
        super().__init__()
        self.table: Table | None = None

    def preprocessor(self, x) -> keras.Model:
        """Learns the columns.

        Args:
            x: A data frame, a mapping of names to columns, or numbers `(n, columns)`.

        Returns:
            Model of raw columns to float32 `(batch, columns)`: numbers first, categories last,
            as whole numbers from 0, which is what is unknown or missing.

        Raises:
            ValueError: If it is no table, or no column tells rows apart.
        """
        self.table = Table.learned(x)
        return self.table.preprocessor()

    def input_spec(self, preprocessor: keras.Model) -> InputSpec:
        spec = super().input_spec(preprocessor)
        return InputSpec(spec.shape, spec.dtype, self._known_table().vocabularies)

    def arrange(self, features: Examples) -> Examples:
        """Columns under the names of the model's inputs.

        Raises:
            RuntimeError: If `preprocessor` has not run.
            ValueError: If columns are missing or of another kind than in training.
        """
        return self._known_table().arrange(features)

    def interface(self) -> FeatureSpec:
        """A vector for each row."""
        return FeatureSpec("vector")

    def exported(self, core: keras.Model) -> keras.Model:
        """One compiled model of raw columns to predictions.

        It saves to `.keras`, which opens where this package is imported, and exports as a
        SavedModel, which runs without it.

        Args:
            core: Model of preprocessed rows to what the head gives.

        Raises:
            RuntimeError: If no preprocessor has been fitted.
        """
        return assembled(self, self._known_table().preprocessor(), core, name="table_model")

    def get_config(self) -> dict[str, Any]:
        table = None if self.table is None else self.table.get_config()
        return {**super().get_config(), "table": table}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        task = super().from_config(config)
        if config["table"] is not None:
            task.table = Table.from_config(config["table"])
        return task

    def _known_table(self) -> Table:
        if self.table is None:
            raise RuntimeError(
                "The task does not know its columns yet. "
                "Call `preprocessor(x)` with the training rows first."
            )
        return self.table


@TASKS.register("tabular_classification")
class TabularClassification(TabularTask, Classification):
    """One class for every row of a table.

    Example:

    ```python
    task = TabularClassification()
    targets = task.fit_targets(frame.pop("income"))
    preprocessor = task.preprocessor(frame)
    model = task.exported(core)
    task.labels(model.predict(task.inputs(frame)))  # array(["<=50K", ...])
    ```
    """
