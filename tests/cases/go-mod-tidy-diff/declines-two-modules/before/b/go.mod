module ex.com/b
