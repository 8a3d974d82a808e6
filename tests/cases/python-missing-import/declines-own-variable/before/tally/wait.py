LIMIT = 3


def wait():
    return time + 1
