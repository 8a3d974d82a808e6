package main

import (
	"fmt"
)

func main() {
	names := []string{"a", "b"}

	for _, name := range names {
		fmt.Println(name)
	}
	for i := range names {
		fmt.Println(i)
	}
	_, found := lookup(names, "a")
	fmt.Println(found)
}
