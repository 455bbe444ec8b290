"""The contracts of the stations: what each kind of part takes and gives. Implementations are final.

``Batch`` -> **Corruption** -> ``View`` -> **Encoder** -> features -> **Bottleneck** (with a **Prior**)
-> ``Code`` -> **Decoder** -> output -> **Likelihood** and **Term** -> nats per example.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from torch import Tensor, nn

from isthmus.component import Component
from isthmus.errors import ParameterError, check
from isthmus.records import Batch, Code, Trace, View


class Corruption(Component, ABC):
    """``Batch -> View``: what the encoder may see."""

    spoils: ClassVar[bool] = True  # x itself, so that training must not spoil it once more
    partial: ClassVar[bool] = False  # what it leaves visible is not judged
    of_symbols: ClassVar[bool] = False  # x is a sequence of symbols, [batch, length]; the view may be shorter
    of_pictures: ClassVar[bool] = False  # x is a picture, [batch, (channels,) height, width]
    of_columns: ClassVar[bool] = False  # x is a table's row, [batch, places], several of them to a column

    @property
    def hides_condition(self) -> bool:
        """Whether some rows are seen as if their condition were not known. By default: none are."""
        return False

    @abstractmethod
    def forward(self, batch: Batch) -> View:
        """Spoil the batch; randomness comes from torch's current stream."""

    def connect(self, encoder: Encoder) -> None:
        """Meet the encoder once, when the model is put together. By default: nothing."""


class Encoder(Component, ABC):
    """``View -> features [batch, *grid, out_dim]``."""

    out_dim: int
    grid: tuple[int, ...] = ()
    stride: int = 1  # of x's places in a row, for each place of the features

    @abstractmethod
    def forward(self, view: View) -> Tensor:
        """Features of what is visible."""

    @property
    def told(self) -> bool:
        """Whether it reads the condition, too."""
        return bool(self.arguments.get("condition_dim"))

    @property
    def ragged(self) -> bool:
        """Whether some places of its features may be padding. By default: none is."""
        return False

    def valid(self, view: View) -> Tensor | None:
        """Which places of its features are real, shaped as they are but for the last axis. By default: all.

        The composition hands this on with the code, to the decoder; bottlenecks do not read it.
        """
        return None

    def initialise(self, view: View) -> None:
        """Start from a sample of the data, once, before training. By default: nothing."""

    def depths(self) -> list[tuple[str, ...]]:
        """What the names of its parameters begin with, layer by layer from the data on. By default: one layer."""
        return [("",)]

    def maps(self, view: View) -> list[Tensor]:
        """Features of several depths, ``[batch, channels, ...]`` each. By default: the last ones only."""
        return [self(view).movedim(-1, 1)]

    def from_maps(self, maps: Sequence[Tensor], view: View) -> Tensor:
        """The features, given ``maps(view)``, so that one pass gives both. By default: the last map is the features."""
        return maps[-1].movedim(1, -1)


