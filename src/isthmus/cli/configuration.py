"""What a fit is told: defaults < a file < options < ``--set``; saved beside the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from isthmus.errors import ParameterError, did_you_mean, problems

FILE = "config.yaml"
TEST_SHARE = 0.2


@dataclass(kw_only=True)
class Configuration:
    """A fit, complete: running it again gives the same model."""

    model: str | None = None
    data: str | None = None
    text: str | None = None  # the column of texts
    labels: str | None = None  # a column
    drop: list[str] = field(default_factory=list)  # columns
    test: str | None = None
    test_share: float = TEST_SHARE
    size: str | None = None  # "HxW"
    seed: int = 0
    fingerprint: str | None = None  # of the rows, once they have been fitted on
    parameters: dict[str, Any] = field(default_factory=dict)  # of the model
    trainer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """From a YAML file; raises ``ParameterError`` naming everything that is not known."""
        import yaml

        try:
            content = yaml.safe_load(path.read_text(encoding="utf8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise ParameterError(f"{path} cannot be read as a configuration: {error}") from error
        known = [each.name for each in fields(cls)]
        if not isinstance(content, Mapping):
            raise ParameterError(f"{path} holds a {type(content).__name__}; expected {', '.join(known)}")
        wrong = [f"{name!r} is not known. {did_you_mean(str(name), known)}" for name in content if name not in known]
        if wrong:
            raise ParameterError(problems(f"{path}:", wrong))
        return cls(**content)

    def write(self, folder: Path) -> Path:
        """As ``config.yaml`` in the model's folder."""
        import yaml

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        path.write_text(yaml.safe_dump(asdict(self), sort_keys=False), encoding="utf8")
        return path

    def assign(self, assignments: Sequence[str]) -> None:
        """Take in ``key=value`` pairs; keys may be nested with dots, values are YAML.

        >>> configuration = Configuration()
        >>> configuration.assign(["beta=2", "trainer.epochs=3", "network.channels=[8, 16]"])
        >>> configuration.parameters, configuration.trainer
        ({'beta': 2, 'network': {'channels': [8, 16]}}, {'epochs': 3})
        """
        import yaml

        wrong = [text for text in assignments if "=" not in text or text.startswith("=")]
        if wrong:
            raise ParameterError(f"--set takes key=value; got {', '.join(map(repr, wrong))}")
        for text in assignments:
            key, _, value = text.partition("=")
            head, *rest = key.split(".")
            place, names = (self.trainer, rest) if head == "trainer" and rest else (self.parameters, [head, *rest])
            for name in names[:-1]:
                if not isinstance(place.get(name), dict):
                    place[name] = {} if place.get(name) is None else {"name": place[name]}
                place = place[name]
            try:
                place[names[-1]] = yaml.safe_load(value)
            except yaml.YAMLError as error:
                raise ParameterError(f"--set {text}: {error}") from error

    def picture_size(self) -> tuple[int, int] | None:
        """``"64x48"`` as height and width."""
        if self.size is None:
            return None
        height, _, width = str(self.size).lower().partition("x")
        if not (height.isdigit() and width.isdigit() and int(height) and int(width)):
            raise ParameterError(f"size is {self.size!r}; expected HEIGHTxWIDTH, for example 64x64")
        return int(height), int(width)

    @property
    def model_name(self) -> str:
        """The model as the catalogue knows it: beta-vae, Beta-VAE and beta_vae are one."""
        return str(self.model).replace("-", "_").lower()

    def check(self) -> None:
        """Refuse what the model and the trainer do not know, all of it at once."""
        from isthmus import catalogue
        from isthmus.training.trainer import Trainer

        known = set(catalogue.parameters("models", self.model_name)) - {"random_state"}
        trainer = set(Trainer().get_params(deep=False))
        wrong = [
            f"{self.model} has no parameter {k!r}. {did_you_mean(k, known)}" for k in self.parameters if k not in known
        ]
        wrong += [
            f"the trainer has no setting {k!r}. {did_you_mean(k, trainer)}" for k in self.trainer if k not in trainer
        ]
        wrong += [f"seed is {self.seed!r}; expected 0 or more"] if self.seed < 0 else []
        if not 0 <= self.test_share < 1:
            wrong.append(f"test_share is {self.test_share!r}; expected a share in [0, 1)")
        if wrong:
            raise ParameterError(wrong[0] if len(wrong) == 1 else problems("The configuration is wrong:", wrong))
