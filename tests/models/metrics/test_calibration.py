"""Whether stated probabilities are kept apart from those that are only well ordered."""

import numpy as np
import pytest

from models.metrics.calibration import calibration_error


def test_probabilities_that_come_true_have_next_to_no_error() -> None:
    rng = np.random.default_rng(1)
    stated = rng.random(20_000)
    error = calibration_error(stated, (rng.random(20_000) < stated).astype(float))
    assert error is not None
    assert error < 0.02


def test_well_ordered_and_too_bold_is_an_error() -> None:
    rng = np.random.default_rng(1)
    true = 0.05 + 0.1 * rng.random(20_000)
    came = (rng.random(20_000) < true).astype(float)
    assert calibration_error(true * 4, came) == pytest.approx(3 * came.mean(), abs=0.02)


def test_one_case_is_as_far_off_as_it_is() -> None:
    assert calibration_error(np.array([0.2]), np.array([1.0])) == pytest.approx(0.8)


def test_without_a_case_nothing_is_said() -> None:
    assert calibration_error(np.zeros(0), np.zeros(0)) is None
