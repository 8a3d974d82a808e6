try:
    total = int(raw_input())
except ValueError, error:
    print "no total"
