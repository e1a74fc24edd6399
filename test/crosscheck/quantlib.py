"""Prices and Greeks of QuantLib for points on stdin, one JSON object a line; answers likewise.

Run by quantlib.ts. Undiscounted Black-76: forward, strike, deviation (volatility times the root of the
years), kind. Exit status 3: the QuantLib package is not installed.
"""
import json
import sys

# Before anything can fail: who writes them would meet a closed pipe.
lines = sys.stdin.read().splitlines()

try:
    import QuantLib as ql
except ImportError:
    sys.exit(3)

KINDS = {"call": ql.Option.Call, "put": ql.Option.Put}

print(json.dumps({"version": ql.__version__}))
for line in lines:
    point = json.loads(line)
    kind = KINDS[point["kind"]]
    forward, strike, deviation = point["forward"], point["strike"], point["deviation"]
    calculator = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, strike), forward, deviation, 1.0)
    answer = {
        "price": ql.blackFormula(kind, strike, forward, deviation),
        "delta": calculator.deltaForward(),
        "gamma": calculator.gammaForward(),
        "vega": calculator.vega(1.0),
    }
    try:
        answer["implied"] = ql.blackFormulaImpliedStdDevLiRS(
            kind, strike, forward, point["price"], 1.0, 0.0, deviation, 1.0, 1e-14, 1000
        )
    except RuntimeError:
        answer["implied"] = None
    print(json.dumps(answer))
