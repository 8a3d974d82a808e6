from collections.abc import (
    Iterable,  # what comes in
    Mapping,
    Sequence as Seq,
)
from .books import find, put, sort


def load():
    import json
    put()
    return Iterable
