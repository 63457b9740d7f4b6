"""Which placement of classes on pools is the cheapest? A mixed-integer program on arrays, and what a replica is worth.

    min  Σ_g c_g·B_g + Σ_kg x_kg·d_kg + copies (placement_copies.py)
    with Σ_g x_kg = 1,  Σ_k x_kg·L_kgh + F_gh ≤ ρ_g·B_g,  B_g whole,  B_g ≤ M_g,  at most Δ classes with x_k ≠ x⁰_k

x_kg is the part of class k that pool g serves. A class stays as it is today (x⁰, whatever that is), or moves: then x_kg
is a whole number of parts on pools that are allowed. Solved by scipy.optimize.milp (HiGHS), which proves a bound below
which no placement costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import coo_array, csr_array

from costctl.arrays import Bools, Floats, Ints
from costctl.recommend.placement_copies import Copies, copy_rows

_MANY: Final = 200  # columns: fewer are solved to the end
_GAP: Final = 1e-6  # of the cost: nearer to the proven bound is the cheapest
_GAP_OF_MANY: Final = 0.03  # no load is known any better
_MOST_NODES: Final = (
    500  # of the search, which ends there with the best found: a clock would not end it alike
)
_MOST_NODES_OF_MANY: Final = 1  # the root, with its cuts: what is left of the gap takes minutes
_INFEASIBLE: Final = 2  # status of scipy.optimize.milp
_ROUNDING: Final = 1e-6  # what the solver takes for a whole number, and for kept


@dataclass(frozen=True, slots=True)
class Problem:
    """Classes, pools and hours by number; money is USD an hour.

    load: classes × pools × hours, busy replicas that the whole class causes on the pool.  fixed_load: pools × hours, of
    what never moves.  usd_per_replica: by pool.  usd: classes × pools, what it costs beside replicas that the pool
    serves the whole class.  is_allowed: classes × pools.  today: classes × pools, the part of the class; rows sum
    to 1.  most_utilisation: by pool, busy replicas for each that is there.  most_replicas: by pool, infinite without a
    limit.  most_moves: classes that may change; None is any number.  parts: into which a class that moves may be
    split; 1 is not at all.  copies: of what classes read; None where there is nothing to keep, and nothing that must
    be.
    """

    load: Floats
    fixed_load: Floats
    usd_per_replica: Floats
    usd: Floats
    is_allowed: Bools
    today: Floats
    most_utilisation: Floats
    most_replicas: Floats
    most_moves: int | None = None
    parts: int = 1
    copies: Copies | None = None

    @property
    def may_stay(self) -> Bools:
        """By class, whether every pool that serves it today is allowed, and it may read from where it does."""
        leaves: Bools = np.any((self.today > 0) & ~self.is_allowed, axis=1) | self.of_copies.is_required
        return ~leaves

    @property
    def of_copies(self) -> Copies:
        """The copies; without an option where there are none."""
        return Copies.none(*self.today.shape) if self.copies is None else self.copies


@dataclass(frozen=True, slots=True)
class Placement:
    """shares: classes × pools.  replicas: by pool.  usd: an hour.  bound_usd: proven: no placement costs less.  copied:
    by option of ``Problem.copies``, whether its class reads there.
    """

    shares: Floats
    replicas: Ints
    usd: float
    bound_usd: float
    copied: Bools

    @property
    def gap(self) -> float:
        """By which part of its cost the placement may at most be dearer than the cheapest."""
        return max(0.0, self.usd - self.bound_usd) / self.usd if self.usd > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ReplicaWorth:
    """USD an hour. one_more: saved if the pool could have one more replica.  one_less: paid more if it could have one
    less than it uses; infinite where nothing would be feasible.
    """

    one_more: float
    one_less: float


def cheapest_placement(problem: Problem) -> Placement | None:
    """The cheapest placement that was found, with its proven bound; None where none keeps every constraint."""
    columns = _Columns.of(problem)
    solution = columns.solved(columns.cost)
    if solution.x is None:
        return None
    whole = np.rint(solution.x)
    shares = columns.shares(whole)
    replicas = replicas_needed(problem, shares)
    copied = columns.copied(whole, shares)
    usd = placement_usd(problem, shares, replicas) + problem.of_copies.usd(shares, copied)
    return Placement(shares, replicas, usd, min(float(solution.mip_dual_bound), usd), copied)


def is_feasible(problem: Problem) -> bool:
    """Whether any placement keeps every constraint; what the search did not settle counts as feasible."""
    columns = _Columns.of(problem)
    return bool(columns.solved(np.zeros(columns.cost.size)).status != _INFEASIBLE)


def replicas_needed(problem: Problem, shares: Floats) -> Ints:
    """By pool, the fewest whole replicas that carry these shares at every hour."""
    load = np.einsum("kg,kgh->gh", shares, problem.load) + problem.fixed_load
    busiest = load.max(axis=1, initial=0.0)
    replicas: Ints = np.ceil(busiest / problem.most_utilisation - _ROUNDING).astype(np.int64)
    return replicas


def placement_usd(problem: Problem, shares: Floats, replicas: Ints) -> float:
    """What the placement costs an hour where everything is read from where it lies."""
    return float(problem.usd_per_replica @ replicas + (shares * problem.usd).sum())


def replica_worth(problem: Problem, placement: Placement, pool: int) -> ReplicaWorth:
    """What one replica more or less of a pool is worth, by solving again with another limit."""
    used = float(placement.replicas[pool])
    limit = float(problem.most_replicas[pool])
    one_more = 0.0 if np.isinf(limit) else placement.usd - _cost_with(problem, pool, limit + 1.0)
    one_less = _cost_with(problem, pool, used - 1.0) - placement.usd if used >= 1 else np.inf
    return ReplicaWorth(max(0.0, one_more), max(0.0, one_less))


def _cost_with(problem: Problem, pool: int, most: float) -> float:
    limits = problem.most_replicas.copy()
    limits[pool] = most
    found = cheapest_placement(replace(problem, most_replicas=limits))
    return np.inf if found is None else found.usd


@dataclass(frozen=True, slots=True)
class _Columns:
    """The program as HiGHS takes it. Columns: parts n of each pair that is allowed, whether each class moves (y),
    replicas of each pool, parts v of each option to read from a copy, whether each content is kept (z), and one that is
    1 and costs what today does, so that the gap is one of the whole cost. x_kg = x⁰_kg·(1 − y_k) + n_kg/parts, with
    Σ_g n_kg = parts·y_k.
    """

    problem: Problem
    classes: Ints
    pools: Ints
    cost: Floats
    constraints: Sequence[LinearConstraint]
    bounds: Bounds
    is_whole: Bools

    @classmethod
    def of(cls, problem: Problem) -> _Columns:
        classes, pools = np.nonzero(problem.is_allowed)
        today_usd = (problem.today * problem.usd).sum(axis=1)
        parts_usd = problem.usd[classes, pools] / problem.parts
        copies, parts = problem.of_copies, float(problem.parts)
        cost = np.concatenate(
            [
                parts_usd,
                -today_usd,
                problem.usd_per_replica,
                -copies.saved_usd / parts,
                copies.keep_usd,
                [today_usd.sum()],
            ]
        )
        moves = np.full(1, np.inf if problem.most_moves is None else float(problem.most_moves))
        pairs, count = classes.size, problem.today.shape[0]
        options = pairs + count + problem.usd_per_replica.size
        kept = options + copies.saved_usd.size
        is_move = np.zeros((1, cost.size))
        is_move[0, pairs : pairs + count] = 1.0
        upper = np.concatenate(
            [
                np.full(pairs, parts),
                np.ones(count),
                problem.most_replicas,
                np.full(copies.saved_usd.size, parts),
                np.ones(copies.keep_usd.size + 1),
            ]
        )
        lower = np.zeros(cost.size)
        lower[-1] = 1.0
        of_copies = copy_rows(copies, classes, pools, (pairs, options, kept), cost.size, problem.parts)
        lower[pairs : pairs + count] = ~problem.may_stay
        is_whole = np.ones(cost.size, np.bool_)
        is_whole[options:kept] = False  # they follow from the others
        return cls(
            problem=problem,
            classes=classes,
            pools=pools,
            cost=cost,
            constraints=[
                LinearConstraint(_whole(problem, classes, cost.size), 0.0, 0.0),
                LinearConstraint(_room(problem, classes, pools, cost.size), -np.inf, _free(problem)),
                LinearConstraint(csr_array(is_move), 0.0, moves),
                *(
                    [LinearConstraint(csr_array(of_copies.rows), of_copies.lower, of_copies.upper)]
                    if of_copies.lower.size
                    else []
                ),
            ],
            bounds=Bounds(lower, upper),
            is_whole=is_whole,
        )

    def solved(self, cost: Floats) -> OptimizeResult:
        """What HiGHS says of these columns at a cost of each."""
        is_large = cost.size > _MANY
        return milp(
            cost,
            constraints=self.constraints,
            integrality=self.is_whole,
            bounds=self.bounds,
            options={
                "node_limit": _MOST_NODES_OF_MANY if is_large else _MOST_NODES,
                "mip_rel_gap": _GAP_OF_MANY if is_large else _GAP,
            },
        )

    def shares(self, solution: Floats) -> Floats:
        """Classes × pools, of the values of all columns."""
        pairs, count = self.classes.size, self.problem.today.shape[0]
        moved = solution[pairs : pairs + count, np.newaxis]
        shares: Floats = self.problem.today * (1.0 - moved)
        shares[self.classes, self.pools] += solution[:pairs] / self.problem.parts
        return shares

    def copied(self, solution: Floats, shares: Floats) -> Bools:
        """By option whether its class reads there, of the values of all columns."""
        pairs, count = self.classes.size, self.problem.today.shape[0]
        copies = self.problem.of_copies
        kept = solution[-1 - copies.keep_usd.size : -1] > 0
        return copies.used(shares, solution[pairs : pairs + count] > 0, kept)


def _whole(problem: Problem, classes: Ints, columns: int) -> csr_array:
    """Rows that place all parts of each class that moves: classes × columns."""
    count = problem.today.shape[0]
    rows = np.concatenate([classes, np.arange(count)])
    places = np.arange(classes.size + count)
    values = np.concatenate([np.ones(classes.size), np.full(count, -float(problem.parts))])
    return csr_array(coo_array((values, (rows, places)), shape=(count, columns)))


def _room(problem: Problem, classes: Ints, pools: Ints, columns: int) -> csr_array:
    """Rows of what each pool must carry at each hour beyond what it carries today: (pools × hours) × columns."""
    count, pool_count, hours = problem.load.shape
    dense = np.zeros((pool_count, hours, columns))
    pairs = np.arange(classes.size)
    dense[pools, :, pairs] = problem.load[classes, pools] / problem.parts
    stayed = problem.today[:, :, np.newaxis] * problem.load
    dense[:, :, classes.size : classes.size + count] = -stayed.transpose(1, 2, 0)
    every = np.arange(pool_count)
    dense[every, :, classes.size + count + every] = -problem.most_utilisation[:, np.newaxis]
    return csr_array(dense.reshape(pool_count * hours, -1))


def _free(problem: Problem) -> Floats:
    """The other side of these rows: what today's placement takes, as what is free."""
    taken: Floats = np.einsum("kg,kgh->gh", problem.today, problem.load) + problem.fixed_load
    return -taken.ravel()