class Posterior(ABC):
    """q(z | x): a distribution over codes, ``[batch, *grid, dim]``."""

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """The mean code."""

    @abstractmethod
    def at(self, noise: Tensor) -> Tensor:
        """The code that standard-normal ``noise`` stands for, differentiable; of many draws ``[draws, batch, ...]``."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """log q(z | x) per dimension, nats, shaped like z: ``[batch, *grid, dim]``, or many draws of it."""

    def detached(self) -> Self:
        """The same distribution without its graph: every tensor it holds is cut."""
        cut = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(cut, name, value.detach())
        return cut


class DiscretePosterior(Posterior):
    """q(z | x) over finitely many codes: ``z`` holds one-hot groups, or bits; ``logits`` are shaped like it.

    A choice is the largest of (or the sign of) logits with noise: ``harden(logits + noise())``.
    """

    logits: Tensor  # [batch, *grid, dim]

    @abstractmethod
    def noise(self) -> Tensor:
        """Standard noise (Gumbel, logistic) like the logits, from torch's current stream."""

    @abstractmethod
    def harden(self, perturbed: Tensor) -> Tensor:
        """The code that perturbed logits choose; without a gradient."""

    @abstractmethod
    def soften(self, perturbed: Tensor, temperature: Tensor | float) -> Tensor:
        """A relaxed code, which tends to the chosen one as the temperature falls; differentiable."""

    @abstractmethod
    def conditional(self, z: Tensor) -> Tensor:
        """Perturbed logits, drawn given that they choose ``z``; differentiable in the logits."""

    def of_free_logits(self, gradient: Tensor) -> Tensor:
        """A gradient in ``logits`` as one in the numbers that they come from. By default: they are those numbers."""
        return gradient

    @abstractmethod
    def symbols(self, z: Tensor) -> Tensor:
        """The choice as numbers, int64 ``[batch, *grid, symbols]``."""

    @abstractmethod
    def every(self) -> Tensor:
        """All codes of one position, ``[codes, dim]``."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many codes a position has."""


class GradientEstimator(Component, ABC):
    """How a gradient passes a discrete code.

    ``draw`` is for random codes (``draws``), ``pass_through`` for the nearest of a codebook (``passes``).
    """

    draws: ClassVar[bool] = True
    passes: ClassVar[bool] = False
    unbiased: ClassVar[bool] = False  # its mean is the gradient of the expected cost
    costs: ClassVar[tuple[str, ...]] = ()  # what ``hindsight`` gives

    def draw(self, posterior: DiscretePosterior) -> Code:
        """In training: ``z``, and the ``probes`` that ``hindsight`` needs."""
        raise NotImplementedError

    def pass_through(self, features: Tensor, quantised: Tensor) -> Tensor:
        """``quantised`` in value; the gradient reaches the features, ``[batch, *grid, dim]``."""
        raise NotImplementedError

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """Costs that need the output: surrogates, whose value is 0 and whose gradient is the estimate."""
        return {}


class Codebook(Component, ABC):
    """``size`` vectors of ``dim`` numbers; the nearest stands for a feature."""

    learned: ClassVar[bool] = False  # by gradient: the cost "codebook" pulls it to the features

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        check(
            type(self).__name__,
            (size >= 2, f"size is {size!r}; expected 2 or more"),
            (dim >= 1, f"dim is {dim!r}; expected 1 or more"),
        )
        self.size, self.dim = size, dim

    @abstractmethod
    def vectors(self) -> Tensor:
        """``[size, dim]`` float32."""

    @abstractmethod
    def start(self, vectors: Tensor) -> None:
        """Begin with these, ``[size, dim]``."""

    def prepare(self, features: Tensor) -> Tensor:
        """Features as the codebook compares them. By default: as they are."""
        return features

    def observe(self, features: Tensor, index: Tensor) -> None:
        """Learn from features ``[n, dim]`` and their codes ``[n]``, once a training step. By default: nothing."""


