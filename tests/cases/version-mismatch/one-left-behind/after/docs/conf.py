release = '2.3.0'
