def add(values):
    if values is None:
        return 0
    else if values:
        return sum(values)
