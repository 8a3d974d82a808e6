const a = one() two();
