"""Tasks: what a network is for. Targets, head, loss, metrics and what predictions mean."""

from autokeras_nas.tasks.as_given import AsGiven
from autokeras_nas.tasks.base import TASKS, Task
from autokeras_nas.tasks.image_classification import ImageClassification

__all__ = ["TASKS", "AsGiven", "ImageClassification", "Task"]
