"""Text classification: what is learned of texts, and what is refused."""

from __future__ import annotations

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from autokeras_nas.architecture import Features, InputSpec
from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.tasks import TASKS, Classification, TextClassification

TEXTS = ["win a prize now", "see you at nine", "a prize for you", "nine at home"]
LABELS = ["spam", "ham", "spam", "ham"]


def fitted():
    task = TextClassification()
    task.fit_targets(LABELS)
    return task, task.preprocessor(TEXTS)


def core_of(task, preprocessor):
    spec = task.input_spec(preprocessor)
    x = keras.Input(spec.shape, dtype=spec.dtype)
    y = keras.layers.Embedding(spec.vocabularies[0], 3)(x)
    y = keras.layers.GlobalAveragePooling1D()(y)
    return keras.Model(x, task.head(Features(y)))


def test_it_is_registered():
    assert TASKS["text_classification"] is TextClassification
    assert issubclass(TextClassification, Classification)


def test_networks_take_numbers_of_words():
    task, preprocessor = fitted()
    spec = task.input_spec(preprocessor)
    assert spec == InputSpec((4,), "int32", vocabularies=(12,))
    out = np.asarray(preprocessor(task.inputs(TEXTS)))
    assert out.shape == (4, 4) and out.dtype == "int32"
    assert out.max() == 11


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda t: np.array(t, object)])
def test_texts_may_come_as_any_array_of_strings(kind):
    task = TextClassification()
    task.preprocessor(kind(TEXTS))
    assert task.get_config()["tokenizer"] == fitted()[0].get_config()["tokenizer"]


@pytest.mark.parametrize("batched", [True, False])
def test_a_stream_teaches_what_an_array_does(batched):
    dataset = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS))
    source = as_source(dataset.batch(3) if batched else dataset)
    task = TextClassification()
    task.preprocessor_of_stream(source)
    assert task.tokenizer == fitted()[0].tokenizer


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 2)), np.zeros(3), {"text": ["a", "b"]}, pd.DataFrame({"text": ["a"]})]
)
def test_what_is_no_text_is_refused(wrong):
    with pytest.raises(ValueError, match="one string for each example"):
        TextClassification().preprocessor(wrong)
    task, _ = fitted()
    with pytest.raises(ValueError, match="one string for each example"):
        task.inputs(wrong)


def test_a_stream_of_other_elements_is_refused():
    source = as_source(tf.data.Dataset.from_tensor_slices((np.zeros((3, 2)), [0, 1, 0])))
    with pytest.raises(ValueError, match="one string for each example"):
        TextClassification().preprocessor_of_stream(source)


def test_restored_task_has_the_same_preprocessor():
    task, preprocessor = fitted()
    again = TextClassification.from_config(json.loads(json.dumps(task.get_config())))
    x = task.inputs(["you win", ""])
    np.testing.assert_array_equal(preprocessor(x), again._known_tokenizer().preprocessor()(x))


def test_exported_model_takes_texts():
    task, preprocessor = fitted()
    model = task.exported(core_of(task, preprocessor))
    probabilities = model.predict(task.inputs([*TEXTS, ""]), verbose=0)
    assert probabilities.shape == (5, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("memory_limit", [None, 0])
@pytest.mark.parametrize("stream", [True, False])
def test_the_pipeline_gives_whole_numbers(memory_limit, stream):
    task, preprocessor = fitted()
    data = (tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)),) if stream else (TEXTS, LABELS)
    pipeline = Pipeline(
        as_source(*data), preprocessor, task.targets, 4, 0, memory_limit=memory_limit
    )
    x, y = next(iter(pipeline.dataset()))
    assert x.dtype == tf.int32 and x.shape == (4, 4)
    expected = np.asarray(preprocessor(task.inputs(TEXTS)))
    assert sorted(map(tuple, x.numpy())) == sorted(map(tuple, expected))
    assert y.shape == (4, 2)
