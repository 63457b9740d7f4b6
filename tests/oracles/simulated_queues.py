"""Waits in one queue before c servers, by libraries: simpy's resources, and ciw.

Arrivals and services of n calls in, seconds of waiting out; lower priority numbers go first, no service is
interrupted, calls of one priority go by arrival.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import ciw
import numpy as np
import simpy

from costctl.arrays import Floats, Ints


def simpy_waits_s(arrival_s: Floats, service_s: Floats, priority: Ints, servers: int) -> Floats:
    env = simpy.Environment()
    resource = simpy.PriorityResource(env, capacity=servers)
    waits_s = np.full(arrival_s.size, np.nan)

    def call(number: int) -> Generator[Any, Any, None]:
        yield env.timeout(float(arrival_s[number]))
        with resource.request(priority=int(priority[number])) as turn:
            yield turn
            waits_s[number] = env.now - arrival_s[number]
            yield env.timeout(float(service_s[number]))

    for number in range(arrival_s.size):
        env.process(call(number))
    env.run()
    return waits_s


def ciw_waits_s(arrival_s: Floats, service_s: Floats, priority: Ints, servers: int) -> Floats:
    """A class of customers for each priority, so that each takes its own service times in its own order."""
    classes = {f"Class {each}": np.flatnonzero(priority == each) for each in np.unique(priority)}

    def gaps_s(members: Ints) -> list[float]:
        return [*np.diff(arrival_s[members], prepend=0.0).tolist(), float("inf")]

    network = ciw.create_network(
        arrival_distributions={name: [ciw.dists.Sequential(gaps_s(of))] for name, of in classes.items()},
        service_distributions={
            name: [ciw.dists.Sequential(service_s[of].tolist())] for name, of in classes.items()
        },
        priority_classes={name: place for place, name in enumerate(classes)},
        number_of_servers=[servers],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(arrival_s.size, method="Finish")
    waits_s = np.full(arrival_s.size, np.nan)
    for name, members in classes.items():
        records = sorted(
            (record.arrival_date, record.id_number, record.waiting_time)
            for record in simulation.get_all_records()
            if record.customer_class == name
        )
        waits_s[members] = [wait_s for _, _, wait_s in records]
    return waits_s


def kiefer_wolfowitz_waits_s(arrival_s: Floats, service_s: Floats, servers: int) -> Floats:
    """First come, first served by whichever of c servers is free first (Kiefer and Wolfowitz 1955)."""
    free_s = [-np.inf] * servers
    waits_s = np.empty(arrival_s.size)
    for number, (at_s, takes_s) in enumerate(zip(arrival_s.tolist(), service_s.tolist(), strict=True)):
        begin_s = max(at_s, free_s[0])
        waits_s[number] = begin_s - at_s
        free_s = sorted([begin_s + takes_s, *free_s[1:]])
    return waits_s
