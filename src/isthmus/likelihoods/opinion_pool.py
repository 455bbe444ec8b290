"""What the members of an ensemble say together."""

from typing import Any

from torch import Tensor

from isthmus.errors import check
from isthmus.stations import Likelihood


class OpinionPool(Likelihood):
    """``of`` the average of the outputs of several members: p(x) is proportional to their geometric mean.

    That holds where the average of outputs is that of logits, or of means with the same variance (Gaussian with a
    variance of its own, Bernoulli, categorical). ``output`` is ``[batch, members * of.outputs, *shape]``.

    Source: Heskes 1998, Selecting weighting factors in logarithmic opinion pools, NIPS 10, section 2.

    >>> import torch
    >>> from isthmus import catalogue
    >>> pool = OpinionPool(of=catalogue.make("likelihoods", "gaussian", {"variance": "fixed"}), members=2)
    >>> pool.mean(torch.tensor([[[1.0], [3.0]]]))
    tensor([[2.]])
    """

    def __init__(self, of: Likelihood, members: int) -> None:
        super().__init__()
        check("OpinionPool", (members >= 1, f"members is {members!r}; expected 1 or more"))
        self.of, self.members = of, members
        self.outputs = members * of.outputs
        self.scaling, self.continuous = of.scaling, of.continuous  # type: ignore[misc]

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each value given the average output, nats."""
        return self.of.log_prob_values(self._average(output), target, valid)

    def log_prob_values_of_members(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each value by each member alone, nats: ``[members, batch, *shape]``."""
        each = self._each(output).transpose(0, 1).flatten(0, 1)  # [members * batch, outputs of each, *shape]
        found = self.of.log_prob_values(each, self._repeated(target.float()), self._repeated(valid))
        return found.unflatten(0, (self.members, -1))

    def log_prob_of_members(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p(target) by each member alone, nats, summed over the valid values: ``[members, batch]``."""
        values = self.log_prob_values_of_members(output, target, valid)
        counted = values if valid is None else values.where(valid, 0.0)
        return counted.flatten(2).sum(2)

    def mean(self, output: Tensor) -> Tensor:
        """The expected x given the average output."""
        return self.of.mean(self._average(output))

    def sample(self, output: Tensor) -> Tensor:
        """A draw given the average output."""
        return self.of.sample(self._average(output))

    def link(self, target: Tensor) -> Tensor:
        """The output that every member has to give."""
        return self.of.link(target)

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Start from a first average reconstruction."""
        self.of.initialise(self._average(output), target)

    def calibrate(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> None:
        """Set what is read off errors from the average of rows not trained on."""
        self.of.calibrate(self._average(output), target, valid)

    def _each(self, output: Tensor) -> Tensor:
        """``[batch, members, outputs of each, *shape]``."""
        return output.float().unflatten(1, (self.members, self.of.outputs))

    def _average(self, output: Tensor) -> Tensor:
        """``[batch, outputs of each, *shape]``."""
        return self._each(output).mean(1)

    def _repeated(self, values: Any) -> Any:
        """Once for each member; None stays None."""
        return None if values is None else values.expand(self.members, *values.shape).flatten(0, 1)