class Prior(Component, ABC):
    """p(z)."""

    continuous: ClassVar[bool] = True  # a density; where not, probabilities of discrete codes
    everywhere: ClassVar[bool] = True  # on all of space; where not, on a part of it, such as a sphere
    symbolic: ClassVar[bool] = False  # z stands for symbols, not for codes
    bound: ClassVar[bool] = False  # ``log_prob`` is a lower bound of log p(z)
    # how it is learnt from the codes of a model that is fitted: by ``fit``, by steps of training, or not at all
    afterwards: ClassVar[Literal["at once", "by steps"] | None] = None

    def connect(self, encoder: Encoder, bottleneck: Bottleneck) -> None:
        """Meet the way to the code once, when the model is put together. By default: nothing."""

    def look_at(self, view: View) -> None:
        """Meet some rows of the data, once, before it starts from their codes. By default: nothing."""

    def fit(self, codes: Tensor) -> None:
        """Learn all of it from codes ``[n, dim]`` of a fitted model, with torch's current stream."""
        raise ParameterError(f"{type(self).__name__} is not learnt from codes at once")

    @abstractmethod
    def log_prob(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """log p(z), nats: per dimension ``[..., dim]`` where the prior factorises, else ``[..., 1]``."""

    def log_prob_anew(self, z: Tensor) -> Tensor:
        """As ``log_prob``; of a bound by draws that are always the same with new ones, by which means err less."""
        return self.log_prob(z)

    @abstractmethod
    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Codes of ``shape`` (``[n, *grid, dim]``) drawn from the prior with torch's current stream."""

    def sharpened(self, temperature: float, top_k: int | None) -> Prior:
        """The same prior that draws otherwise; raises ``ParameterError`` where that is not defined."""
        raise ParameterError(
            f"temperature and top_k are for priors that fit_prior has learnt; here is {type(self).__name__}"
        )

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q || p), nats, shaped like ``log_prob``: by one-sample Monte Carlo unless a closed form exists."""
        log_p = self.log_prob(z)
        log_q = posterior.log_prob(z)
        return (log_q.sum(-1, keepdim=True) if log_p.shape[-1] == 1 else log_q) - log_p

    def divergence_within(self, posterior: Posterior, z: Tensor, clusters: Tensor) -> Tensor:
        """As ``divergence``, where the cluster of each code is known; raises ``ParameterError`` where there is none."""
        raise ParameterError(
            f"codes are held to the clusters of a prior, such as GaussianMixture; {type(self).__name__} has none"
        )

    def initialise(self, codes: Tensor, best: Tensor) -> Tensor | None:
        """Start from drawn codes and from the best ones ``[n, *grid, dim]`` of some rows, once. By default: nothing.

        Gives the number of the cluster that each row starts in, ``[n]``, where there are any.
        """
        return None


class Bottleneck(Component, ABC):
    """``(features, view, prior) -> Code``, acting on the last axis only."""

    random: ClassVar[bool] = False  # codes have a posterior, from which they are drawn
    everywhere: ClassVar[bool] = True  # codes are anywhere in space; where not, on a part of it, such as a sphere
    nested: ClassVar[bool] = False  # the first symbols of a place alone stand for a coarser code
    reads_condition: ClassVar[bool] = False  # the code depends on what is told, whether the encoder reads it or not
    in_dim: int  # features it takes
    latent_dim: int  # numbers it gives

    @abstractmethod
    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """The code of a training or scoring pass: drawn where the code is random, with its costs."""

    def mode(self, features: Tensor, view: View) -> Code:
        """The single best code, without randomness. By default: ``forward`` itself."""
        return self.forward(features, view, None)

    def initialise(self, features: Tensor, view: View) -> None:
        """Start from a sample of features, once, before training. By default: nothing."""

    def hindsight(self, trace: Trace) -> Mapping[str, Tensor]:
        """Costs of the code that only the output tells. By default: none."""
        return {}

    def look_up(self, symbols: Tensor) -> Tensor:
        """``z`` of symbols ``[batch, *grid, symbols]``, where the code is discrete."""
        raise ParameterError(f"{type(self).__name__} is not discrete: its codes have no symbols")

    @property
    def parts(self) -> Mapping[str, slice]:
        """Named slices of the code's last axis. By default: none."""
        return {}

    def unexplained(self, features: Tensor) -> float | None:
        """The share of the features' variance that vectors in their place leave over; None where there are none."""
        return None

    @property
    def levels(self) -> tuple[int, ...]:
        """How many values each symbol of a position can have; none where the code is not discrete."""
        return ()


