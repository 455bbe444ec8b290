"""Losses through training, term by term."""

from isthmus.errors import counted
from isthmus.report.context import Context
from isthmus.report.figures import COLOURS, as_image, figure, tidy

ORDER, TITLE = 40, "Training"


def applies(context: Context) -> bool:
    """Where anything was recorded."""
    return len(context.estimator.history_.epochs) > 1


def html(context: Context) -> str:
    """One curve for each term: training, and held-out where rows were held out."""
    history = context.estimator.history_
    names = list(history.epochs[-1].get("training", {}))
    made = figure(3.4 * len(names) + 0.6, 2.9)
    for i, name in enumerate(names):
        axes = made.add_subplot(1, len(names), i + 1)
        for part, colour, style in (("training", COLOURS[0], "-"), ("held_out", COLOURS[5], "--")):
            entries = [e for e in history.epochs if name in e.get(part, {}) and e["epoch"] > 0]
            if entries:
                label = part.replace("_", "-")
                axes.plot(
                    [e["epoch"] for e in entries],
                    [e[part][name] for e in entries],
                    style if len(entries) > 1 else "o",  # a line needs two points
                    color=colour,
                    label=label,
                )
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("epoch")
        axes.set_ylabel("nats per row")
        tidy(axes)
    made.axes[0].legend(frameon=False, fontsize=8)
    units = "Losses are of scaled values; likelihoods elsewhere are of values in the units of the data. "
    steps = counted(history.steps, "step")
    told = f"{history.stopped}; best epoch {history.best_epoch}; {steps}, {history.seconds:.1f} s."
    told = units + told if _scaled(context) else told
    skipped = f" Skipped for not being finite: {history.skipped}." if history.skipped else ""
    return as_image(made, "Loss curves by term") + f'<p class="note">{told}{skipped}</p>' + _choice(context)


def _scaled(context: Context) -> bool:
    """Whether densities of scaled values and of the user's differ."""
    likelihood = context.estimator.autoencoder_.likelihood
    return likelihood is not None and likelihood.continuous and context.estimator.schema_.log_volume != 0


def _choice(context: Context) -> str:
    choice = context.estimator.history_.choice
    if not choice:
        return ""
    finite = [(s, loss) for s, loss in zip(choice["shares"], choice["losses"], strict=True) if loss is not None]
    made = figure(5, 2.6)
    axes = made.add_subplot()
    axes.plot([100 * s for s, _ in finite], [loss for _, loss in finite], "o-", color=COLOURS[2], ms=3)
    axes.set_xlabel("share of the run, %")
    axes.set_ylabel("held-out loss, nats per row")
    tidy(axes)
    runs = counted(context.estimator.history_.settings.get("folds", 0), "earlier run")
    note = f"When to stop was found on rows held out from {runs}; then all rows were trained on."
    return as_image(made, "Held-out loss by share of the run") + f'<p class="note">{note}</p>'
