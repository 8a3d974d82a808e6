def add(values):
    sum_ = 0
    for value in values:
        if value is None:
            raise ValueError("none")
        sum_ += value
    return sum_


TEXT = """
	tabs in a text stay
"""
