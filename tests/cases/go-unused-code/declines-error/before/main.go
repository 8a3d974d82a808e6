package main

func main() {
	var _ int
	n, err := open()
	println(n)
}
