def add(values):
    if not values return 0
    return sum(values)
