"""Intervals of mean PAP: deterministic, around the mean, narrower with more images, paired between fields."""

import numpy as np
import pytest

from chorus.evaluation.bootstrap import DRAWS, interval_of, interval_of_mean, intervals, resampled_means
from chorus.evaluation.pap import VARIANTS, ImageScore, curve, mean_values


def scores(seed: int, n: int) -> list[ImageScore]:
    rng = np.random.default_rng(seed)
    views = [
        (rng.random((6, 6)).astype(np.float32), rng.random((6, 6)) < 0.4, rng.random((6, 6)) < 0.5) for _ in range(n)
    ]
    return [ImageScore(curve(image, target), curve(image, target, ~person)) for image, target, person in views]


def test_the_interval_holds_the_mean_and_is_the_same_twice():
    images = scores(0, 30)
    found = intervals(images, "tie")
    assert found == intervals(images, "tie")
    for kind, tail in (("pap", False), ("pap_with_tail", True)):
        for name, value in mean_values(images, tail).items():
            low, high = found[kind][name]
            assert low <= value <= high
            assert high > low


def test_equal_values_leave_no_doubt_and_no_image_gives_zero():
    assert interval_of(resampled_means(np.full(9, 0.25), "tie")) == (0.25, 0.25)
    assert intervals([], "tie")["pap"] == {name: [0.0, 0.0] for name in VARIANTS}
    assert interval_of_mean([], "vanilla") == (0.0, 0.0)


def test_the_width_is_that_of_the_normal_approximation():
    values = np.random.default_rng(3).random(400)
    low, high = interval_of(resampled_means(values, "tie"))
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_fields_of_one_test_set_are_resampled_alike():
    values = np.random.default_rng(3).random(40)
    difference = resampled_means(values + 0.1, "tie") - resampled_means(values, "tie")
    assert np.allclose(difference, 0.1)
    assert not np.allclose(resampled_means(values, "tie"), resampled_means(values, "hat"))
    assert resampled_means(values, "tie").shape == (DRAWS,)


def test_means_over_categories_are_narrower_than_one_category():
    rng = np.random.default_rng(5)
    reports = [
        {
            "category": name,
            "images": [
                {"vanilla": value, "vanilla_hoa": value, "target_area": 9, "target_area_hoa": 9 * (number % 5 > 0)}
                for number, value in enumerate(rng.random(40))
            ],
        }
        for name in ("tie", "hat", "chair", "bed")
    ]
    one, four = interval_of_mean(reports[:1], "vanilla"), interval_of_mean(reports, "vanilla")
    assert (four[1] - four[0]) == pytest.approx((one[1] - one[0]) / 2, rel=0.3)
    assert interval_of_mean(reports, "vanilla_hoa") != four, "images whose object lies within the person are left out"
