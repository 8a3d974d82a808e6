    a
