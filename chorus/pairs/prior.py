"""The contact prior: all that is learned from pairs in contact, to guide fits to other pairs."""

from __future__ import annotations

from dataclasses import dataclass

from chorus.pairs.denoiser import USUAL_SIZES, Denoiser, Sizes
from chorus.pairs.depths import DepthJudge, train_judge
from chorus.pairs.figure import Figure, People
from chorus.pairs.touching import Touch
from chorus.pairs.training import TrainingSettings, train


@dataclass(frozen=True)
class ContactPrior:
    """What is learned from pairs in contact.

    Attributes:
        denoiser: the diffusion model: how people stand and where.
        judge: which relative depths look like contact.
        touch: how often hands touch.
    """

    denoiser: Denoiser
    judge: DepthJudge
    touch: Touch


def learn(
    figure: Figure, people: People, settings: TrainingSettings, sizes: Sizes = USUAL_SIZES
) -> tuple[ContactPrior, dict[str, list[float]]]:
    """Learn from pairs (n, 2) in contact, y up.

    Returns:
        the prior, and the losses of `denoiser` and `judge` every hundred steps.
    """
    denoiser, losses = train(figure, people, settings, sizes)
    judge, choosing = train_judge(figure, people, settings.judge_steps, settings.seed)
    return ContactPrior(denoiser, judge, Touch.of(figure, people)), {"denoiser": losses, "judge": choosing}
