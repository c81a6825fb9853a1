"""Searches a network for scikit-learn's digits, and exports it.

python examples/digits.py --time_budget=2m
"""

from __future__ import annotations

from absl import app, flags, logging
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autokeras_nas as nas

FLAGS = flags.FLAGS
flags.DEFINE_string("time_budget", "2m", "Time of the whole search, such as 90s or 10m.")
flags.DEFINE_integer("max_trials", None, "Trials at most; none: as many as the time allows.")
flags.DEFINE_string("directory", "demo_results", "Where the search and its result go.")
flags.DEFINE_integer("seed", 0, "Seed of the split and of the search.")


def main(argv):
    del argv
    logging.set_verbosity(logging.WARNING)  # TensorFlow's export is talkative.
    digits = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(
        digits.images, digits.target, test_size=0.2, stratify=digits.target, random_state=FLAGS.seed
    )
    model = nas.AutoModel(
        max_trials=FLAGS.max_trials,
        directory=FLAGS.directory,
        project_name="digits",
        overwrite=True,
        seed=FLAGS.seed,
    )
    model.fit(x_train, y_train, time_budget=FLAGS.time_budget)
    columns = ["rank", "trial", "score", "parameters", "epochs", "seconds", "status"]
    print(model.leaderboard()[columns].to_string(index=False))
    print(f"Test accuracy: {model.evaluate(x_test, y_test)['accuracy']:.4f}")
    path = f"{FLAGS.directory}/digits/saved_model"
    model.export(path)
    print(f"SavedModel: {path}")


if __name__ == "__main__":
    app.run(main)
