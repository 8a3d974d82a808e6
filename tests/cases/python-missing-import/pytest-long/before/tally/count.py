from collections import Counter, OrderedDict
from typing import (
    Dict,
    List,
)


ORDER = OrderedDict


def counts(names: List[str]) -> Dict[str, int]:
    found = defaultdict(int)
    for name in names:
        found[name] += 1
    return dict(found)


def most(names):
    return Counter(names).most_common(1)
