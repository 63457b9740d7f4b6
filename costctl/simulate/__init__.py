"""What would have become of the same calls under other rules? A replay of arrivals through pools.

Arrays in, arrays out, no object for a call: `costctl.simulate.network.replay_network` is the door,
`costctl.simulate.workload` and `costctl.simulate.lanes` say what it is fed and gives back.
docs/reference/simulate-from-python.md has an example, docs/explanation/replay.md the rules.
"""
