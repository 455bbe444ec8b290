"""A model as it is before it learns: what training adds is what lies above it."""

from typing import TypeVar

from sklearn.base import clone

from isthmus.autoencoder import Autoencoder
from isthmus.estimator import Estimator
from isthmus.training.history import History
from isthmus.training.resident import Resident
from isthmus.training.trainer import Trainer, start

Model = TypeVar("Model", bound=Estimator)


def untrained(model: Model) -> Model:
    """The same model, not fitted; its ``fit`` starts it from the data as ever, and takes no step."""
    return clone(model).set_params(trainer=NoSteps())


class NoSteps(Trainer):
    """A trainer that does what comes before the first step."""

    def fit(
        self,
        model: Autoencoder,
        rows: Resident,
        *,
        seed: int = 0,
        may_blend: bool = False,
        resume: bool = False,
        resume_command: str = "",
    ) -> History:
        """Initialise the model from all rows."""
        start(model, rows, seed)
        model.eval()
        return History()
