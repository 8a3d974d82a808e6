def add(
    one: int,
    other: int = 0,
) -> int:
    """Adds."""
    return one + other
