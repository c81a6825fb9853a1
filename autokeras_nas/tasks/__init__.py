"""Tasks: what a network is for. Targets, head, loss, metrics and what predictions mean."""

from autokeras_nas.tasks.as_given import AsGiven
from autokeras_nas.tasks.base import TASKS, Task
from autokeras_nas.tasks.classification import Classification
from autokeras_nas.tasks.image_classification import ImageClassification
from autokeras_nas.tasks.inference import infer_task
from autokeras_nas.tasks.regression import Regression
from autokeras_nas.tasks.tabular import TabularClassification, TabularTask
from autokeras_nas.tasks.text_classification import TextClassification

__all__ = [
    "TASKS",
    "AsGiven",
    "Classification",
    "ImageClassification",
    "Regression",
    "TabularClassification",
    "TabularTask",
    "Task",
    "TextClassification",
    "infer_task",
]
