package shelf

import (
	"encoding/json"

	"ex.com/log"
)

func b() {
	log.Print(json.Marshal(1))
}
