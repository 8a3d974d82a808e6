module ex.com/shelf
