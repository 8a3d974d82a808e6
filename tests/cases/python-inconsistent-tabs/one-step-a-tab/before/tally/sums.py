def mean(values):
    total = sum(values)
	return total / len(values)


def show(values):
    for value in values:
		print(value,
			  end=" ")
	# done
    print()
