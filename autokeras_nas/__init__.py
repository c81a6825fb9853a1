"""Neural architecture search for Keras.

```python
import autokeras_nas as nas

model = nas.AutoModel()
model.fit(x, y, time_budget="10m")
model.export("saved_model/")
```
"""

from autokeras_nas import oracles, search_spaces, tasks, training
from autokeras_nas.auto_model import AutoModel
from autokeras_nas.errors import InvalidArchitectureError, ProjectError, SearchFailedError
from autokeras_nas.objectives import ResourceReward
from autokeras_nas.search import NasTuner

__version__ = "0.1.0"

__all__ = [
    "AutoModel",
    "InvalidArchitectureError",
    "NasTuner",
    "ProjectError",
    "ResourceReward",
    "SearchFailedError",
    "oracles",
    "search_spaces",
    "tasks",
    "training",
]
