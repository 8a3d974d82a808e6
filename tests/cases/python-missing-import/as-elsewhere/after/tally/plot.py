import sys

import numpy as np


def mean(values):
    return np.mean(values)


def main():
    print(mean(sys.argv))
