"""Data of every kind, split and brought to the model in batches."""

from autokeras_nas.data.column_dataset import collect_columns, has_columns
from autokeras_nas.data.columns import warn_of_columns
from autokeras_nas.data.dataset_source import DatasetSource
from autokeras_nas.data.features import Features, as_features, as_inputs, is_table
from autokeras_nas.data.files import is_file, load_features, load_file
from autokeras_nas.data.image_folder import read_image_folder
from autokeras_nas.data.pipeline import Pipeline
from autokeras_nas.data.row_sources import ArraySource
from autokeras_nas.data.source import Source
from autokeras_nas.data.sources import as_source
from autokeras_nas.data.split import split, split_folds
from autokeras_nas.data.statistics import channel_statistics
from autokeras_nas.data.streams import is_dataset
from autokeras_nas.data.symmetry import mirror_recognition, shift_recognition

__all__ = [
    "ArraySource",
    "DatasetSource",
    "Features",
    "Pipeline",
    "Source",
    "as_features",
    "as_inputs",
    "as_source",
    "channel_statistics",
    "collect_columns",
    "has_columns",
    "is_dataset",
    "is_file",
    "is_table",
    "load_features",
    "load_file",
    "mirror_recognition",
    "read_image_folder",
    "split",
    "split_folds",
    "warn_of_columns",
]
