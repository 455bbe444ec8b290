"""Where the stations meet: the one composition that every model of the family is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from isthmus.component import Component
from isthmus.errors import ParameterError, check
from isthmus.layers.pretraining import pretrain
from isthmus.priors.standard_normal import StandardNormal
from isthmus.records import Batch, Code, Loss, Trace, View, batch_mean, in_parts, of_rows, repeated
from isthmus.stations import (
    Bottleneck,
    Corruption,
    Critic,
    Decoder,
    Encoder,
    Likelihood,
    Player,
    Posterior,
    Prior,
    Schedule,
    Term,
)

AT_ONCE = 1024  # rows through a network outside of training
MOST_OUTPUTS = 2**26  # numbers of output at a time: 256 MiB


class Autoencoder(Component):
    """Encoder, bottleneck, decoder and likelihood, with a corruption before, a prior behind and terms around.

    Source: the design is described in docs/architecture.md.

    >>> import torch
    >>> from isthmus import catalogue
    >>> model = Autoencoder(
    ...     encoder=catalogue.make("encoders", "mlp", {"in_shape": (6,), "out_dim": 4, "hidden": (8,)}),
    ...     bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": 2}),
    ...     decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (6,), "hidden": (8,)}),
    ...     likelihood=catalogue.make("likelihoods", "bernoulli", {}),
    ...     prior=catalogue.make("priors", "standard_normal", {}),
    ...     terms=[catalogue.make("terms", "reconstruction", {}),
    ...            catalogue.make("terms", "code_cost", {"name": "kl"})],
    ... )
    >>> trace = model(Batch(x=torch.ones(3, 6)))
    >>> sorted(model.loss(trace).terms)
    ['kl', 'reconstruction']
    """

    def __init__(
        self,
        encoder: Encoder,
        bottleneck: Bottleneck,
        decoder: Decoder | None = None,
        likelihood: Likelihood | None = None,
        *,
        terms: Sequence[Term],
        prior: Prior | None = None,
        corruption: Corruption | None = None,
        critics: Mapping[str, Critic] | None = None,
        players: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
        rates: Mapping[str, float] | None = None,
        pretrain_steps: int = 0,
        hold_steps: int = 0,
    ) -> None:
        super().__init__()
        names = [term.name for term in terms]
        check(
            "Autoencoder",
            (len(terms) > 0, "terms is empty; there would be nothing to learn from"),
            (len(set(names)) == len(names), f"terms are called {names}; names must differ"),
            ((decoder is None) == (likelihood is None), "a decoder and a likelihood come together"),
            (
                encoder.out_dim == bottleneck.in_dim,
                f"the encoder gives {encoder.out_dim} features, the bottleneck takes {bottleneck.in_dim}",
            ),
            (
                decoder is None or not decoder.grid or decoder.grid == encoder.grid,
                f"the encoder's codes have the grid {encoder.grid}, the decoder takes {decoder and decoder.grid}",
            ),
            (
                not encoder.ragged
                or not any(part.random or part.levels for part in bottleneck.modules() if isinstance(part, Bottleneck)),
                f"{type(bottleneck).__name__} would take padding for codes; let the encoder give one (flatten=True)",
            ),
            (
                prior is None or not bottleneck.random or prior.continuous != bool(bottleneck.levels),
                f"{type(prior).__name__} is no prior for codes of {type(bottleneck).__name__}: one of them is discrete",
            ),
            (
                prior is None or not prior.continuous or prior.everywhere == bottleneck.everywhere,
                (
                    f"{type(prior).__name__} is none for codes of {type(bottleneck).__name__}: "
                    "one of them is on a part of space"
                ),
            ),
            (
                prior is None or prior.arguments.get("latent_dim", bottleneck.latent_dim) == bottleneck.latent_dim,
                (
                    f"{type(prior).__name__}: latent_dim is {prior and prior.arguments.get('latent_dim')!r}; "
                    f"the code has {bottleneck.latent_dim} numbers; fit one to them by model.fit_prior(X)"
                ),
            ),
            (pretrain_steps >= 0, f"pretrain_steps is {pretrain_steps!r}; expected 0 or more"),
            (
                pretrain_steps <= 0 or decoder is not None,
                "pretrain_steps are for a model that rebuilds; give a decoder",
            ),
            (hold_steps >= 0, f"hold_steps is {hold_steps!r}; expected 0 or more"),
            (
                hold_steps <= 0
                or (
                    decoder is not None
                    and bottleneck.random
                    and prior is not None
                    and type(prior).divergence_within is not Prior.divergence_within
                ),
                "hold_steps are for a random code that is rebuilt, with a prior of clusters such as GaussianMixture",
            ),
        )
        self.encoder, self.bottleneck, self.decoder = encoder, bottleneck, decoder
        self.likelihood, self.prior, self.corruption = likelihood, prior, corruption
        self.terms = nn.ModuleList(terms)
        self.critics = nn.ModuleDict(critics or {})
        self._wanted = frozenset[str]().union(
            *(c.wants for c in (critics or {}).values()), *(t.wants for t in self._terms())
        )
        self._roles, self._rates = players or {}, rates or {}
        self._pretrain_steps, self._hold_steps = pretrain_steps, hold_steps
        _check_roles(self._roles, [*names], self)
        _check_rates(self._rates, self)
        if self._wanted & {"drawn", "generated"} and prior is None:
            raise ParameterError("Autoencoder: critics want codes drawn from a prior, and there is none")
        if self._wanted & {"rebuilt", "generated"} and decoder is None:
            raise ParameterError("Autoencoder: critics or terms want what a decoder makes, and there is none")
        self.code_shape = (*encoder.grid, bottleneck.latent_dim)
        if decoder is not None:
            decoder.connect(encoder)
        if corruption is not None:
            corruption.connect(encoder)
        for term in terms:
            term.connect(decoder)
        if prior is not None:
            prior.connect(encoder, bottleneck)

    def with_prior(self, prior: Prior | None) -> Autoencoder:
        """The same model, weights and all, with another prior."""
        parts = {**self.arguments, "prior": prior}
        return Autoencoder(**parts)

    # -- the pass ------------------------------------------------------------------------------------

    def forward(self, batch: Batch) -> Trace:
        """One pass with corruption and randomness: what training and scoring see."""
        view = _bare(batch) if self.corruption is None else self.corruption(batch)
        if "gradients" in self._wanted:
            with torch.enable_grad():  # also where nothing is learnt: terms differentiate
                return self._passed(batch, replace(view, x=view.x.detach().requires_grad_()))
        return self._passed(batch, view)

    def _passed(self, batch: Batch, view: View) -> Trace:
        maps = tuple(self.encoder.maps(view)) if "maps" in self._wanted else ()
        features = self.encoder.from_maps(maps, view) if maps else self.encoder(view)
        code = self._marked(self.bottleneck(features, view, self.prior), view)
        trace = Trace(batch=batch, view=view, features=features, code=code, maps=maps)
        if self.decoder is None or self.likelihood is None:
            return self._for_critics(trace)
        output = self.decoder(code, view, trace.target)
        judged = output, trace.target, _counted(batch, view)
        trace = replace(
            trace,
            output=output,
            log_likelihood=self.likelihood.log_prob(*judged),
            log_likelihood_of_members=self.likelihood.log_prob_of_members(*judged),
            probed=self._probed(trace),
        )
        later = self.bottleneck.hindsight(trace)
        trace = replace(trace, code=replace(code, costs={**code.costs, **later})) if later else trace
        return self._for_critics(trace)

    def features(self, batch: Batch) -> Tensor:
        """What the encoder makes of clean data, ``[batch, *grid, dim]``."""
        return self._encoder()(_bare(batch))

    def encode(self, batch: Batch) -> Code:
        """The single best code of clean data: no corruption, no randomness."""
        return self._code(_bare(batch))

    def decode(self, code: Code, view: View | None = None) -> Tensor:
        """The likelihood's parameters, ``[batch, outputs, *shape]``; ``view`` carries the condition."""
        return self._decoder()(code, view, None)

    def rebuild(self, batch: Batch) -> Tensor:
        """The expected x for clean data, ``[batch, *shape]``, in the model's units."""
        return self._likelihood().rebuilt(self.output(_bare(batch)), batch.wanted)

    def completed(self, view: View) -> Tensor:
        """The expected x, ``[batch, *shape]``, of which the encoder may see this much; no randomness."""
        return self._likelihood().mean(self.output(view))

    def output(self, view: View) -> Tensor:
        """The likelihood's parameters, ``[batch, outputs, *shape]``, of which the encoder may see this much."""
        return self.decode(self._code(view), view)

    def drawn_again(self, batch: Batch) -> Tensor:
        """x drawn given a code that is drawn given x, ``[batch, *shape]``, with torch's current stream."""
        view = _bare(batch)
        code = self._marked(self.bottleneck(self._encoder()(view), view, self.prior), view)
        return self._likelihood().sample(self.decode(code, view))

    def log_completed(self, view: View, batch: Batch) -> Tensor:
        """log p of what the view wants judged, given what it lets the encoder see: nats, ``[batch]``."""
        return self._likelihood().log_prob(self.output(view), batch.wanted, _counted(batch, view))

    def sample(self, count: int, condition: Tensor | None = None) -> Tensor:
        """What codes drawn from the prior become, ``[count, *shape]``: the expected x; of counts and columns, x drawn.

        Raises ``ParameterError`` where the model has no prior.
        """
        code = self.drawn(count, condition)
        return self._likelihood().example(self.decode(code, View(x=code.z, condition=condition)))

    def drawn(self, count: int, condition: Tensor | None = None) -> Code:
        """Codes from the prior, ``[count, *grid, latent_dim]``; raises ``ParameterError`` where there is none."""
        if self.prior is None:
            raise ParameterError(
                "This model has no prior to draw codes from. "
                + (
                    "Fit one to its symbols: model.fit_prior(X), on the command line isthmus fit-prior MODEL."
                    if self.bottleneck.levels
                    else "Fit one to its codes: model.fit_prior(X), on the command line isthmus fit-prior MODEL; or "
                    "use a model with one from the start, such as a VAE or an AAE."
                )
            )
        drawn = self.prior.sample((count, *self.code_shape), condition).to(_device(self))
        return Code(z=self.bottleneck.look_up(drawn) if self.prior.symbolic else drawn)

    # -- the loss ------------------------------------------------------------------------------------

    def loss(self, trace: Trace, weights: Mapping[str, float | Tensor] | None = None) -> Loss:
        """All terms, in order, and their weighted total: nats per example.

        ``weights`` replace the terms' own; by default the schedules' final values are taken.
        """
        weights = self.final_weights() if weights is None else weights
        if self.critics:
            verdicts = {name: critic.verdict(trace) for name, critic in self.judges().items()}
            trace = replace(trace, verdicts=verdicts)
        raw: dict[str, Tensor] = {}
        for term in self.terms:
            raw[term.name] = term(trace, {**raw, **_own(term, weights)})  # type: ignore[index, arg-type]
        weights = {name: weights[name] for name in raw}
        means = [weights[name] * batch_mean(value, trace.batch.weight) for name, value in raw.items()]
        return Loss(terms=raw, weights=weights, total=torch.stack(means).sum())

    def weights_at(self, step: int) -> dict[str, float]:
        """Every term's weight at a step of training, and its other moving numbers, ``"term.number"``."""
        found = {t.name: _value(t.weight, step) for t in self._terms()}
        moving = {f"{t.name}.{key}": each.at(step) for t in self._terms() for key, each in t.moving.items()}
        return found | moving

    @property
    def changing(self) -> list[str]:
        """Those of ``weights_at`` that change."""
        weights = [t.name for t in self._terms() if isinstance(t.weight, Schedule)]
        return weights + [f"{t.name}.{key}" for t in self._terms() for key in t.moving]

    def final_weights(self) -> dict[str, float]:
        """Every term's weight once its schedule has settled."""
        return self.weights_at(self.settles)

    @property
    def settles(self) -> int:
        """The step from which no weight warms up any more."""
        moving = [each.settles for t in self._terms() for each in t.moving.values()]
        return max([0, *moving, *(t.weight.settles for t in self._terms() if isinstance(t.weight, Schedule))])

    def meanings(self) -> dict[str, str]:
        """What the values of the terms say, in words, by their names; of those that say something."""
        return {t.name: t.meaning for t in self._terms() if t.meaning}

    def players(self) -> list[Player]:
        """Who takes which gradient: by default one player lessens all terms with all parameters but the critics'.

        ``players={"encoder": {"parts": ("encoder", "bottleneck"), "terms": ("reconstruction", "kl")}, ...}`` shares
        out the parts; weights of a term are those of the first player who lessens it, and what no player has is the
        first one's. ``rates={"encoder.stack.": 0.1, ...}`` are multiples of
        the learning rate, by the beginning of a parameter's name; the longest counts.
        """
        own = {name: p for name, p in self.named_parameters() if p.requires_grad and not name.startswith("critics.")}
        if not self._roles:
            return [Player("model", list(own.values()), rates=[self._rate(name) for name in own])]
        taken: dict[str, list[str]] = {role: [] for role in self._roles}
        for name in own:
            owners = [role for role, each in self._roles.items() if self._is_own(name, each)]
            taken[owners[0] if owners else next(iter(self._roles))].append(name)
        return [
            Player(role, [own[n] for n in taken[role]], each["terms"], [self._rate(n) for n in taken[role]])
            for role, each in self._roles.items()
        ]

    def judges(self) -> dict[str, Critic]:
        """The critics by name."""
        return dict(self.critics.items())  # type: ignore[arg-type]

    @property
    def answers_untold(self) -> bool:
        """Whether it has practised on rows whose condition was hidden, so that it can be asked without one."""
        return self.corruption is not None and self.corruption.hides_condition

    @property
    def compares(self) -> bool:
        """Whether a lower loss is a better model: not where critics move the goal."""
        return all(term.compares for term in self._terms())

    @torch.no_grad()
    def initialise(self, batch: Batch) -> None:
        """Start every station from a sample of the data, in the order of the flow, before training."""
        was_training = self.training
        self.eval()
        view = _bare(batch)
        self.encoder.initialise(view)
        features = torch.cat([self.encoder(part) for part in in_parts(view, AT_ONCE)])
        self.bottleneck.initialise(features, view)
        if self.decoder is not None and self.likelihood is not None:
            target, code = batch.wanted, self.bottleneck.mode(features, view)
            self.decoder.initialise(code, view, self.likelihood.link(target))
            if type(self.likelihood).initialise is not Likelihood.initialise:  # which reads outputs
                self._start_likelihood(Code(z=code.z, valid=self.encoder.valid(view)), view, target)
        if self._pretrain_steps:
            self._pretrain(batch)
        for term in self._terms():
            term.initialise(batch)
        if self.prior is not None:
            self.prior.look_at(view)
        clusters = self._start_from_codes(view)
        if clusters is not None and self._hold_steps:
            self._hold(batch, clusters)
        self.train(was_training)

    def _start_from_codes(self, view: View) -> Tensor | None:
        """Those parts that begin with what the codes look like, noise and all: a prior is of drawn codes.

        Gives the cluster of each row, ``[batch]``, where the prior has clusters.
        """
        clusters = None
        prior = [] if self.prior is None or type(self.prior).initialise is Prior.initialise else [self.prior]
        terms = [term for term in self._terms() if type(term).start is not Term.start]
        if prior or terms:
            made = [(self._encoder()(part), part) for part in in_parts(view, AT_ONCE)]
            codes = torch.cat([self.bottleneck(features, part, None).z for features, part in made]).float()
            best = torch.cat([self.bottleneck.mode(features, part).z for features, part in made]).float()
            for each in prior:
                clusters = each.initialise(codes, best)
            for term in terms:
                term.start(codes)
        return clusters

    def _pretrain(self, batch: Batch) -> None:
        """As a plain autoencoder; where the code is random, as a plain VAE."""
        prior = StandardNormal() if self.bottleneck.random else None

        def paid(code: Code, index: Tensor) -> Tensor:
            return torch.stack([*code.costs.values()]).sum(0) if code.costs else code.z.new_zeros(len(code.z))

        self._learn_before_training(batch, self._pretrain_steps, paid, prior=prior)

    def _hold(self, batch: Batch, clusters: Tensor) -> None:
        """As a VAE whose prior is told the cluster of each row, ``[batch]``.

        Clusters that a prior starts from have any shape, the prior's own have one, and would give rows to others: so
        the codes take that shape first.
        """
        prior = self.prior
        assert prior is not None  # it gave the clusters

        def paid(code: Code, index: Tensor) -> Tensor:
            assert code.posterior is not None
            return prior.divergence_within(code.posterior, code.z, clusters[index]).flatten(1).sum(1)

        self._learn_before_training(batch, self._hold_steps, paid, others=(prior,))

    def _learn_before_training(
        self,
        batch: Batch,
        steps: int,
        paid: Callable[[Code, Tensor], Tensor],
        *,
        prior: Prior | None = None,
        others: Sequence[nn.Module] = (),
    ) -> None:
        """Rebuild rows of the batch, and lessen what is ``paid`` for their codes; the networks learn, and the others.

        ``prior`` is the one that the bottleneck names its costs by.
        """

        def cost(index: Tensor) -> Tensor:
            index = index.to(batch.x.device)
            some = of_rows(batch, index)
            view = _bare(some)
            code = self._marked(self.bottleneck(self._encoder()(view), view, prior), view)
            output = self._decoder()(code, view, some.wanted)
            return (paid(code, index) - self._likelihood().log_prob(output, some.wanted, some.wanted_valid)).mean()

        self.train()
        parts = [self.encoder, self.bottleneck, self.decoder, self.likelihood, *others]
        learnt = [p for part in parts if part is not None for p in part.parameters() if p.requires_grad]
        pretrain(cost, learnt, rows=len(batch), steps=steps)
        for parameter in learnt:
            parameter.grad = None
        self.eval()

    def _start_likelihood(self, code: Code, view: View, target: Tensor) -> None:
        """From a first reconstruction, of as many rows as fit."""
        likelihood, decoder = self._likelihood(), self._decoder()
        fitting = max(1, MOST_OUTPUTS // (likelihood.outputs * target[0].numel()))
        parts = zip(in_parts(code, AT_ONCE), in_parts(view, AT_ONCE), target.split(AT_ONCE), strict=True)
        output = torch.cat([decoder(*part) for part in itertools.islice(parts, math.ceil(fitting / AT_ONCE))])
        likelihood.initialise(output, target[: len(output)])

    @torch.no_grad()
    def calibrate(self, batch: Batch) -> None:
        """Fit what the likelihood reads off errors (a variance) to these rows, which were not trained on."""
        if self.likelihood is not None:
            trace = self(batch)
            self.likelihood.calibrate(trace.output, trace.target, _counted(batch, trace.view))

    def calibration(self) -> dict[str, Tensor]:
        """What ``calibrate`` sets: the likelihood's buffers of numbers."""
        buffers = {} if self.likelihood is None else dict(self.likelihood.named_buffers())
        return {name: values for name, values in buffers.items() if values.is_floating_point()}

    # -- likelihood ----------------------------------------------------------------------------------

    def log_bound(self, batch: Batch, noise: Tensor) -> Tensor:
        """A lower bound of log p(x), nats, ``[batch]``: the ELBO at beta = 1 for clean data.

        ``noise`` ``[samples, 1 or batch, latent_dim]`` stands for the draws from the posterior. Where the code
        is not random, or there is no prior, it is log p(x | z): the code itself is left out. With a prior over
        symbols it is log p(x | z) + log p(symbols), a bound as well.
        """
        view, code = _bare(batch), self.encode(batch)
        if self.prior is not None and self.prior.symbolic and code.symbols is not None:
            rate = self.prior.log_prob(code.symbols, batch.condition).flatten(1).sum(1)
            return self._log_likelihood(code, view, batch) + rate
        if code.posterior is None or self.prior is None:
            return self._log_likelihood(code, view, batch)
        bounds = [
            fit - self.prior.divergence(code.posterior, z).flatten(1).sum(1)
            for draws, fits in self._draws(code, code.posterior, noise, view, batch)
            for z, fit in zip(draws, fits, strict=True)
        ]
        return torch.stack(bounds).mean(0)

    def log_prob(self, batch: Batch, noise: Tensor) -> Tensor:
        """log p(x) by importance sampling from the posterior, nats, ``[batch]``; encodes once.

        ``noise`` ``[samples, 1 or batch, latent_dim]``: exactly that many draws are used. In expectation a
        lower bound that rises with the number of samples (Burda et al. 2016, equation 8).
        """
        view, code = _bare(batch), self.encode(batch)
        if code.posterior is None or self.prior is None:
            raise ParameterError(
                "log_prob needs a random code with a prior, such as a VAE's. For this model score_samples gives "
                "log p(x | z), and with a prior over its symbols log p(x, symbols)."
            )
        total = torch.full((len(batch),), -torch.inf, device=batch.x.device)
        for z, fit in self._draws(code, code.posterior, noise, view, batch):
            log_q = code.posterior.log_prob(z).flatten(2).sum(2)
            log_p = self.prior.log_prob(z).flatten(2).sum(2)
            total = torch.logaddexp(total, (fit + log_p - log_q).logsumexp(0))
        return total - math.log(len(noise))

    def _draws(
        self, code: Code, posterior: Posterior, noise: Tensor, view: View, batch: Batch
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Some draws at a time: codes ``[draws, batch, *grid, latent_dim]``, log p(x | z) ``[draws, batch]``.

        Several are decoded together: products of few rows are slow, outputs of many are large.
        """
        numbers = batch.wanted[0].numel() * self._likelihood().outputs
        together = max(1, min(AT_ONCE, MOST_OUTPUTS // numbers) // len(batch))
        known: tuple[Code, View, Batch] | None = None  # the same for all but the last few draws
        for some in noise.split(together):
            z = posterior.at(some)
            if known is None or len(known[2]) != len(some) * len(batch):
                known = repeated(code, len(some)), repeated(view, len(some)), repeated(batch, len(some))
            fits = self._log_likelihood(replace(known[0], z=z.flatten(0, 1)), *known[1:])
            yield z, fits.unflatten(0, (len(some), -1))

    def _for_critics(self, trace: Trace) -> Trace:
        """The trace with what critics want to see: the expected x, codes of the prior, the expected x of those."""
        condition = trace.batch.condition
        rebuilt = drawn = generated = None
        if "rebuilt" in self._wanted and trace.output is not None:
            rebuilt = self._likelihood().mean(trace.output)
        if "drawn" in self._wanted and self.prior is not None:
            drawn = self.prior.sample(trace.code.z.shape, condition).to(trace.code.z.device)
        if "generated" in self._wanted and drawn is not None:
            generated = self._likelihood().mean(self.decode(Code(z=drawn), View(x=drawn, condition=condition)))
        return replace(trace, rebuilt=rebuilt, drawn=drawn, generated=generated) if self._wanted else trace

    def _probed(self, trace: Trace) -> Tensor | None:
        """log p(target | z) of the further codes that the bottleneck asks for, ``[probes, batch]``."""
        probes, batch = trace.code.probes, trace.batch
        if probes is None:
            return None
        if len(probes) == 0:
            return batch.x.new_zeros(0, len(batch))
        likelihood = self._likelihood()
        count, was_training = len(probes), likelihood.training
        again = repeated(batch, count)
        with torch.set_grad_enabled(torch.is_grad_enabled() and probes.requires_grad):
            view = repeated(trace.view, count)
            code = Code(z=probes.flatten(0, 1), valid=self._encoder().valid(view))
            output = self._decoder()(code, view, again.wanted)
            likelihood.eval()  # what it learns, it learns from the code itself
            found = likelihood.log_prob(output, again.wanted, _counted(again, view))
            likelihood.train(was_training)
        return found.unflatten(0, (count, len(batch)))

    def _code(self, view: View) -> Code:
        return self._marked(self.bottleneck.mode(self._encoder()(view), view), view)

    def _marked(self, code: Code, view: View) -> Code:
        """With the places that the encoder calls real."""
        valid = self._encoder().valid(view)
        return code if valid is None else replace(code, valid=valid)

    def _log_likelihood(self, code: Code, view: View, batch: Batch) -> Tensor:
        output = self._decoder()(code, view, batch.wanted)
        return self._likelihood().log_prob(output, batch.wanted, batch.wanted_valid)

    def _is_own(self, parameter: str, role: Mapping[str, Sequence[str]]) -> bool:
        """Whether a parameter is of a player's parts, or of a term that it lessens."""
        if parameter.startswith(tuple(f"{part}." for part in role["parts"])):
            return True
        station, _, rest = parameter.partition(".")
        return station == "terms" and self._terms()[int(rest.partition(".")[0])].name in role["terms"]

    def _rate(self, parameter: str) -> float:
        """The multiple of the learning rate for a parameter."""
        meant = [beginning for beginning in self._rates if parameter.startswith(beginning)]
        return self._rates[max(meant, key=len)] if meant else 1.0

    def _terms(self) -> list[Term]:
        return list(self.terms)  # type: ignore[arg-type]

    def _encoder(self) -> Encoder:
        if self.encoder is None:
            raise ParameterError("This model was loaded without its encoder: it decodes, and cannot encode.")
        return self.encoder

    def _decoder(self) -> Decoder:
        if self.decoder is None:
            raise ParameterError("This model has no decoder: it encodes, and cannot rebuild.")
        return self.decoder

    def _likelihood(self) -> Likelihood:
        if self.likelihood is None:
            raise ParameterError("This model has no decoder: it encodes, and cannot rebuild.")
        return self.likelihood


def _check_roles(roles: Mapping[str, Mapping[str, Sequence[str]]], terms: Sequence[str], model: nn.Module) -> None:
    """Refuse players with parts or terms that are not there."""
    parts = {name for name, _ in model.named_modules()}
    check(
        "Autoencoder",
        *(
            (part in parts, f"players[{role!r}] has the part {part!r}; there is none")
            for role, each in roles.items()
            for part in each["parts"]
        ),
        *(
            (term in terms, f"players[{role!r}] has the term {term!r}; expected one of {', '.join(terms)}")
            for role, each in roles.items()
            for term in each["terms"]
        ),
    )


def _check_rates(rates: Mapping[str, float], model: nn.Module) -> None:
    """Refuse rates of parameters that are not there, and such as make no sense."""
    names = [name for name, _ in model.named_parameters()]
    check(
        "Autoencoder",
        *((rate >= 0, f"rates[{key!r}] is {rate!r}; expected 0 or more") for key, rate in rates.items()),
        *(
            (any(name.startswith(key) for name in names), f"rates has {key!r}; no parameter's name begins so")
            for key in rates
        ),
    )


def _bare(batch: Batch) -> View:
    """The view without corruption."""
    return View(x=batch.x, valid=batch.valid, condition=batch.condition)


def _counted(batch: Batch, view: View) -> Tensor | None:
    """The values that a likelihood counts: real ones, and of them those that a view wants judged."""
    if batch.wanted_valid is None or view.judged is None:
        return batch.wanted_valid if view.judged is None else view.judged
    return batch.wanted_valid & view.judged


def _own(term: Term, weights: Mapping[str, float | Tensor]) -> dict[str, float | Tensor]:
    """A term's moving numbers of now."""
    return {key: weights[f"{term.name}.{key}"] for key in term.moving}


def _value(weight: float | Schedule, step: int) -> float:
    return weight.at(step) if isinstance(weight, Schedule) else float(weight)


def _device(module: nn.Module) -> torch.device:
    return next((p.device for p in module.parameters()), torch.device("cpu"))
