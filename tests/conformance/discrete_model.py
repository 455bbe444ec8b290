"""The smallest composition with a discrete code: x are the logits, so that gradients can be had in closed form."""

import torch
from examples import LATENT
from torch import nn

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.bernoulli import Bernoulli
from isthmus.bottlenecks.categorical import Categorical
from isthmus.layers.discrete import Bits, OneHotGroups
from isthmus.records import Batch, Code
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.random_stream import RandomStream

OUT = 3


def discrete_model(estimator, classes=None, dim=LATENT):
    """``x = logits [n, dim] -> z -> target [n, 3]``, with a decoder that is not linear; bits, or one-hot groups."""
    bottleneck = Bernoulli(dim, estimator) if classes is None else Categorical(dim, estimator, classes)
    with RandomStream(0):
        decoder = nn.Sequential(nn.Linear(dim, 5), nn.Tanh(), nn.Linear(5, OUT))
        for parameter in decoder.parameters():
            nn.init.normal_(parameter)
        return Autoencoder(
            encoder=catalogue.make("encoders", "module", {"module": nn.Identity(), "in_shape": (dim,), "out_dim": dim}),
            bottleneck=bottleneck,
            decoder=catalogue.make(
                "decoders", "module", {"module": decoder, "latent_dim": dim, "out_shape": (OUT,), "outputs": 1}
            ),
            likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed", "scale": 1.0}),
            terms=[Reconstruction(), *(CodeCost(cost) for cost in estimator.costs)],
        ).train()


def batch_of(logits):
    """The target is the same for all, so that the gradient is, too."""
    return Batch(x=logits, target=torch.tensor([1.0, -1.0, 0.5]).expand(len(logits), OUT))


def exact_gradients(model, logits, classes=None):
    """d E[-log p(target | z)] / d (logits, decoder) for one row of logits, by summing over all codes."""
    logits = logits.detach().clone().requires_grad_()
    posterior = Bits(logits) if classes is None else OneHotGroups(logits, classes)
    codes = posterior.every()
    output = model.decode(Code(z=codes))
    target = batch_of(codes).target
    q = posterior.log_prob(codes).sum(-1).exp()
    expected = -(q * model.likelihood.log_prob(output, target)).sum()
    weights = list(model.decoder.parameters())
    return torch.autograd.grad(expected, [logits, *weights])
