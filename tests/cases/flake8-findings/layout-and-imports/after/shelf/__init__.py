from shelf.books import find
