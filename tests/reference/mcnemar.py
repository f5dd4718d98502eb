#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""McNemar's exact and continuity-corrected p in whole numbers and 40 decimal digits, for the
table in tests/unit/interp/test_difference.c. Prints the table. Only the standard library.
"""
from decimal import Decimal, getcontext
from math import erfc, sqrt

getcontext().prec = 40

for b, c in [(0, 0), (1, 0), (5, 5), (3, 10), (9, 2), (0, 12), (25, 48), (150, 86), (1000, 1100),
             (30000, 31000)]:
    n, k = b + c, min(b, c)
    term = tail = 1
    for i in range(k):
        term = term * (n - i) // (i + 1)
        tail += term
    p = min(Decimal(1), 2 * Decimal(tail) / Decimal(2) ** n)
    chi2 = max(abs(b - c) - 1, 0) ** 2 / n if n else 0.
    print("{%d, %d, %.12e, %.12e, %.12e}," % (b, c, p, chi2, erfc(sqrt(chi2 / 2))))
