# kept by terraform
