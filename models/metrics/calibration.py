"""How far stated probabilities are from what happened."""

import numpy as np

from models.arrays import Floats


def calibration_error(probabilities: Floats, outcomes: Floats, *, n_bins: int = 10) -> float | None:
    """Return the mean distance of stated probability and observed share, over equal parts ordered by probability.

    Parameters
    ----------
    probabilities, outcomes
        Stated probability, and 1 or 0 as it came, (n,).
    n_bins
        Number of parts; fewer where there are fewer cases.

    Returns
    -------
    float or None
        From 0 (right) to 1; `None` without a case. With few cases chance alone keeps it above 0.
    """
    if not len(probabilities):
        return None
    parts = np.array_split(np.argsort(probabilities, kind="stable"), min(n_bins, len(probabilities)))
    gaps = [len(at) * abs(float(probabilities[at].mean() - outcomes[at].mean())) for at in parts]
    return float(sum(gaps) / len(probabilities))
