# Copyright 2020 B

B = 1
