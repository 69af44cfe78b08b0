"""Balanced minimum spanning trees: join scattered points to a tree with little cable and short paths.

Method of Cuntz et al. 2010 (doi:10.1371/journal.pcbi.1000877), with the additions that `growth` names.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["Tree", "join"]

SMOOTHING = 3  # passes; assumed: enough to lose the kinks of the spanning tree


class Tree:
    """Nodes as lists: points (um), parents, kinds, paths from the soma's centre (um); node 0 is that centre."""

    def __init__(self) -> None:
        self.points = [np.zeros(3)]
        self.parents = [-1]
        self.kinds = ["soma"]
        self.paths = [0.0]

    def add(self, point: np.ndarray, parent: int, kind: str) -> int:
        """Add a node (um) below `parent`; return its number."""
        self.points.append(point)
        self.parents.append(parent)
        self.kinds.append(kind)
        self.paths.append(self.paths[parent] + float(np.linalg.norm(point - self.points[parent])))
        return len(self.points) - 1

    def children(self) -> list[list[int]]:
        """Return the children of each node."""
        children: list[list[int]] = [[] for _ in self.points]
        for node, parent in enumerate(self.parents[1:], 1):
            children[parent].append(node)
        return children

    def prune(self, shortest: float) -> None:
        """Cut end sections below `shortest` (um), the shortest first; a stem is never cut."""
        count = [len(c) for c in self.children()]
        alive = [True] * len(count)
        while True:
            twigs = []
            for tip in (i for i, n in enumerate(count) if n == 0 and alive[i]):
                fork = self.parents[tip]
                while fork > 0 and count[fork] == 1:
                    fork = self.parents[fork]
                if fork > 0 and self.paths[tip] - self.paths[fork] < shortest:
                    twigs.append((self.paths[tip] - self.paths[fork], tip, fork))
            if not twigs:
                break
            _, node, fork = min(twigs)
            while node != fork:
                alive[node] = False
                node = self.parents[node]
            count[fork] -= 1
        new = np.cumsum(alive) - 1
        kept = [i for i, a in enumerate(alive) if a]
        self.parents = [-1, *(int(new[self.parents[i]]) for i in kept[1:])]
        self.points, self.kinds, self.paths = ([v[i] for i in kept] for v in (self.points, self.kinds, self.paths))

    def smooth(self) -> None:
        """Move inner nodes half-way to where their neighbours pull them; soma, stems and tips stay.

        Each neighbour pulls with the inverse of its distance (a Weiszfeld step), so no cable is added.
        """
        points, lower, upper = np.array(self.points), np.arange(1, len(self.points)), np.array(self.parents[1:])
        has_child = np.isin(np.arange(len(points)), upper)
        moving = has_child & (np.array(self.parents) > 0)
        for _ in range(SMOOTHING):
            pull = 1 / np.maximum(np.linalg.norm(points[lower] - points[upper], axis=1), 1e-3)
            weight, target = np.zeros(len(points)), np.zeros_like(points)
            for a, b in ((lower, upper), (upper, lower)):
                np.add.at(weight, a, pull)
                np.add.at(target, a, pull[:, None] * points[b])
            points[moving] += (target[moving] / weight[moving, None] - points[moving]) / 2
        self.points = list(points)


def join(
    tree: Tree,
    carriers: np.ndarray,
    seeds: Sequence[int],
    kind: str,
    *,
    balance: float,
    turn_cost: float = 0.0,
    fork_limit: float = np.inf,
    path_limit: float = np.inf,
) -> None:
    """Join carrier points to the tree, always the pair of carrier and node of least cost.

    Parameters
    ----------
    tree : Tree
        Gets a node for each carrier that is joined.
    carriers : ndarray, shape (n, 3)
        Points to join (um).
    seeds : sequence of int
        Nodes that carriers may be joined to at first.
    kind : str
        Kind of the new nodes.
    balance, turn_cost : float
        Weights of the path from the soma, and of the turn, in the cost.
    fork_limit : float
        Path from the seed (um) from which a node takes one child only.
    path_limit : float
        Longest path from the soma's centre (um); carriers that no node can reach within it stay out.
    """
    children = tree.children()
    nodes, offset = list(seeds), [0.0] * len(seeds)
    room = [2 - len(children[s]) for s in seeds]
    cost = np.full((len(carriers), len(seeds) + len(carriers)), np.inf)

    def column(node: int) -> np.ndarray:
        step = carriers - tree.points[node]
        distance = np.linalg.norm(step, axis=1)
        before = tree.points[node] - tree.points[tree.parents[node]]
        cosine = step @ before / np.maximum(distance * np.linalg.norm(before), 1e-9)
        value = distance + balance * tree.paths[node] + turn_cost * distance * (1 - cosine) / 2
        return np.where(tree.paths[node] + distance <= path_limit, value, np.inf)

    for j, node in enumerate(nodes):
        if room[j] > 0:
            cost[:, j] = column(node)
    free = np.ones(len(carriers), bool)
    while free.any():
        i, j = np.unravel_index(cost.argmin(), cost.shape)
        if not np.isfinite(cost[i, j]):
            return
        free[i], cost[i] = False, np.inf
        node = tree.add(carriers[i], nodes[j], kind)
        room[j] -= 1
        if room[j] <= 0:
            cost[:, j] = np.inf
        nodes.append(node)
        offset.append(offset[j] + tree.paths[node] - tree.paths[nodes[j]])
        room.append(2 if offset[-1] < fork_limit else 1)
        cost[free, len(nodes) - 1] = column(node)[free]
