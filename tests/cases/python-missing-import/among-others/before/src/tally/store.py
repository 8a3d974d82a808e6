#!/usr/bin/env python3
"""Keeps tallies.

import nothing here, this is text.
"""
from __future__ import annotations

import os
import sys  # for the exit code
from typing import Any

import requests

def save(folder, data: dict[str, Any]) -> None:
    Path(folder, 'tally.json').write_text(json.dumps(data))


def load(path):
    if not os.path.exists(path):
        sys.exit(1)
    return requests.get(path)
