"""Where training runs: device, number format and processes, by Lightning Fabric."""

from __future__ import annotations

import atexit
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from isthmus.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_DEVICES = ("auto", "cpu", "cuda", "mps")
_PRECISIONS = ("auto", "fp32", "bf16")


class Engine:
    """One process's hold on its device and on its fellows.

    >>> engine = Engine(device="cpu")
    >>> engine.device, engine.rank, engine.world
    (device(type='cpu'), 0, 1)
    """

    def __init__(
        self,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16"] = "auto",
        processes: int = 1,
        strategy: str = "auto",
    ) -> None:
        if device not in _DEVICES:
            raise ParameterError(f"No device is called {device!r}. {did_you_mean(str(device), _DEVICES)}")
        if precision not in _PRECISIONS:
            raise ParameterError(f"No precision is called {precision!r}. {did_you_mean(str(precision), _PRECISIONS)}")
        self.precision = precision
        self.fabric = _fabric(device, processes, strategy)
        self.fabric.launch()
        self.device: torch.device = self.fabric.device
        self.rank: int = self.fabric.global_rank
        self.world: int = self.fabric.world_size
        if self.world > 1:
            atexit.register(_part)  # before Fabric's own, which does not wait for the others

    def place(self, module: nn.Module) -> nn.Module:
        """The module on the device, wrapped where several processes share its gradients."""
        module.to(self.device)
        if self.world == 1:
            return module
        if type(self.fabric.strategy).__name__ == "DDPStrategy":  # Fabric's own wrapper refuses frozen records
            devices = None if self.device.type == "cpu" else [self.device]
            return nn.parallel.DistributedDataParallel(module, device_ids=devices)
        return self.fabric.setup_module(module)

    def autocast(self, heavy: bool) -> Callable[[], AbstractContextManager[Any]]:
        """What makes the context of a pass: bf16 products where asked for, or native and the work is ``heavy``."""
        wanted = self.precision == "bf16" or (self.precision == "auto" and heavy and native_bf16(self.device))
        return partial(torch.autocast, self.device.type, torch.bfloat16) if wanted else nullcontext

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes."""
        if self.world == 1:
            return values
        return self.fabric.all_reduce(values, reduce_op="mean")  # type: ignore[return-value]

    def everywhere(self, sound: Tensor) -> Tensor:
        """Where all processes say yes, so that they act alike."""
        if self.world == 1:
            return sound
        return self.mean(sound.float()) == 1

    def share_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """The mean gradient over all processes, for those whom no wrapper serves."""
        if self.world == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = self.fabric.all_reduce(parameter.grad, reduce_op="mean")  # type: ignore[assignment]

    def close(self) -> None:
        """Part in good order: gloo aborts at random if a group ends without meeting first."""
        if self.world > 1:
            self.fabric.barrier()


def _part() -> None:
    """End the group together: gloo aborts at random where one process ends it while another still uses it."""
    if torch.distributed.is_initialized():
        with suppress(RuntimeError):  # the others are gone already
            torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def native_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware.

    >>> isinstance(native_bf16(torch.device("cpu")), bool)
    True
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return bool(probe and probe())
    return False


def _fabric(device: str, processes: int, strategy: str) -> Fabric:
    with warnings.catch_warnings():  # deprecations inside of Fabric's own imports are not the user's affair
        warnings.simplefilter("ignore")
        from lightning_fabric import Fabric
    accelerator = device if device != "auto" else ("cuda" if torch.cuda.is_available() else _mps_or_cpu())
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ParameterError("device='cuda', but torch sees no CUDA device here. `isthmus doctor` says why.")
    chosen = strategy if strategy != "auto" or processes == 1 else "ddp"
    return Fabric(accelerator=accelerator, devices=processes, strategy=chosen, precision="32-true")


def _mps_or_cpu() -> str:
    return "mps" if torch.backends.mps.is_available() else "cpu"
