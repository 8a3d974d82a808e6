# SPDX-License-Identifier: MIT
"""Splits texts."""

def words(text):
    """The words of a text."""
    return re.findall(r'\w+', text)
