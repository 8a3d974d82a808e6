def recieve():  # comment
    pass
