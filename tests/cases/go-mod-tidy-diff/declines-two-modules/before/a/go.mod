module ex.com/a
