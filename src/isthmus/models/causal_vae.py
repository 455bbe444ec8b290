"""The VAE whose code is concepts that cause one another."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, cooling_weight, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.causal import Causal
from isthmus.causal_estimator import CausalEstimator
from isthmus.errors import check
from isthmus.priors.structural_equations import StructuralEquations
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.stations import Term
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

EQUATIONS_RATE = 5.0  # few numbers, which learn from few: of the learning rate


class CausalVAE(CausalEstimator):
    """VAE whose code is named concepts, each with an equation of its causes: ``do`` says what x would have been.

    y of ``fit`` tells the concepts, ``{"light": [45.0, ...], ...}``, NaN where they are not known (and rows in which
    none is known count as those of a VAE do). ``concepts(X)`` reads them, in their units; ``do(X, {"light": 50.0})``
    sets one or several, keeps what does not hang on them, and draws the rest again; ``sample(n, do={"light": 50.0})``
    are new examples of such a world; ``graph_`` is who causes whom. ``transform`` gives concepts in standard
    deviations, and the free numbers.

    An intervention is right only where the graph is, and no common cause is missing from it. Concepts are what the
    labels say, for data alone do not tell them (Locatello et al. 2019). A graph that is learnt is the likeliest one,
    with smooth equations and normal noise; where these are lines it is known up to its Markov equivalence class, in
    which edges may point the other way.

    Unlike the paper's, equations are not linear and each has noise of its own variance; concepts that are known stand
    in the code themselves while it learns, so that equations and decoder learn from what is true; and the graph is
    found before training, by an exact search over orders of the concepts, so that it has no cycle.

    Source: Yang et al. 2021, CausalVAE: disentangled representation learning via neural structural causal models, CVPR.

    Parameters
    ----------
    free_dim : numbers beside the concepts, for what these do not tell; they stay as they are in interventions.
    graph : ``{child: [parents], ...}`` by the names of the concepts; None: learnt, of at most 10 concepts.
    alpha : weight of -log q(concepts | x), nats, the mean over rows in which they are known, beside the bound; where
        few are told much more than 1 has them learnt by heart.
    equations : widths of the hidden layers of each structural equation; () for lines.
    cooling : steps in which the weight of the free numbers' KL falls from 10 to 1; ``"auto"``: half of all steps; 0: it
        is always 1. While they are dear, what concepts tell is left to these.
    network, trainer, random_state : as for ``VAE``.
    likelihood : as for ``VAE``, but pictures by default have a Bernoulli likelihood.

    >>> import isthmus as im
    >>> swings = im.data.load("pendulum").take(range(200))
    >>> graph = {"shadow_length": ["pendulum", "light"], "shadow_position": ["pendulum", "light"]}
    >>> model = im.CausalVAE(graph=graph, trainer=im.Trainer(epochs=1)).fit(swings)
    >>> found = model.do(swings.take([0, 1]), {"light": 45.0})
    >>> found.examples.shape, found.after["light"].round(3).tolist(), found.moved
    ((2, 40, 64), [45.0, 45.0], ('shadow_length', 'shadow_position'))
    """

    code_parts = ("concepts", "free")
    blends = False
    automatic_binary_likelihood = automatic_picture_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "free_dim": Integers(0, 32, told_by=CAPACITY),
        "alpha": Numbers(0.1, 10.0, log=True),
    }

    def __init__(
        self,
        free_dim: int = 0,
        *,
        graph: Any = None,
        alpha: float = 1.0,
        equations: tuple[int, ...] = (32,),
        cooling: int | Literal["auto"] = "auto",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.free_dim, self.graph, self.alpha, self.equations = free_dim, graph, alpha, equations
        self.cooling, self.network, self.likelihood = cooling, network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(u, free | x) -> p(x | u, free)``; reconstruction + KL + alpha (-log q(u | x)) of what is known."""
        check(
            "CausalVAE",
            (self.alpha >= 0, f"alpha is {self.alpha!r}; expected 0 or more"),
            (self.free_dim >= 0, f"free_dim is {self.free_dim!r}; expected 0 or more"),
        )
        graph = self._found
        bottleneck = Causal(len(graph.names), self.free_dim)
        networks = make_networks(
            self.network,
            replace(setting, condition_dim=0),  # the networks see concepts as a part of the code alone
            latent_dim=bottleneck.latent_dim,
            features=bottleneck.in_dim,
            linear_path="trained",
        )
        weight = cooling_weight("CausalVAE", self.cooling, self._trainer(setting.rows).steps(setting.rows))
        free: list[Term] = [CodeCost("free.kl", weight)] if self.free_dim else []
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StructuralEquations(graph.parents, tuple(self.equations)),
            terms=[Reconstruction(), CodeCost("concepts.kl"), *free, CodeCost("concepts", self.alpha)],
            rates={"prior.": EQUATIONS_RATE},
        )
