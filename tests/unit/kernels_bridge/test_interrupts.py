"""The stop button while a command runs: it reaches the engine, and never leaves a kernel with half of an outcome."""

from __future__ import annotations

import os
import signal

import pytest
from jupyter_pixi.kernels.bridge.interrupts import Interrupts


class Engine:
    """What is told of the signals that an engine gets."""

    def __init__(self) -> None:
        self.got: list[int] = []

    def signal(self, number: int) -> None:
        self.got.append(number)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_press_before_the_engine_is_there_reaches_it_then() -> None:
    engine, said = Engine(), []
    with Interrupts(said.append) as interrupts:
        press()
        interrupts.tick()
        assert not interrupts.pressed
        interrupts.child = engine  # type: ignore[assignment]
        interrupts.tick()
        press()
        interrupts.tick()
    assert engine.got == [signal.SIGINT, signal.SIGTERM] and len(said) == 1 and interrupts.pressed


def test_a_press_when_the_engine_has_ended_comes_too_late() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts([].append) as interrupts:
        interrupts.child = Engine()  # type: ignore[assignment]
        interrupts.ended()
        press()
        taken = True  # the outcome, in whole
    assert taken and not interrupts.pressed and signal.getsignal(signal.SIGINT) is before


def test_a_second_press_then_is_an_interrupt() -> None:
    with Interrupts([].append) as interrupts:
        interrupts.ended()
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
