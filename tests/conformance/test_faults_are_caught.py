"""The suites can fail: parts with one fault each, dropped into a copy of the package, are caught by the test named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
SUITES = (
    "corruptions",
    "encoders",
    "bottlenecks",
    "decoders",
    "likelihoods",
    "priors",
    "schedules",
    "terms",
    "codebooks",
    "critics",
    "gradient_estimators",
)
GENERAL = ("every_parameter_matters", "arguments")

BOTTLENECK = '''"""A fault."""

import torch
from torch import Tensor

from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Fault(Bottleneck):
    """Faulty.

    Source: standard.
    """

    def __init__(self, latent_dim: int, factor: float = 2.0) -> None:
        super().__init__()
        self.in_dim = self.latent_dim = latent_dim
        self.factor = factor
        self.register_buffer("count", torch.ones(()))

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Faulty."""
        z = self.factor * features
        cost = z.float().square().flatten(1).sum(1)
        # FAULT
        return Code(z=z, costs={"size": cost})

    def mode(self, features: Tensor, view: View) -> Code:
        """Faulty."""
        return Code(z=self.factor * features)
'''
LIKELIHOOD = '''"""A fault."""

import math

import torch
from torch import Tensor

from isthmus.stations import Likelihood


class Fault(Likelihood):
    """Faulty.

    Source: standard.
    """

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """Faulty."""
        values = -0.5 * (target - output[:, 0]).square() - 0.5 * math.log(2 * math.pi)
        # FAULT
        return values

    def mean(self, output: Tensor) -> Tensor:
        """Faulty."""
        return output[:, 0].float()

    def sample(self, output: Tensor) -> Tensor:
        """Faulty."""
        x = self.mean(output) + torch.randn_like(self.mean(output))
        # DRAWN
        return x
'''
CORRUPTION = '''"""A fault."""

import torch

from isthmus.records import Batch, View
from isthmus.stations import Corruption


class Fault(Corruption):
    """Faulty.

    Source: standard.
    """

    def forward(self, batch: Batch) -> View:
        """Faulty."""
        x, valid = batch.x, batch.valid
        noise = torch.randn_like(x)
        # FAULT
        return View(x=x + noise, valid=valid, condition=batch.condition)
'''
ENCODER = '''"""A fault."""

import math

import torch
from torch import Tensor, nn

from isthmus.records import View
from isthmus.stations import Encoder


class Fault(Encoder):
    """Faulty.

    Source: standard.
    """

    def __init__(self, in_shape: tuple[int, ...], out_dim: int) -> None:
        super().__init__()
        self.out_dim = out_dim
        self.linear = nn.Linear(math.prod(in_shape), out_dim)
        self.unused = nn.Identity()

    def forward(self, view: View) -> Tensor:
        """Faulty."""
        features = self.linear(view.x.flatten(1))
        # FAULT
        return features
'''
PRIOR = '''"""A fault."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.stations import Posterior, Prior


class Fault(Prior):
    """Faulty.

    Source: standard.
    """

    def log_prob(self, z: Tensor) -> Tensor:
        """Faulty."""
        return -0.5 * (z.square() + math.log(2 * math.pi))

    def sample(self, shape: Sequence[int], condition: Tensor | None = None) -> Tensor:
        """Faulty."""
        z = torch.randn(*shape)
        # FAULT
        return z

    def divergence(self, posterior: Posterior, z: Tensor) -> Tensor:
        """Faulty."""
        kl = super().divergence(posterior, z)
        # COST
        return kl
'''
SCHEDULE = '''"""A fault."""

from isthmus.stations import Schedule


class Fault(Schedule):
    """Faulty.

    Source: standard.
    """

    def __init__(self, steps: int, start: float = 0.0, end: float = 1.0) -> None:
        super().__init__()
        self.steps, self.start, self.end = steps, start, end

    def at(self, step: int) -> float:
        """Faulty."""
        share = min(step / self.steps, 1.0)
        # FAULT
        return self.start + share * (self.end - self.start)

    @property
    def settles(self) -> int:
        """Faulty."""
        return self.steps
'''
TERM = '''"""A fault."""

from isthmus.stations import Schedule, Term


class Fault(Term):
    """Faulty.

    Source: standard.
    """

    def __init__(self, weight: float | Schedule = 1.0) -> None:
        super().__init__()
        self.name, self.weight = "fault", weight

    def forward(self, trace, earlier):
        """Faulty."""
        cost = -trace.log_likelihood
        # FAULT
        return cost
'''
DECODER = '''"""A fault."""

import math

import torch
from torch import Tensor, nn

from isthmus.records import Code, View
from isthmus.stations import Decoder


class Fault(Decoder):
    """Faulty.

    Source: standard.
    """

    def __init__(self, latent_dim: int, out_shape: tuple[int, ...], outputs: int = 1) -> None:
        super().__init__()
        self.shape = (outputs, *out_shape)
        self.linear = nn.Linear(latent_dim, math.prod(self.shape))
        self.unused = nn.Identity()

    def forward(self, code: Code, view: View | None, teacher: Tensor | None = None) -> Tensor:
        """Faulty."""
        output = self.linear(code.z).unflatten(1, self.shape)
        # FAULT
        return output
'''
CODEBOOK = '''"""A fault."""

import torch
from torch import Tensor

from isthmus.stations import Codebook


class Fault(Codebook):
    """Faulty.

    Source: standard.
    """

    def __init__(self, size: int, dim: int) -> None:
        super().__init__(size, dim)
        self.register_buffer("current", torch.randn(size, dim))

    def vectors(self) -> Tensor:
        """Faulty."""
        return self.current

    @torch.no_grad()
    def start(self, vectors: Tensor) -> None:
        """Faulty."""
        self.current.copy_(vectors)

    @torch.no_grad()
    def observe(self, features: Tensor, index: Tensor) -> None:
        """Faulty."""
        features = features.float()
        if not features.isfinite().all():
            return
        for i in index.unique():
            target = features[index == i].mean(0)
            self.current[i] = self.current[i].lerp(target, 0.5)
'''
CRITIC = '''"""A fault."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from isthmus.errors import check
from isthmus.layers.adversarial import Game
from isthmus.records import Trace
from isthmus.stations import Critic


