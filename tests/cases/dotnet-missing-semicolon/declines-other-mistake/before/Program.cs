return 1)
