class A { int b = c d
}
