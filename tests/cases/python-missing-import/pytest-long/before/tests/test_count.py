from tally.count import counts
