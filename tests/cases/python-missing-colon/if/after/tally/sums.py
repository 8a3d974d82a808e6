def add(values):
    if len(values) > 2 and "#" not in values:  # many: too many
        return 0
    return sum(values)