class Decoder(Component, ABC):
    """``(Code, View) -> output [batch, outputs, *shape]``: the parameters of the likelihood."""

    grid: tuple[int, ...] = ()  # places of the codes that it takes

    @abstractmethod
    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """Rebuild; ``teacher`` is given to autoregressive decoders in training only."""

    def connect(self, encoder: Encoder) -> None:
        """Meet the encoder once, when the model is put together (tied weights). By default: nothing."""

    def initialise(self, code: Code, view: View, wanted: Tensor) -> None:
        """Start so that ``wanted`` (``[batch, *shape]``, in output units) comes out. By default: nothing."""


class WritingState(ABC):
    """What a decoder remembers of what it has written so far, row by row."""

    @abstractmethod
    def select(self, rows: Tensor) -> None:
        """Go on with these rows, in this order; a row may come more than once."""


class SequenceDecoder(Decoder):
    """A decoder that writes symbols in order, each of them knowing the code and those before.

    ``isthmus.layers.writing`` is the loop that writes.
    """

    takes_places: ClassVar[bool] = False  # of a code with several places, to all of which it attends
    end: int | None = None  # the symbol after which nothing comes; None: all places are filled
    out_shape: tuple[int, ...]  # of what it writes; of one axis: the longest sequence
    positions: int  # places of that

    @abstractmethod
    def begin(self, code: Code, view: View | None) -> WritingState:
        """Nothing is written yet."""

    @abstractmethod
    def next_scores(self, last: Tensor | None, state: WritingState) -> Tensor:
        """Scores of the next symbol, ``[batch, outputs]``, after ``last [batch]``; at the first place there is none."""


