package main

import (
	"fmt"
	"os"

	log "ex.com/log"
)

func main() {
	size := 3
	names := []string{"a", "b"}

	for i, name := range names {
		fmt.Println(name)
	}
	for i, name := range names {
		fmt.Println(i)
	}
	value, found := lookup(names, "a")
	fmt.Println(found)
}
