"""What will be spent? From what was spent day by day to the end of the month and of the quarter, with intervals.

charges ──history──▶ whole days (or hours) by class ──structural──▶ fits ──paths──▶ drawn futures, class by class
                                                                                      │ together
                                replicas, paid for by time ──────▶ document ◀── sums to the ends of the periods
"""
