"""A search as one self-contained HTML page: was it worth it, what is best, what mattered, how it went."""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.directories import replaced
from isthmus.errors import counted
from isthmus.report.figures import COLOURS, as_image, figure, tidy
from isthmus.report.page import STYLE
from isthmus.report.tables import pairs, table
from isthmus.search_ranges import Choices, Range
from isthmus.tuning.comparison import spread
from isthmus.tuning.trial_record import STATES, shown

if TYPE_CHECKING:
    from isthmus.tuning.tuned import Tuned


def write(tuned: Tuned, path: Path, *, command: str = "") -> Path:
    """Write the page to ``path``; needs the extra ``plot``."""
    name = type(tuned.model).__name__
    sections = (
        ("worth", "Was it worth it?", _worth(tuned)),
        ("best", "The chosen values", _best(tuned)),
        ("mattered", "What mattered", _mattered(tuned)),
        ("history", "How it went", _history(tuned)),
        ("trials", "All trials", _trials(tuned)),
        ("again", "To do it again", _again(tuned, command)),
    )
    links = "".join(f'<a href="#{key}">{title}</a>' for key, title, _ in sections)
    body = "".join(f'<section id="{key}"><h2>{title}</h2>{text}</section>' for key, title, text in sections)
    lead = f"{counted(len(tuned.trials), 'trial')}, compared by {tuned.told}; {_better(tuned)} is better."
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}, tuned</title><style>{STYLE}</style></head>
<body><h1>{name}, tuned</h1><p class="lead">{html.escape(lead)}</p><nav>{links}</nav>{body}</body></html>
"""
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf8")
    return path


def _better(tuned: Tuned) -> str:
    return "higher" if tuned.highest else "lower"


def _worth(tuned: Tuned) -> str:
    pair, rows = tuned.comparison, tuned.rows
    by_place = [[value for value in values if math.isfinite(value)] for values in (pair.tuned, pair.given)]
    both = [value for values in by_place for value in values]
    made = figure(6.4, 1.9)
    axes = made.add_subplot()
    for place, values in enumerate(by_place):
        axes.plot(values, [place] * len(values), "o", color=COLOURS[place], ms=8, alpha=0.75)
        if values:
            axes.plot([sum(values) / len(values)] * 2, [place - 0.28, place + 0.28], color=COLOURS[place], lw=2)
    axes.set_yticks([0, 1], ["tuned", "as given"])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, 1.6)
    if both:
        margin = 0.08 * (max(both) - min(both)) or 0.01 * abs(both[0]) or 1.0
        axes.set_xlim(min(both) - margin, max(both) + margin)
    axes.set_xlabel(f"{tuned.score} of test rows, one dot a seed; the lines are means", fontsize=9)
    tidy(axes)
    axes.spines["left"].set_visible(False)
    unseen = " that no trial has seen, so that nothing was chosen by them."
    told = (
        f"Both models have learnt from the same {counted(rows['train'] + rows['validation'], 'row')} and are measured "
        f"on {counted(rows['test'], 'row')}{'. ' + tuned.shared if tuned.shared_rows else unseen}"
    )
    numbers = [[value if math.isfinite(value) else "failed" for value in each] for each in (pair.given, pair.tuned)]
    lines = [[*each] for each in zip(pair.seeds, *numbers, strict=True)]
    failures = "".join(f'<p class="note">failed: {html.escape(failure)}</p>' for failure in pair.failures)
    return (
        f"<p><b>{html.escape(pair.verdict())}</b></p>{as_image(made, 'Scores of both models on test rows')}"
        + table(["seed", "as given", "tuned"], lines)
        + failures
        + f'<p class="note">Mean and spread: as given {spread(pair.given)}, tuned {spread(pair.tuned)}. {told}</p>'
    )


def _best(tuned: Tuned) -> str:
    best = tuned.best
    rows = [
        [name, shown(tuned.given_params.get(name)), shown(tuned.best_params[name]), _range(each)]
        for name, each in tuned.space.items()
    ]
    note = f"These are of {tuned.choice}."
    if not tuned.finalists:
        validation = counted(tuned.rows["validation"], "validation row")
        note += f" {shown(best.score)} on {validation}, with one seed. It was chosen by this, so it flatters."
    text = table(["parameter", "as given", "chosen", "searched"], rows) + f'<p class="note">{html.escape(note)}</p>'
    return text + (_again_fitted(tuned) if tuned.finalists else "")


def _again_fitted(tuned: Tuned) -> str:
    lines = [
        [
            each.trial.number,
            shown(each.trial.score),
            spread(each.beside.tuned),
            spread(each.beside.given),
            f"{each.beside.gain:+.3g}" if each.beside.differences else "failed",
            f"{each.beside.error:.2g}" if math.isfinite(each.beside.error) else "",
        ]
        for each in tuned.finalists
    ]
    head = ["trial", "in the search", "fitted again", "as given", "gain", "standard error"]
    note = (
        "The best of many trials has luck in its score. So the best were fitted again and measured on parts of the "
        f"{counted(tuned.rows['train'], 'training row')}, {len(tuned.finalists[0].beside.given)} in turn, by which no "
        "trial was compared. The one that gains most is chosen, if it gains more than its standard error."
    )
    return f"<h3>The best trials, fitted again</h3>{table(head, lines)}" + f'<p class="note">{note}</p>'


def _range(wanted: Range) -> str:
    if isinstance(wanted, Choices):
        return ", ".join(map(shown, wanted.values))
    told = wanted.to_json()
    return f"{shown(told['low'])} to {shown(told['high'])}{', by logarithm' if told['log'] else ''}"


def _mattered(tuned: Tuned) -> str:
    if not tuned.importances:
        return "<p>Too few trials came to an end to tell, or all had the same score.</p>"
    names = list(tuned.importances)[::-1]
    made = figure(6.4, 0.34 * len(names) + 0.7)
    axes = made.add_subplot()
    shares = [100 * tuned.importances[name] for name in names]
    axes.barh(names, shares, color=COLOURS[0], height=0.62)
    for place, share in enumerate(shares):
        axes.text(share + 0.01 * max(shares), place, f"{share:.0f} %", va="center", fontsize=9)
    axes.set_xlim(0, 1.14 * max(shares))
    axes.set_xlabel("share of what the score varies by within the ranges, %", fontsize=9)
    tidy(axes)
    complete = counted(tuned.count("complete"), "complete trial")
    note = (
        f"By a forest grown on {complete} (fANOVA, Hutter et al. 2014). Few trials tell this roughly, and only for the "
        "ranges that were searched."
    )
    return as_image(made, "Importance of each parameter") + f'<p class="note">{note}</p>'


def _history(tuned: Tuned) -> str:
    done = [trial for trial in tuned.trials if trial.state == "complete" and trial.score is not None]
    scores = [trial.score or 0.0 for trial in done]
    pick = max if tuned.highest else min
    best = [pick(scores[: place + 1]) for place in range(len(scores))]
    made = figure(6.8, 3.0)
    axes = made.add_subplot()
    numbers = [trial.number for trial in done]
    axes.step(numbers, best, where="post", color=COLOURS[5], lw=1.6, label="best so far")
    axes.plot(numbers, scores, "o", color=COLOURS[0], ms=5, alpha=0.8, label="trial")
    for trial, score in zip(done, scores, strict=True):
        if trial.as_given:
            axes.plot([trial.number], [score], "s", color=COLOURS[2], ms=8, label="as given")
    gone = [trial.number for trial in tuned.trials if trial.state == "pruned"]
    if gone:
        places = axes.get_xaxis_transform()  # along the bottom
        axes.plot(gone, [0.03] * len(gone), "x", color="#777777", ms=6, label="pruned", transform=places)
    low, high = _shown_scores(scores, highest=tuned.highest)
    axes.set_ylim(low, high)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("trial")
    axes.set_ylabel(tuned.score)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    tidy(axes)
    states = {state: tuned.count(state) for state in STATES if tuned.count(state)}
    out = sum(not low <= score <= high for score in scores)
    beyond = f" Too far from the others for the picture: {out}." if out else ""
    note = f"{', '.join(f'{count} {state}' for state, count in states.items())}.{beyond}"
    if tuned.interrupted:
        note += " The search was interrupted."
    return as_image(made, "Score of each trial, and the best so far") + f'<p class="note">{note}</p>'


def _shown_scores(scores: list[float], *, highest: bool) -> tuple[float, float]:
    """From a little beyond the best to the worst that is not far from the others."""
    order = sorted(scores, reverse=highest)
    best, middle = order[0], order[len(order) // 2]
    reach = 4 * abs(best - middle) or abs(order[-1] - best) or abs(best) or 1.0
    worst = max(order[-1], best - reach) if highest else min(order[-1], best + reach)
    margin = 0.08 * abs(best - worst) or 0.05 * (abs(best) or 1.0)
    return (worst - margin, best + margin) if highest else (best - margin, worst + margin)


def _trials(tuned: Tuned) -> str:
    names = list(tuned.space)
    rows = [
        [
            trial.number,
            "as given" if trial.as_given else trial.state,
            shown(trial.score) if trial.score is not None else trial.why,
            "" if trial.seconds is None else f"{trial.seconds:.1f}",
            *(shown(trial.params[name]) if name in trial.params else "" for name in names),
        ]
        for trial in tuned.trials
    ]
    return table(["trial", "", tuned.score, "seconds", *names], rows)


def _again(tuned: Tuned, command: str) -> str:
    known = {"command": command} if command else {}
    known |= {"study": str(tuned.storage)} if tuned.storage is not None else {}
    known |= {
        "rows": ", ".join(f"{count} {part}" for part, count in tuned.rows.items()),
        "seconds": f"{tuned.seconds:.0f}",
        "random_state": str(tuned.random_state),
        "made with": "; then ".join(tuned.versions),
    }
    return pairs(known)
