def add(values):
    for value in values:
        store(value)
	print("added")
    return len(values)