class Fault(Critic):
    """Faulty.

    Source: standard.
    """

    wants = frozenset({"rebuilt"})

    def __init__(
        self, in_shape: tuple[int, ...], game: Game = "hinge", penalty: float = 0.0, repeats: int = 1
    ) -> None:
        super().__init__()
        games = ("non_saturating", "hinge", "wasserstein")
        check(
            "Fault",
            (game in games, f"game is {game!r}"),
            (penalty >= 0, f"penalty is {penalty!r}"),
            (repeats >= 1, f"repeats is {repeats!r}"),
        )
        self.game, self.penalty, self.repeats = game, penalty, repeats
        self.network = nn.Linear(math.prod(in_shape), 1)

    def scores(self, x: Tensor) -> Tensor:
        """Faulty."""
        with torch.autocast("cpu", enabled=False):
            return self.network(x.float().flatten(1))[:, 0]

    def loss(self, trace: Trace) -> Tensor:
        """Faulty."""
        real, made = trace.target, trace.rebuilt
        # SWAPPED
        margin = float(("non_saturating", "hinge", "wasserstein").index(self.game))
        cost = F.softplus(margin - self.scores(real)).mean() + F.softplus(margin + self.scores(made)).mean()
        slope = self.penalty * self.network.weight.square().sum()
        return cost + slope

    def verdict(self, trace: Trace) -> Tensor:
        """Faulty."""
        made = trace.rebuilt
        # FAULT
        return -self.scores(made)
'''
ESTIMATOR = '''"""A fault."""

import torch
from torch import Tensor

from isthmus.layers.outcome import Outcome
from isthmus.records import Code, Trace
from isthmus.stations import DiscretePosterior, GradientEstimator


class Fault(GradientEstimator):
    """Faulty.

    Source: standard.
    """

    unbiased = True
    costs = ("surrogate",)

    def draw(self, posterior: DiscretePosterior) -> Code:
        """Faulty."""
        z = posterior.harden(posterior.logits + posterior.noise()).detach()
        # FAULT
        return Code(z=z, probes=z.new_zeros(0, *z.shape))

    def hindsight(self, trace: Trace) -> dict[str, Tensor]:
        """Faulty."""
        found = Outcome.of(trace)
        surrogate = found.cost.detach() * found.posterior.log_prob(found.z.detach()).flatten(1).sum(1)
        return {"surrogate": surrogate - surrogate.detach()}