class Likelihood(Component, ABC):
    """``(output, target) -> log p(x | z)`` per example in nats; decides the decoder's head."""

    outputs: int = 1  # numbers per value of x that the decoder must give
    scaling: ClassVar[str] = "auto"  # how tables, images … must be scaled for it: see NumericSchema.learn
    continuous: ClassVar[bool] = True  # a density, which changes with the units of x
    of_two_values: ClassVar[bool] = False  # 0 and 1: of what lies between it is a cross-entropy, no probability
    of_columns: ClassVar[bool] = False  # x is a table's row, [batch, places], several of them to a column
    blends: ClassVar[bool] = True  # what lies between two x may stand in for one

    @abstractmethod
    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each value, nats: ``[batch, *shape]`` from output ``[batch, outputs, *shape]``.

        What is read off errors (a variance) is read off those of the ``valid`` values.
        """

    @abstractmethod
    def mean(self, output: Tensor) -> Tensor:
        """The expected x, ``[batch, *shape]``; where values have no order, the likeliest."""

    @abstractmethod
    def sample(self, output: Tensor) -> Tensor:
        """A draw of x, ``[batch, *shape]``, with torch's current stream."""

    def rebuilt(self, output: Tensor, x: Tensor) -> Tensor:
        """The expected x, ``[batch, *shape]``, of rows that are known: how much was counted. By default: ``mean``."""
        return self.mean(output)

    def example(self, output: Tensor) -> Tensor:
        """What a new code becomes, ``[batch, *shape]``. By default: the expected x, without noise."""
        return self.mean(output)

    def link(self, target: Tensor) -> Tensor:
        """The output (first channel) that means ``target``. By default: the target itself."""
        return target

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Start from a first reconstruction, once, before training. By default: nothing."""

    def calibrate(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> None:
        """Set what is read off errors (a variance) from rows not trained on. By default: nothing."""

    def log_prob(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p(target | z), nats, summed over the valid values: ``[batch]``, in float32."""
        counted = None if valid is None else _same_shape(valid, target)
        values = self.log_prob_values(output.float(), target.float(), counted)
        if counted is not None:
            values = values.where(counted, 0.0)
        return values.flatten(1).sum(1)

    def log_prob_values_of_members(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each value by each member of an ensemble alone, ``[members, batch, *shape]``. By default: one."""
        return self.log_prob_values(output.float(), target.float(), valid)[None]

    def log_prob_of_members(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor | None:
        """log p(target | z) by each member, nats: ``[members, batch]``; by default None, for there is no ensemble."""
        return None


class Tokeniser(Component, ABC):
    """Text as tokens, numbered from 0, and back. Its arguments are what it has learnt, so its spec is all of it."""

    takes_blanks: ClassVar[bool] = False  # a token holds the blank before it

    @classmethod
    @abstractmethod
    def learn(cls, texts: Sequence[str]) -> Self:
        """From texts; further keyword arguments, such as the ``size`` of the vocabulary, are the user's choices."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many tokens there are."""

    @abstractmethod
    def pieces(self, text: str) -> list[str]:
        """The text of each token, known or not, in order."""

    @abstractmethod
    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text; -1 where one is not known."""

    @abstractmethod
    def text(self, numbers: Sequence[int]) -> str:
        """What tokens say."""


class Critic(Component, ABC):
    """A judge that takes its own steps on ``trace.detached()``; terms name it and read its ``verdict``."""

    compiles = False  # its steps come in the middle of the pass
    wants: frozenset[str] = frozenset()  # of "rebuilt", "drawn", "generated": what the trace must hold
    repeats: int = 1  # own steps, on the same batch, for each step of those it judges

    @abstractmethod
    def loss(self, trace: Trace) -> Tensor:
        """What it lessens: a scalar, from a trace without a graph."""

    @abstractmethod
    def verdict(self, trace: Trace) -> Tensor:
        """What its score costs those who made the example, ``[batch]``, with their graph."""


class Schedule(Component, ABC):
    """A number that changes with the step of training."""

    @abstractmethod
    def at(self, step: int) -> float:
        """Its value at a step (from 0)."""

    @property
    @abstractmethod
    def settles(self) -> int:
        """The step from which it no longer warms up (early stopping waits for it)."""


class Term(Component, ABC):
    """``Trace -> cost``, nats: ``[batch]`` or, where no per-example value exists, a scalar."""

    name: str
    weight: float | Schedule
    compares: ClassVar[bool] = True  # lower is better from step to step; not so where a critic moves the goal
    wants: ClassVar[frozenset[str]] = frozenset()  # as for critics; "maps" and "gradients" as well
    of_columns: ClassVar[bool] = False  # x is a table's row, [batch, places], several of them to a column

    @property
    def moving(self) -> Mapping[str, Schedule]:
        """Numbers of its own that change with the step of training, by name. By default: none."""
        return {}

    @property
    def meaning(self) -> str:
        """What its value says of a model, for people, with the unit and the best there is. By default: nothing."""
        return ""

    def connect(self, decoder: Decoder | None) -> None:
        """Meet the decoder once, when the model is put together. By default: nothing."""

    def initialise(self, batch: Batch) -> None:
        """Start from a sample of the data, once, before training. By default: nothing."""

    def start(self, codes: Tensor) -> None:
        """Start from the codes ``[n, *grid, dim]`` of that sample, after all else. By default: nothing."""

    @abstractmethod
    def forward(self, trace: Trace, earlier: Mapping[str, Tensor]) -> Tensor:
        """The cost; ``earlier`` holds the raw values of the terms before it, and its ``moving`` numbers of now."""


class Player:
    """Some of a model's parameters, and the names of the terms whose sum they lessen (None: all of them).

    ``rates`` are multiples of the learning rate, one for each parameter.
    """

    def __init__(
        self,
        name: str,
        parameters: Sequence[nn.Parameter],
        terms: Sequence[str] | None = None,
        rates: Sequence[float] | None = None,
    ) -> None:
        self.name = name
        self.parameters = list(parameters)
        self.terms = None if terms is None else tuple(terms)
        self.rates = [1.0] * len(self.parameters) if rates is None else list(rates)


def _same_shape(valid: Tensor, values: Tensor) -> Tensor:
    """Masks are shape-checked, never guessed."""
    if valid.shape != values.shape:
        raise ValueError(f"valid has shape {tuple(valid.shape)}; the values have {tuple(values.shape)}")
    return valid
