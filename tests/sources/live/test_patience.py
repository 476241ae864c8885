"""How long a source may be silent until it counts as hanging."""

from __future__ import annotations

import pytest

from streamcam.sources.live.patience import Patience


@pytest.fixture
def patience():
    patience = Patience(5)
    patience.begin(0, 15)
    patience.opening(1)
    return patience


def test_a_source_that_never_answers_is_given_its_time_to_open(patience):
    assert not patience.is_over(15)
    assert patience.is_over(20)


def test_a_process_that_is_slow_to_start_is_not_held_against_the_source():
    patience = Patience(5)
    patience.begin(0, 1)
    assert not patience.is_over(50)
    patience.opening(50)
    assert patience.is_over(55)


@pytest.mark.parametrize(("interval", "healthy", "hanging"), [(1 / 30, 4.9, 5.1), (1, 4.9, 5.1), (8, 23.9, 24.1)])
def test_a_stream_is_late_by_its_own_habit(patience, interval, healthy, hanging):
    last = 2.0
    for number in range(8):
        last = 2 + max(0, number - 2) * interval  # the first three at once
        patience.picture(last)
    assert not patience.is_over(last + healthy)
    assert patience.is_over(last + hanging)


def test_a_hiccup_is_no_habit(patience):
    for moment in (2, 2.04, 2.08, 6.5, 6.54, 6.58):
        patience.picture(moment)
    assert patience.is_over(6.58 + 5.1)


def test_the_second_picture_of_an_unknown_stream_may_take_longer_each_time(patience):
    patience.picture(2)
    assert not patience.is_over(2 + 14.9)
    assert patience.is_over(2 + 15.1)
    patience.begin(20, 15)
    patience.opening(20)
    patience.picture(21)
    assert not patience.is_over(21 + 29.9)
    assert patience.is_over(21 + 30.1)


def test_a_promised_picture_is_waited_for_and_not_longer(patience):
    for moment in (1.8, 1.84, 1.88, 1.92, 1.96, 2):
        patience.picture(moment)
    patience.alive(2.05, 600)
    assert patience.promised == pytest.approx(602.05)
    assert not patience.is_over(602 + 4.9)
    assert patience.is_over(602 + 5.2)


def test_what_arrives_besides_pictures_keeps_a_stream_alive_but_not_for_ever(patience):
    for moment in (1.8, 1.84, 1.88, 1.92, 1.96, 2):
        patience.picture(moment)
    while not patience.is_over(moment) and moment < 100:
        moment += 0.5
        patience.alive(moment, 0)
    assert 20 <= moment <= 30
