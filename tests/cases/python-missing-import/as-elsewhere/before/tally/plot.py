import sys


def mean(values):
    return np.mean(values)


def main():
    print(mean(sys.argv))
