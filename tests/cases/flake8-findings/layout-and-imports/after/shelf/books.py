import sys
import re
from typing import List


def find(names, title) -> List[str]:
    found = []
    print(sys.argv[0])

    if names:  # all of them
        found.extend(names)
    print("done")


PATTERN = re.compile("\\d+")
