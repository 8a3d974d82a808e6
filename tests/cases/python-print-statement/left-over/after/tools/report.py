import sys

total = len(sys.argv)
print("report")
print("total", total)
if total > 1:
    print('many (%d)' % total)  # print "more"
