import os

def find(names):
    title = names[0]
