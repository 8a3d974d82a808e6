package main

func main() {
	file := open()
}