'''
SEEDS = "torch.manual_seed(0)"
MAPS = '''return features

    def from_maps(self, maps: list[Tensor], view: View) -> Tensor:
        """Faulty."""
        features = 2 * maps[-1].movedim(1, -1)'''
# station, template, name of the part, where, line that is the fault, the test that must fail
FAULTS = (
    ("bottlenecks", BOTTLENECK, "fault_none", "# FAULT", "pass", None),
    (
        "bottlenecks",
        BOTTLENECK,
        "fault_company",
        "# FAULT",
        "cost = cost + z.mean()",
        "does_not_depend_on_its_companions",
    ),
    ("bottlenecks", BOTTLENECK, "fault_state", "# FAULT", "self.count += 1", "changes_no_state"),
    (
        "bottlenecks",
        BOTTLENECK,
        "fault_mean",
        "# FAULT",
        "cost = z.square().flatten(1).mean(1)",
        "summed_over_positions",
    ),
    ("bottlenecks", BOTTLENECK, "fault_seed", "# FAULT", SEEDS, "randomness_comes_from_the_current_stream"),
    (
        "bottlenecks",
        BOTTLENECK,
        "fault_noise",
        "# FAULT",
        "z = z + torch.randn(1)",
        "randomness_comes_from_the_current_stream",
    ),
    (
        "bottlenecks",
        BOTTLENECK,
        "fault_judged",
        "# FAULT",
        "z = z + torch.randn_like(z)",
        "only_a_code_with_a_posterior",
    ),
    (
        "bottlenecks",
        BOTTLENECK,
        "fault_cut",
        "# FAULT",
        "z, cost = z.detach(), 0 * cost",
        "gradients_reach_the_features",
    ),
    ("bottlenecks", BOTTLENECK, "fault_deaf", "self.factor = factor", "self.factor = 2.0", "changes_something_or_is"),
    ("bottlenecks", BOTTLENECK, "fault_grid", "# FAULT", "z = z.flatten(1)", "codes_are_channels_last_on_any_grid"),
    ("bottlenecks", BOTTLENECK, "fault_half", "# FAULT", "cost = cost.bfloat16()", "under_autocast"),
    ("likelihoods", LIKELIHOOD, "fault_none", "# FAULT", "pass", None),
    ("likelihoods", LIKELIHOOD, "fault_sum", "# FAULT", "values = values + 0.01", "sum_to_one"),
    ("likelihoods", LIKELIHOOD, "fault_wide", "# DRAWN", "x = x + 0.3 * torch.randn_like(x)", "sum_to_one_and_samples"),
    ("likelihoods", LIKELIHOOD, "fault_shift", "# DRAWN", "x = x + 0.1", "mean_and_variance_of_samples"),
    ("likelihoods", LIKELIHOOD, "fault_seed", "# DRAWN", SEEDS, "samples_are_drawn_for_each_value"),
    (
        "likelihoods",
        LIKELIHOOD,
        "fault_inf",
        "# FAULT",
        "values = values - output[:, 0].exp() * 0",
        "extreme_outputs_stay",
    ),
    (
        "likelihoods",
        LIKELIHOOD,
        "fault_company",
        "# FAULT",
        "values = values - output.var() * 0.1",
        "keeps_examples_apart",
    ),
    ("corruptions", CORRUPTION, "fault_none", "# FAULT", "pass", None),
    ("corruptions", CORRUPTION, "fault_mask", "# FAULT", "valid = None", "the_mask_of_real_positions_is_handed_on"),
    ("corruptions", CORRUPTION, "fault_alike", "# FAULT", "noise = torch.randn_like(x[:1])", "each_for_itself"),
    ("corruptions", CORRUPTION, "fault_company", "# FAULT", "noise = noise + x.mean()", "not_made_of_its_companions"),
    (
        "corruptions",
        CORRUPTION,
        "fault_padding",
        "# FAULT",
        "noise = noise + x.amax(-1, keepdim=True)",
        "padding_does_not",
    ),
    ("corruptions", CORRUPTION, "fault_place", "# FAULT", "x.add_(1)", "it_keeps_the_shape_and_the_batch"),
    ("corruptions", CORRUPTION, "fault_seed", "# FAULT", SEEDS, "draws_from_the_current_stream_only"),
    ("encoders", ENCODER, "fault_none", "# FAULT", "pass", None),
    ("encoders", ENCODER, "fault_company", "# FAULT", "features = features - features.mean(0)", "its_companions"),
    ("encoders", ENCODER, "fault_noise", "# FAULT", "features = features + torch.randn(1)", "is_deterministic"),
    ("encoders", ENCODER, "fault_frozen", "nn.Identity()", "nn.Linear(1, 1)", "every_trainable_weight_gets_a_gradient"),
    ("encoders", ENCODER, "fault_maps", "# FAULT", MAPS, "features_come_from_the_maps_of_the_same_pass"),
    ("encoders", ENCODER, "fault_seed", "# FAULT", SEEDS, "randomness_comes_from_the_current_stream"),
    ("encoders", ENCODER, "fault_built", "super().__init__()", "super().__init__(); " + SEEDS, "building_it_draws"),
    ("priors", PRIOR, "fault_none", "# FAULT", "pass", None),
    ("priors", PRIOR, "fault_wide", "# FAULT", "z = 1.05 * z", "samples_have_its_moments"),
    ("priors", PRIOR, "fault_tied", "# FAULT", "z[..., 1:] = z[..., :1]", "samples_have_its_moments"),
    ("priors", PRIOR, "fault_sign", "# COST", "kl = -kl", "the_divergence_is_the_one_of_monte_carlo"),
    ("priors", PRIOR, "fault_alike", "# FAULT", "z = z[:1].expand(shape)", "samples_of_any_grid"),
    ("schedules", SCHEDULE, "fault_none", "# FAULT", "pass", None),
    ("schedules", SCHEDULE, "fault_outside", "# FAULT", "share = step / self.steps", "between_its_ends"),
    ("schedules", SCHEDULE, "fault_late", "# FAULT", "share = min(step / self.steps / 2, 1.0)", "after_it_has_settled"),
    ("schedules", SCHEDULE, "fault_deaf", "# FAULT", "return share", "keeps_to_its_own_ends"),
    ("decoders", DECODER, "fault_none", "# FAULT", "pass", None),
    ("decoders", DECODER, "fault_company", "# FAULT", "output = output - output.mean(0)", "its_companions"),
    ("decoders", DECODER, "fault_noise", "# FAULT", "output = output + torch.randn(1)", "is_deterministic"),
    ("decoders", DECODER, "fault_frozen", "nn.Identity()", "nn.Linear(1, 1)", "every_trainable_weight_gets_a_gradient"),
    ("decoders", DECODER, "fault_shape", "# FAULT", "output = output[:, 0]", "likelihoods_outputs_then_the_shape"),
    ("codebooks", CODEBOOK, "fault_none", "# FAULT", "pass", None),
    ("codebooks", CODEBOOK, "fault_start", "self.current.copy_(vectors)", "pass", "begins_with_the_vectors"),
    ("codebooks", CODEBOOK, "fault_away", "(target, 0.5)", "(target, -0.5)", "lessens_the_distance"),
    ("codebooks", CODEBOOK, "fault_inf", "if not features.isfinite().all():", "if False:", "not_finite_is_not_learnt"),
    ("critics", CRITIC, "fault_none", "# FAULT", "pass", None),
    ("critics", CRITIC, "fault_swapped", "# SWAPPED", "real, made = made, real", "learns_to_tell"),
    ("critics", CRITIC, "fault_cut", "# FAULT", "made = made.detach()", "reaches_those_who_made_it"),
    ("critics", CRITIC, "fault_free", "return cost + slope", "return cost", "penalty_adds_to_the_loss"),
    (
        "critics",
        CRITIC,
        "fault_half",
        'torch.autocast("cpu", enabled=False)',
        "torch.autograd.set_grad_enabled(True)",
        "bfloat16",
    ),
    ("gradient_estimators", ESTIMATOR, "fault_none", "# FAULT", "pass", None),
    (
        "gradient_estimators",
        ESTIMATOR,
        "fault_best",
        "posterior.logits + posterior.noise()",
        "posterior.logits",
        "draws_come_from_the_posterior",
    ),
    ("gradient_estimators", ESTIMATOR, "fault_half", "surrogate = found", "surrogate = 0.5 * found", "is_unbiased"),
    ("gradient_estimators", ESTIMATOR, "fault_seed", "# FAULT", SEEDS, "current_stream"),
    ("terms", TERM, "fault_none", "# FAULT", "pass", None),
    ("terms", TERM, "fault_company", "# FAULT", "cost = cost + cost.mean()", "costs_the_same_in_other_company"),
    ("terms", TERM, "fault_cut", "# FAULT", "cost = cost.detach()", "its_gradient_reaches"),
)


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Which tests fail in a package with all the faulty parts: lines of ``file::test[id]``."""
    folder = tmp_path_factory.mktemp("faults")
    shutil.copytree(ROOT / "src" / "isthmus", folder / "isthmus", ignore=shutil.ignore_patterns("__pycache__"))
    for station, template, name, place, fault, _ in FAULTS:
        (folder / "isthmus" / station / f"{name}.py").write_text(template.replace(place, fault))
    suites = [str(ROOT / "tests" / "conformance" / f"test_{suite}.py") for suite in (*SUITES, *GENERAL)]
    report = folder / "report.xml"  # not what is printed: that depends on the terminal
    options = ["-p", "no:cacheprovider", "--assert=plain", "--tb=no", "-k", "fault_", f"--junitxml={report}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *options, *suites],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert len(cases) > 5 * len(FAULTS), done.stdout + done.stderr
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [f"{case.get('classname')}.py::{case.get('name')}" for case in failed]


@pytest.mark.parametrize(
    ("station", "name", "test"), [pytest.param(f[0], f[2], f[5], id=f"{f[0]}/{f[2]}") for f in FAULTS]
)
def test_a_faulty_part_is_caught(failures, station, name, test):
    own = [line for line in failures if f"test_{station}.py" in line or f"{station}/{name}" in line]
    own = [line for line in own if name in line.partition("[")[2]]
    if test is None:
        assert not own  # the template itself is sound
    else:
        assert any(test in line for line in own), own
