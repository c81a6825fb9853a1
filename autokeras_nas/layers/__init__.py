"""Keras layers with more than one user."""

from autokeras_nas.layers.drop_path import ScheduledDropPath, schedule_drop_paths

__all__ = ["ScheduledDropPath", "schedule_drop_paths"]
