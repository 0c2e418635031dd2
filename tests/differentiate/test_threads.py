"""Threads on every backend: each has its own block, and none disturbs another's derivatives."""

import math
import threading

import ketgrad as kg
from ketgrad_conformance import expect


def test_threads_take_nested_derivatives_at_once(autodiff_backend):
    name, count = autodiff_backend.name, 4
    together, found = threading.Barrier(count), [None] * count

    def work(place):
        together.wait(30)
        with kg.use_backend(name):
            second = kg.grad(kg.grad(lambda x: kg.backend.sin((place + 1.0) * x), fallback="error"), fallback="error")
            found[place] = [float(kg.backend.to_numpy(second(0.1 * step))) for step in range(5)]

    threads = [threading.Thread(target=work, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place in range(count):
        factor = place + 1.0
        expect.near(found[place], [-(factor**2) * math.sin(factor * 0.1 * step) for step in range(5)], 1e-12)
