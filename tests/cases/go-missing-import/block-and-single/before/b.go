package shelf

import "ex.com/log"

func b() {
	log.Print(json.Marshal(1))
}
