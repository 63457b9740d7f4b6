"""Closed forms of queueing theory, each with its source. Times in seconds, rates per second."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def erlang_c_wait_probability(rate: float, service_s: float, servers: int) -> float:
    """Probability that an M/M/c arrival waits (Erlang 1917)."""
    load = rate * service_s
    queued = load**servers / math.factorial(servers) / (1 - load / servers)
    return queued / (sum(load**k / math.factorial(k) for k in range(servers)) + queued)


def mmc_mean_wait_s(rate: float, service_s: float, servers: int) -> float:
    """Mean wait in M/M/c; c = 1 is M/M/1."""
    return erlang_c_wait_probability(rate, service_s, servers) * service_s / (servers - rate * service_s)


def mm1_wait_exceeds(rate: float, service_s: float, wait_s: float) -> float:
    """P(W > w) in M/M/1: rho·exp(-(mu - lambda)·w)."""
    return rate * service_s * math.exp(-(1 / service_s - rate) * wait_s)


def mg1_mean_wait_s(rate: float, service_s: float, second_moment_s2: float) -> float:
    """Mean wait in M/G/1 (Pollaczek 1930, Khinchine 1932); M/D/1 where the second moment is the square."""
    return rate * second_moment_s2 / (2 * (1 - rate * service_s))


def mg1_delay_of_others_s(rates: Sequence[float], services_s: Sequence[float], caused_by: int) -> float:
    """Seconds of waiting that one more call of a class causes others in M/G/1, each class with one length of service.

    Σ_j λ_j ∂W_j/∂λ_k = λ·(S_k²/(2(1−ρ)) + λE[S²]·S_k/(2(1−ρ)²)) (Mendelson and Whang 1990).
    """
    load = sum(rate * service_s for rate, service_s in zip(rates, services_s, strict=True))
    moment = sum(rate * service_s**2 for rate, service_s in zip(rates, services_s, strict=True))
    service_s = services_s[caused_by]
    free = 1 - load
    return sum(rates) * (service_s**2 / (2 * free) + moment * service_s / (2 * free**2))


def cobham_mean_waits_s(
    rates: Sequence[float], services_s: Sequence[float], second_moments_s2: Sequence[float]
) -> list[float]:
    """Mean wait by class in M/G/1 with priorities that do not interrupt (Cobham 1954), first class first."""
    residual_s = sum(rate * moment for rate, moment in zip(rates, second_moments_s2, strict=True)) / 2
    waits, load = [], 0.0
    for rate, service_s in zip(rates, services_s, strict=True):
        above, load = load, load + rate * service_s
        waits.append(residual_s / ((1 - above) * (1 - load)))
    return waits


def mm1k_blocking(load: float, places: int) -> float:
    """Share of arrivals rejected by M/M/1/K, K places with the one in service."""
    if load == 1.0:
        return 1 / (places + 1)
    return float((1 - load) * load**places / (1 - load ** (places + 1)))


def erlang_b_blocking(load: float, servers: int) -> float:
    """Share of arrivals lost by c servers without a queue, whatever the distribution of service (Erlang 1917)."""
    blocking = 1.0
    for each in range(1, servers + 1):
        blocking = load * blocking / (each + load * blocking)
    return blocking


def processor_sharing_mean_latency_s(load: float, service_s: float) -> float:
    """Mean stay of a call that takes service_s alone, where all share one server equally (Kleinrock 1967).

    The same for every distribution of service.
    """
    return service_s / (1 - load)


def batch_service_mean_latency_s(rate: float, alpha_s: float, beta_s: float, largest: int = 400) -> float:
    """Mean latency where whatever waits is served as one batch of b in alpha + beta·b; Poisson arrivals.

    Exact up to batches of ``largest``: batch sizes are a Markov chain, for the next batch is what arrives
    during this one, or the next call alone (Inoue 2021).
    """
    sizes = np.arange(1, largest + 1)
    service_s = alpha_s + beta_s * sizes
    arrivals = np.arange(0, largest + 1)
    chance = stats.poisson.pmf(arrivals[None, :], rate * service_s[:, None])
    transition = chance[:, 1:].copy()
    transition[:, 0] += chance[:, 0]
    share = np.full(largest, 1 / largest)
    for _ in range(2000):
        share = share @ transition
        share /= share.sum()
    stay_s = arrivals * (service_s[:, None] / 2 + alpha_s + beta_s * arrivals)
    stay_s[:, 0] = alpha_s + beta_s
    calls = np.maximum(arrivals, 1)
    return float((share @ (chance * stay_s).sum(axis=1)) / (share @ (chance * calls).sum(axis=1)))


def batch_service_mean_latency_bound_s(rate: float, alpha_s: float, beta_s: float) -> float:
    """Upper bound of the mean latency of the same batches, in closed form.

    Inoue 2021, "Queueing analysis of GPU-based inference servers with dynamic batching: a closed-form
    characterization": the lesser of a bound for light load and one for heavy load. A test holds both
    against the exact chain above.
    """
    load = rate * beta_s
    light = (
        (alpha_s + beta_s) / (2 * (1 - load)) * (1 + 2 * rate * alpha_s + (1 - rate * alpha_s) / (1 + load))
    )
    heavy = 1.5 * alpha_s / (1 - load) + beta_s / 2 * (load + 2) / (1 - load**2)
    return min(light, heavy)


def mm1_ended_in_time(rate: float, service_s: float, patience_s: float) -> float:
    """Share of M/M/1 calls whose service has ended within patience_s of their arrival.

    Callers leave the queue then, and the server finishes what it has begun (Barrer 1957, "Queuing with impatient
    customers and ordered service"). The wait that an arrival would meet has density λ·P₀·e^(−(μ−λ)x) below the patience
    τ and λ·P₀·e^(λτ−μx) above.
    """
    mu = 1 / service_s
    below, step = np.linspace(0.0, patience_s, 20_001, retstep=True)
    density = rate * np.exp(-(mu - rate) * below)
    above = rate * math.exp(rate * patience_s - mu * patience_s) / mu

    def integral(values: np.ndarray) -> float:
        return float(step * (values.sum() - (values[0] + values[-1]) / 2))

    idle = 1 / (1 + integral(density) + above)
    in_time = 1 - np.exp(-mu * (patience_s - below))
    return idle * (1 - math.exp(-mu * patience_s) + integral(density * in_time))
