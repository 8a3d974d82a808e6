let b=1
