echo on
