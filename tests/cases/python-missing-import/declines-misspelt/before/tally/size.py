def size(values, length=len):
    return lenght(values)
