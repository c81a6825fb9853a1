from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="autokeras-nas",
    version="0.1.0",
    description="Neural architecture search for Keras.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["autokeras_nas*"]),
    entry_points={"console_scripts": ["autokeras-nas=autokeras_nas_cli:main"]},
    python_requires=">=3.11",
    install_requires=[
        "absl-py>=2.0",
        "cloudpickle>=3.0",
        # TensorFlow Datasets imports it on Python 3.11.
        "importlib_resources>=6.0",
        "Jinja2>=3.1",
        "keras>=3.14",
        "keras-tuner>=1.4.8",
        "matplotlib>=3.9",
        "numpy>=2.0",
        "pandas>=2.2.2",
        "pillow>=10.1",
        "rich>=13",
        "scikit-learn>=1.5",
        "six>=1.16",
        "tensorboard>=2.18",
        "tensorflow>=2.18",
        "tensorflow-datasets>=4.9.7",
        # TensorFlow Datasets imports it, and its versions fit TensorFlow's protobuf or not.
        "tensorflow-metadata>=1.17",
    ],
    extras_require={
        "docs": ["mkdocs-material>=9"],
        "energy": ["codecarbon>=3.3"],
        "gpu": ["tensorflow[and-cuda]>=2.18"],
        "onnx": ["onnx>=1.16", "onnxruntime>=1.18", "tf2onnx>=1.16"],
        "parquet": ["pyarrow>=14"],
        "ray": ["ray>=2.40"],
        "test": ["hypothesis>=6.100", "mypy>=1.10", "pytest>=8", "pytest-xdist>=3.6", "ruff>=0.6"],
    },
)
